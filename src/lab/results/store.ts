/**
 * The results store: computed points as JSON Lines, one whole point a line, appended as each is done. Lines may come in any
 * order, from several files and machines, and twice: a point is a pure function of its key, so equal keys must tell the same.
 * Each line ends with its own SHA-256, so that none whose figures were changed is taken as computed. docs/results.md describes
 * the form.
 */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import type { Sha256 } from './assemble.ts';
import { keyOf, type PointResult } from './points.ts';
import { wrongKey } from './read-results.ts';
import type { Identity } from './results.ts';
import { pointResultSchema } from './results-schema.ts';

const SCHEMA = 'slabscope-point/3';

export interface StoredPoint extends Identity {
  readonly result: PointResult;
  /** FILE:LINE, for messages. */
  readonly place: string;
}

export interface StoreReading {
  /** In the order of the lines, each point of an identity once. */
  readonly points: readonly StoredPoint[];
  /** What of the files cannot be used, a sentence each: those points are as good as not computed. */
  readonly unusable: readonly string[];
}

const storedLine = pointResultSchema.extend({
  schema: z.literal(SCHEMA),
  slabscope: z.string(),
  specificationHash: z.string(),
});

/** One line, with its end: an object whose last member is the hash of the text before that member. */
export function storeLine(identity: Identity, result: PointResult, sha256: Sha256): string {
  const text = JSON.stringify({ schema: SCHEMA, ...identity, ...result }).slice(0, -1);
  return `${text},"sha256":"${sha256(text)}"}\n`;
}

const hashedLine = /^(.*),"sha256":"([0-9a-f]{64})"}$/s;

/** Of a file's bytes, how many are whole lines: what follows the last end of a line was torn off while it was written. */
export const wholeLines = (bytes: Uint8Array): number => bytes.lastIndexOf(0x0a) + 1;

/**
 * Reads the texts of store files. A line that has no hash, or does not fit its own, is unusable, wherever it stands: it may be
 * changed, or torn, with another file's first line behind it, or of a version whose lines had none. One point told in two ways,
 * both whole, is an error.
 */
export function readStore(files: Iterable<readonly [file: string, text: string]>, sha256: Sha256): StoreReading {
  const points = new Map<string, StoredPoint>();
  const unusable: string[] = [];
  for (const [file, text] of files) {
    const withoutHash: number[] = [];
    const lines = text.split('\n');
    lines.forEach((line, i) => {
      if (line.trim() === '') return;
      const place = `${file}:${i + 1}`;
      const [, hashed, hash] = hashedLine.exec(line.trimEnd()) ?? [];
      if (i === lines.length - 1) unusable.push(`${place} is not a whole line`);
      else if (hashed === undefined) withoutHash.push(i + 1);
      else if (sha256(hashed) !== hash) unusable.push(`${place} was changed: it does not fit its checksum`);
      else keep(storedPoint(line, place));
    });
    if (withoutHash.length > 0) unusable.push(tellWithoutHash(file, withoutHash));
  }
  return { points: [...points.values()], unusable };

  function keep(stored: StoredPoint): void {
    const { slabscope, specificationHash, result } = stored;
    const key = JSON.stringify([slabscope, specificationHash, keyOf(result.point)]);
    const other = points.get(key);
    if (other === undefined) points.set(key, stored);
    else if (!sameResult(other.result, result)) throw contradiction(other, stored);
  }
}

const tellWithoutHash = (file: string, [first, ...more]: readonly number[]): string =>
  more.length === 0
    ? `${file}:${first} has no checksum`
    : `${file}: ${1 + more.length} lines from line ${first} on have no checksum`;

function storedPoint(text: string, place: string): StoredPoint {
  const value: unknown = JSON.parse(text);
  const checked = storedLine.safeParse(value);
  if (!checked.success) {
    throw new InputError(place, `no stored point: ${wrongKey(checked.error)}`, `a line of ${SCHEMA} is needed`);
  }
  // Not zod's copy: the order of keys is that of the line, and reaches results.json.
  const {
    schema: _,
    sha256: __,
    slabscope,
    specificationHash,
    ...result
  } = value as Identity & PointResult & { schema: string; sha256: string };
  return { slabscope, specificationHash, result, place };
}

const sameResult = (a: PointResult, b: PointResult): boolean =>
  JSON.stringify({ ...a, point: null }) === JSON.stringify({ ...b, point: null });

function contradiction(a: StoredPoint, b: StoredPoint): InputError {
  return new InputError(
    b.place,
    `tells point ${JSON.stringify(b.result.point)} in another way than ${a.place}`,
    'a point has one result: one of the lines was changed, or computed by a changed program; delete the wrong one',
  );
}
