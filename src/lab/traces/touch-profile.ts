/**
 * A profile: what objects go through, by cache, taken from a trace that tells of every touch, to be drawn from where a trace
 * tells of none (workloads/touch-profiled.ts). Its unit is an *episode*: what a thread does in one object until it turns to
 * another, in order, since offsets that are touched together tell more than the heat of each. By phase of an object's life:
 *
 * - *initialisation*: all that the allocating thread does in it within its next 200 touches, zeroing on request too;
 * - *release*: what the freeing thread does in it within its last 30 touches before the free;
 * - *use*: all else.
 *
 * Of each phase a sample of episodes is kept. Beside them how often objects are used, and which: by how many others of the same
 * cache were used since (the re-use distance), and by the thread that used it last or another.
 */
import * as z from 'zod';
import { InputError } from '../../base/input-error.ts';
import { below, type Random, seeded } from '../../base/random.ts';
import { Recency } from '../../base/recency.ts';
import type { AllocationTrace } from './allocation-trace.ts';
import { eachOperation, operationAt } from './operations.ts';
import { eachStep } from './steps.ts';
import { type Touches, type TouchKind, touchKinds } from './touches.ts';

export const PROFILE_FORM = 'slabscope-touch-profile/1';

/** As `r16:4 w0:8x29`: a read of 4 bytes at offset 16, then 29 writes of 8 bytes, one behind the other from offset 0. */
const EPISODE = /^(?:[rwm]\d{1,7}:[1-8](?:x\d{1,7})?(?: (?!$)|$))*$/;
const episodes = z
  .record(z.string().regex(EPISODE), z.number().int().min(1))
  .describe('a sample of episodes, and how often each is in it; "" is one without a touch');

const usage = z.strictObject({
  objects: z.number().int().min(0).describe('allocations in the trace'),
  touches: z.number().int().min(0).describe('accesses in its objects'),
  episodesPerOperation: z.number().min(0).describe('episodes of use, by allocations and frees'),
  otherThread: z.number().min(0).max(1).describe('share of those in objects that another thread had used last'),
  reuse: z
    .array(z.number().int().min(0))
    .describe('episodes of use by re-use distance: 0, 1, 2 to 3, 4 to 7, and so on, each twice the one before'),
  initialisation: episodes,
  use: episodes,
  release: episodes,
});
export type Usage = z.infer<typeof usage>;

export const profileForm = z.strictObject({
  form: z.literal(PROFILE_FORM),
  source: z.string().describe('the traces that it was made from'),
  caches: z.record(z.string(), usage).describe('by the name of the cache'),
  sizes: z
    .record(z.string().regex(/^\d+$/), usage)
    .refine((sizes) => Object.keys(sizes).length > 0, 'no size')
    .describe('all objects, by size: up to so many bytes, a power of two'),
});
export type TouchProfile = z.infer<typeof profileForm>;

/** A profile from a file, if it is one. */
export function knownProfile(value: unknown, file: string): TouchProfile {
  const checked = profileForm.safeParse(value);
  if (checked.success) return checked.data;
  const [{ path, message }] = checked.error.issues;
  const where = path.length === 0 ? '' : `${path.join('.')}: `;
  throw new InputError(file, `no touch profile: ${where}${message}`, 'make one: slabscope profile TRACE -o FILE');
}

export interface Access {
  readonly kind: TouchKind;
  readonly offset: number;
  readonly bytes: number;
  readonly count: number;
}

export const accessesOf = (episode: string): Access[] => (episode === '' ? [] : episode.split(' ').map(accessOf));

function accessOf(text: string): Access {
  const [, kind, offset, bytes, count = '1'] = /^(.)(\d+):(\d)(?:x(\d+))?$/.exec(text)!;
  return {
    kind: touchKinds['rwm'.indexOf(kind)],
    offset: Number(offset),
    bytes: Number(bytes),
    count: Number(count),
  };
}

/** Objects of up to so many bytes are of one size. */
export const sizeClassOf = (bytes: number): number => 2 ** Math.max(3, 32 - Math.clz32(bytes - 1));

/** Touches of a thread. */
const INITIALISATION = 200;
const RELEASE = 30;
/** Episodes kept of a phase; accesses of one, of which the rest is an episode of its own. */
const SAMPLE = 64;
const LONGEST = 64;

/** Takes traces, one behind the other. */
export class Profiler {
  readonly #usages = new Usages();
  readonly #sources: string[] = [];

