/**
 * The misses of LRU caches of all sizes and associativities with lines of one size, from one pass over a trace. Each CPU has
 * stacks of its own; a write takes the line from the stacks of all others, whatever their size, as an invalidation protocol does. So
 * every count is that of a run of the cache simulator with that geometry (test/lab/caches/sweep.test.ts).
 *
 * Of two numbers of sets the larger splits the sets of the smaller. So a line on top of its stack among few sets is on top among
 * more, and stays there: from there on nothing need be looked at.
 */
import { LineDirectory } from '../../hw/cache/line-directory.ts';
import type { AccessKind } from '../../hw/observe.ts';
import type { SweptCache } from './cache-report.ts';
import { eachLine } from './each-line.ts';
import { LruStack } from './lru-stack.ts';
import { KEPT_BITS } from './page-folding.ts';
import { SetStacks } from './set-stacks.ts';

/** The largest caches; their ways are within the bits that folded addresses keep. */
const MOST_LINES = 2 ** 18;
const MOST_WAYS = 16;
const MOST_WAY_BYTES = 2 ** KEPT_BITS;

interface Stacks {
  readonly full: LruStack;
  /** By number of sets, from 2 on. */
  readonly sets: readonly SetStacks[];
}

export class CacheSweep {
  accesses = 0;
  lineAccesses = 0;
  readonly #shift: number;
  /** Numbers of sets, from 2 on: one set is the fully associative cache. */
  readonly #setCounts: readonly number[];
  readonly #directory = new LineDirectory();
  readonly #stacks: Stacks[] = [];
  /** Lines that were there, by the least size, as a power of two, that held them fully associative. */
  readonly #full = new Float64Array(33);
  /** By number of sets, and depth from 1 on. */
  readonly #depths: readonly Float64Array[];
  /** Those on top of their stacks, by the least number of sets where they were. */
  readonly #onTop: Float64Array;

  constructor(line: number) {
    this.#shift = Math.log2(line);
    this.#setCounts = powersOfTwo(Math.min(MOST_LINES, MOST_WAY_BYTES / line)).slice(1);
    this.#depths = this.#setCounts.map(() => new Float64Array(MOST_WAYS + 1));
    this.#onTop = new Float64Array(this.#setCounts.length + 1);
  }

  get cpus(): number {
    return this.#stacks.length;
  }

  /** As CacheSimulator's. */
  access(cpu: number, kind: AccessKind, address: number, bytes: number, goesOn?: true): void {
    if (goesOn === undefined) this.accesses++;
    const first = address >>> this.#shift;
    if ((address + bytes - 1) >>> this.#shift === first) this.#use(cpu, kind, first);
    else eachLine(address, bytes, 1 << this.#shift, (from) => this.#use(cpu, kind, from >>> this.#shift));
  }

  /** Forgets what it counted; what it has seen stays. */
  startCounting(): void {
    this.accesses = 0;
    this.lineAccesses = 0;
    for (const counts of [this.#full, this.#onTop, ...this.#depths]) counts.fill(0);
  }

  /** All caches, the fully associative ones first. */
  caches(): SweptCache[] {
    const line = 1 << this.#shift;
    const full = powersOfTwo(MOST_LINES).map((lines, i): SweptCache => {
      const hits = sum(this.#full.subarray(0, i + 1));
      return { sets: 1, ways: lines, size: lines * line, misses: this.lineAccesses - hits };
    });
    const setAssociative = this.#setCounts.flatMap((sets, i) =>
      Array.from({ length: waysAt(sets) }, (_, way): SweptCache => {
        const hits = sum(this.#onTop.subarray(0, i + 1)) + sum(this.#depths[i].subarray(0, way + 2));
        return { sets, ways: way + 1, size: sets * (way + 1) * line, misses: this.lineAccesses - hits };
      }),
    );
    return [...full, ...setAssociative];
  }

  /** Misses of a cache that holds all that it ever held: a CPU's first use of a line, and the first after another's write. */
  get unboundedMisses(): number {
    return this.lineAccesses - sum(this.#full);
  }

  #use(cpu: number, kind: AccessKind, line: number): void {
    while (this.#stacks.length <= cpu) this.#addCpu();
    const directory = this.#directory;
    const id = directory.idOf(line);
    if (kind !== 'r' && (directory.holders[id] & ~(1 << cpu)) !== 0) this.#takeFromOthers(cpu, line, id);
    directory.holders[id] |= 1 << cpu;
    this.lineAccesses++;
    const { full, sets } = this.#stacks[cpu];
    const depth = full.use(id, directory.capacity);
    if (depth > 0) this.#full[32 - Math.clz32(depth - 1)]++;
    let i = 0;
    if (depth !== 1) {
      for (; i < sets.length; i++) {
        const depthInSet = sets[i].use(line);
        if (depthInSet === 1) break;
        if (depthInSet > 1) this.#depths[i][depthInSet]++;
      }
    }
    this.#onTop[i]++;
  }

  #takeFromOthers(writer: number, line: number, id: number): void {
    const { holders } = this.#directory;
    this.#stacks.forEach(({ full, sets }, cpu) => {
      if (cpu === writer || (holders[id] & (1 << cpu)) === 0) return;
      full.lose(id);
      for (const stacks of sets) stacks.lose(line);
    });
    holders[id] &= 1 << writer;
  }

  #addCpu(): void {
    this.#stacks.push({ full: new LruStack(), sets: this.#setCounts.map((sets) => new SetStacks(sets, waysAt(sets))) });
  }
}

const powersOfTwo = (most: number) => Array.from({ length: Math.log2(most) + 1 }, (_, i) => 2 ** i);

const waysAt = (sets: number) => Math.min(MOST_WAYS, MOST_LINES / sets);

const sum = (counts: Float64Array) => counts.reduce((total, count) => total + count, 0);
