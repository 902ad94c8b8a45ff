/**
 * The results store: computed points as JSON Lines, one whole point a line, appended as each is done. Lines may come in any
 * order, from several files and machines, and twice: a point is a pure function of its key, so equal keys must tell the same.
 * docs/results.md describes the form.
 */
import { z } from 'zod';
import { InputError } from '../../base/input-error.ts';
import { jsonIn } from '../../base/parse-json.ts';
import { countsSchema, pointSchema, wrongKey } from './read-results.ts';
import type { Point, PointResult } from './results.ts';

const SCHEMA = 'slabscope-point/1';

/** What a point's counts follow from, beside the point: results of different identities are never mixed. */
export interface Identity {
  /** The version that computed. */
  readonly slabscope: string;
  readonly specificationHash: string;
}

export interface StoredPoint extends Identity {
  readonly result: PointResult;
  /** FILE:LINE, for messages. */
  readonly place: string;
}

export interface StoreReading {
  /** In the order of the lines, each point of an identity once. */
  readonly points: readonly StoredPoint[];
  /** Places of lines that are not whole: their points are as good as not computed. */
  readonly broken: readonly string[];
}

const line = z.looseObject({
  schema: z.literal(SCHEMA),
  slabscope: z.string(),
  specificationHash: z.string(),
  point: pointSchema,
  counts: countsSchema,
});

/** The same for the same point, in whatever order its axes were written. */
export const pointKey = (point: Point): string =>
  JSON.stringify(Object.entries(point).sort(([a], [b]) => (a < b ? -1 : 1)));

/** One line, with its end. */
export const storeLine = (identity: Identity, result: PointResult): string =>
  `${JSON.stringify({ schema: SCHEMA, ...identity, ...result })}\n`;

/** Of a file's bytes, how many are whole lines: what follows the last end of a line was torn off while it was written. */
export const wholeLines = (bytes: Uint8Array): number => bytes.lastIndexOf(0x0a) + 1;

/**
 * Reads the texts of store files. A line that is no JSON is broken, wherever it stands: the torn end of one file may have
 * got a second file's first line behind it. JSON of another form, and one point told in two ways, are errors.
 */
export function readStore(files: Iterable<readonly [file: string, text: string]>): StoreReading {
  const points = new Map<string, StoredPoint>();
  const broken: string[] = [];
  for (const [file, text] of files) {
    const lines = text.split('\n');
    lines.forEach((text, i) => {
      if (text.trim() === '') return;
      const place = `${file}:${i + 1}`;
      const value = i === lines.length - 1 ? undefined : jsonIn(text);
      if (value === undefined) {
        broken.push(place);
        return;
      }
      const stored = storedPoint(value, place);
      const key = JSON.stringify([stored.slabscope, stored.specificationHash, pointKey(stored.result.point)]);
      const other = points.get(key);
      if (other === undefined) points.set(key, stored);
      else if (!sameResult(other.result, stored.result)) throw contradiction(other, stored);
    });
  }
  return { points: [...points.values()], broken };
}

function storedPoint(value: unknown, place: string): StoredPoint {
  const checked = line.safeParse(value);
  if (!checked.success) {
    throw new InputError(place, `no stored point: ${wrongKey(checked.error)}`, `a line of ${SCHEMA} is needed`);
  }
  // Not zod's copy: the order of keys is that of the line, and reaches results.json.
  const { schema: _, slabscope, specificationHash, ...result } = value as Identity & PointResult & { schema: string };
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
