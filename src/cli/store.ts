/** The store's files: `points*.jsonl` in a folder, all read, one appended to. */
import { closeSync, existsSync, fdatasyncSync, ftruncateSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyOf, type Point, type PointResult } from '../lab/results/points.ts';
import type { Identity } from '../lab/results/results.ts';
import { readStore, storeLine, wholeLines } from '../lab/results/store.ts';
import { sha256 } from './experiment.ts';
import { attempt, readBytes, readText } from './files.ts';

export class PointStore {
  /** The file that is appended to. */
  readonly path: string;
  /** All that are read, as a pattern. */
  readonly files: string;
  /** What the files held that this experiment cannot use, a sentence each. */
  readonly notes: readonly string[];
  readonly #identity: Identity;
  readonly #results = new Map<string, PointResult>();
  #fd: number | null = null;

  constructor(folder: string, file: string, identity: Identity) {
    this.path = join(folder, file);
    this.files = join(folder, 'points*.jsonl');
    this.#identity = identity;
    const files = readdirSync(folder)
      .filter((name) => /^points.*\.jsonl$/.test(name))
      .sort()
      .map((name) => join(folder, name));
    const { points, unusable } = readStore(
      files.map((path) => [path, readText(path)]),
      sha256,
    );
    for (const { slabscope, specificationHash, result } of points) {
      if (slabscope === identity.slabscope && specificationHash === identity.specificationHash) this.#keep(result);
    }
    const others = points.length - this.#results.size;
    this.notes = [
      ...unusable.map((what) => `${what}: what it tells counts as not computed`),
      ...(others > 0 ? [`${others} points in ${folder} are of another specification or version: let be`] : []),
    ];
  }

  get(point: Point): PointResult | undefined {
    return this.#results.get(keyOf(point));
  }

  /** Returns when the line is on the disk. */
  append(result: PointResult): void {
    const line = storeLine(this.#identity, result, sha256);
    attempt(this.path, () => {
      this.#fd ??= openAtWholeLines(this.path);
      writeFileSync(this.#fd, line);
      fdatasyncSync(this.#fd);
    });
    // As it will be read back, so that a run gives the same bytes whether it was interrupted or not.
    this.#keep(JSON.parse(JSON.stringify(result)) as PointResult);
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #keep(result: PointResult): void {
    this.#results.set(keyOf(result.point), result);
  }
}

/** Opens for appending; a torn last line is cut off, lest the next be glued to it. */
function openAtWholeLines(path: string): number {
  const whole = existsSync(path) ? wholeLines(readBytes(path)) : null;
  const fd = openSync(path, 'a');
  if (whole !== null) ftruncateSync(fd, whole);
  return fd;
}