  /** What is told is of objects that the trace allocates; those born before are in use from the first. */
  add(trace: AllocationTrace): void {
    const { operations, touches, summary } = trace;
    if (touches === undefined)
      throw new InputError(summary.file, 'tells of no touches', 'give a touch trace (docs/traces.md)');
    this.#sources.push(summary.file);
    const phases = new Phases(trace, touches);
    const lives = new Lives(trace, this.#usages);
    const { runs, site, object, sites } = touches;
    eachStep(
      operations,
      touches,
      (i) => {
        const operation = operationAt(operations, i);
        if (operation.kind === 'free') lives.freed(operation.object, operation.thread);
        else if (operation.kind !== 'memcpy') lives.allocated(operation.object, operation.thread);
      },
      (run) => {
        const thread = runs.thread[run];
        for (let visit = runs.begin[run]; visit < runs.begin[run + 1]; visit++) {
          const phase = phases.next(thread, object[visit], sites.count[site[visit]]);
          lives.touched(thread, object[visit], phase, accessText(touches, site[visit]), sites.count[site[visit]]);
        }
      },
    );
    lives.finish();
  }

  finish(): TouchProfile {
    return { form: PROFILE_FORM, source: this.#sources.join(', '), ...this.#usages.finish() };
  }
}

function accessText({ sites }: Touches, site: number): string {
  const count = sites.count[site];
  return `${'rwm'[sites.kind[site]]}${sites.offset[site]}:${sites.bytes[site]}${count === 1 ? '' : `x${count}`}`;
}

type Phase = 'initialisation' | 'use' | 'release';

/** Tells in which phase a visit is. Threads count their touches; when an object will be freed is found by a pass of its own. */
class Phases {
  readonly #allocatedAt: Float64Array;
  readonly #allocatedBy: Int32Array;
  readonly #freedAt: Float64Array;
  readonly #freedBy: Int32Array;
  readonly #touches: Float64Array;

  constructor({ operations, objects, threads }: AllocationTrace, touches: Touches) {
    this.#allocatedAt = new Float64Array(objects);
    this.#allocatedBy = new Int32Array(objects).fill(-1);
    this.#freedAt = new Float64Array(objects);
    this.#freedBy = new Int32Array(objects).fill(-1);
    this.#touches = new Float64Array(threads.length);
    const { runs, site, sites } = touches;
    eachStep(
      operations,
      touches,
      (i) => {
        const { kind, object, thread } = operationAt(operations, i);
        const [at, by] = kind === 'free' ? [this.#freedAt, this.#freedBy] : [this.#allocatedAt, this.#allocatedBy];
        at[object] = this.#touches[thread];
        by[object] = thread;
      },
      (run) => {
        for (let visit = runs.begin[run]; visit < runs.begin[run + 1]; visit++)
          this.#touches[runs.thread[run]] += sites.count[site[visit]];
      },
    );
    this.#touches.fill(0);
  }

  /** The next visit of a thread, of `count` touches. */
  next(thread: number, object: number, count: number): Phase {
    const now = this.#touches[thread];
    this.#touches[thread] += count;
    if (this.#allocatedBy[object] === thread && now - this.#allocatedAt[object] < INITIALISATION)
      return 'initialisation';
    return this.#freedBy[object] === thread && this.#freedAt[object] - now <= RELEASE ? 'release' : 'use';
  }
}

/** What happens to the objects of one trace. */
class Lives {
  readonly #usages: Usages;
  /** Of each object: its own cache, if it has a name, and all objects of its size. */
  readonly #usagesOf: readonly (readonly UsageWriter[])[];
  /** What was done to live objects when they were made, and before they are freed. */
  readonly #initialisation = new Map<number, string[]>();
  readonly #release = new Map<number, string[]>();
  /** By thread: the object that it is at, and what it has done there. */
  readonly #episodes = new Map<number, { readonly object: number; readonly accesses: string[] }>();
  readonly #lastUser: Int32Array;

  constructor(trace: AllocationTrace, usages: Usages) {
    this.#usages = usages;
    this.#usagesOf = usages.ofObjects(trace);
    this.#lastUser = new Int32Array(trace.objects).fill(-1);
  }

  allocated(object: number, thread: number): void {
    this.#leave(thread);
    this.#initialisation.set(object, []);
    this.#lastUser[object] = thread;
    for (const usage of this.#usagesOf[object]) usage.allocated(object);
  }

  freed(object: number, thread: number): void {
    this.#leave(thread);
    const initialisation = this.#initialisation.get(object);
    const release = this.#release.get(object) ?? [];
    for (const usage of this.#usagesOf[object]) usage.freed(object, initialisation, release);
    this.#initialisation.delete(object);
    this.#release.delete(object);
  }

  touched(thread: number, object: number, phase: Phase, access: string, count: number): void {
    for (const usage of this.#usagesOf[object]) usage.touches += count;
    if (phase === 'use') this.#use(thread, object, access);
    else {
      this.#leave(thread);
      this.#lastUser[object] = thread;
      const kept = phase === 'release' ? this.#release : this.#initialisation;
      const accesses = kept.get(object);
      if (accesses === undefined) kept.set(object, [access]);
      else accesses.push(access);
    }
  }

  #use(thread: number, object: number, access: string): void {
    const current = this.#episodes.get(thread);
    if (current !== undefined && current.object === object && current.accesses.length < LONGEST) {
      current.accesses.push(access);
      return;
    }
    this.#leave(thread);
    this.#episodes.set(thread, { object, accesses: [access] });
    const isOther = this.#lastUser[object] !== thread;
    this.#lastUser[object] = thread;
    for (const usage of this.#usagesOf[object]) usage.used(object, isOther);
  }

  /** The thread turns to another object. */
  #leave(thread: number): void {
    const episode = this.#episodes.get(thread);
    if (episode === undefined) return;
    for (const usage of this.#usagesOf[episode.object]) usage.use.take(episode.accesses.join(' '));
    this.#episodes.delete(thread);
  }

  finish(): void {
    for (const thread of [...this.#episodes.keys()]) this.#leave(thread);
    // Objects that live on were initialised as well as others.
    for (const [object, accesses] of this.#initialisation)
      for (const usage of this.#usagesOf[object]) usage.initialisation.take(accesses.join(' '));
    this.#usages.endTrace();
  }
}

class Usages {
  readonly #caches = new Map<string, UsageWriter>();
  readonly #sizes = new Map<number, UsageWriter>();

  ofObjects({ born, operations, caches }: AllocationTrace): UsageWriter[][] {
    const usages: UsageWriter[][] = [];
    for (const list of [born, operations]) {
      for (const operation of eachOperation(list)) {
        if (operation.kind === 'free' || operation.kind === 'memcpy') continue;
        const cache = operation.kind === 'alloc' ? caches[operation.cache] : null;
        const size = sizeClassOf(operation.kind === 'alloc' ? cache!.size : operation.size);
        const ofSize = usageIn(this.#sizes, size);
        usages[operation.object] = cache === null ? [ofSize] : [usageIn(this.#caches, cache.recordedName), ofSize];
      }
    }
    return usages;
  }

  /** The objects of another trace are others. */
  endTrace(): void {
    for (const usage of [...this.#caches.values(), ...this.#sizes.values()]) usage.endTrace();
  }

  finish(): Pick<TouchProfile, 'caches' | 'sizes'> {
    return {
      caches: told([...this.#caches].sort(([a], [b]) => (a < b ? -1 : 1))),
      sizes: told([...this.#sizes].sort(([a], [b]) => a - b)),
    };
  }
}

function usageIn<K extends string | number>(usages: Map<K, UsageWriter>, key: K): UsageWriter {
  let usage = usages.get(key);
  if (usage === undefined) {
    usage = new UsageWriter(String(key));
    usages.set(key, usage);
  }
  return usage;
}

/** Only of what the trace allocates can a model tell what happens to it. */
const told = (usages: readonly (readonly [string | number, UsageWriter])[]): Record<string, Usage> =>
  Object.fromEntries(usages.filter(([, { objects }]) => objects > 0).map(([key, writer]) => [key, writer.finish()]));

class UsageWriter {
  readonly initialisation: Sample;
  readonly use: Sample;
  readonly #release: Sample;
  #recency = new Recency<number>();
  readonly #reuse: number[] = [];
  #episodes = 0;
  #byOther = 0;
  #operations = 0;
  objects = 0;
  touches = 0;

  constructor(name: string) {
    this.initialisation = new Sample(seeded(name, 'initialisation'));
    this.use = new Sample(seeded(name, 'use'));
    this.#release = new Sample(seeded(name, 'release'));
  }

  allocated(object: number): void {
    this.objects++;
    this.#operations++;
    this.#recency.use(object);
  }

  /** One that was born before has no beginning. */
  freed(object: number, initialisation: readonly string[] | undefined, release: readonly string[]): void {
    this.#operations++;
    this.#recency.remove(object);
    if (initialisation !== undefined) this.initialisation.take(initialisation.join(' '));
    this.#release.take(release.join(' '));
  }

  used(object: number, isOther: boolean): void {
    this.#episodes++;
    if (isOther) this.#byOther++;
    const distance = this.#recency.use(object);
    if (distance !== null) {
      const bin = 32 - Math.clz32(distance);
      while (this.#reuse.length <= bin) this.#reuse.push(0);
      this.#reuse[bin]++;
    }
  }

  endTrace(): void {
    this.#recency = new Recency();
  }

  finish(): Usage {
    return {
      objects: this.objects,
      touches: this.touches,
      episodesPerOperation: this.#episodes / this.#operations,
      otherThread: this.#episodes === 0 ? 0 : this.#byOther / this.#episodes,
      reuse: this.#reuse,
      initialisation: this.initialisation.finish(),
      use: this.use.finish(),
      release: this.#release.finish(),
    };
  }
}

/** So many of all that it takes, each as likely as any other (reservoir sampling: Vitter 1985). */
class Sample {
  readonly #random: Random;
  readonly #kept: string[] = [];
  #taken = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  take(episode: string): void {
    this.#taken++;
    if (this.#kept.length < SAMPLE) this.#kept.push(episode);
    else {
      const at = below(this.#random, this.#taken);
      if (at < SAMPLE) this.#kept[at] = episode;
    }
  }

  finish(): Record<string, number> {
    const counts = new Map<string, number>();
    for (const episode of this.#kept) counts.set(episode, (counts.get(episode) ?? 0) + 1);
    return Object.fromEntries([...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
  }
}
