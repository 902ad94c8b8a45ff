/**
 * Touch models: what is read and written of an object, which no allocation trace tells. The model decides much of any
 * answer about caches, so several stand side by side, and no figure is quoted without its own.
 *
 * - `init-all`: the whole object is written when it is allocated, word by word; its first words are read when it is freed.
 * - `init-head`: only the first 32 bytes are written when it is allocated, and read when it is freed.
 * - `hot-fields`: each cache has a few hot words, drawn by the seed. They are written when an object is allocated; then
 *   every operation looks eight live objects of its cache up and reads their hot words, and writes one of them in every
 *   fourth object (a reference count). Objects near the front of the cache's list are looked up more often.
 * - `profiled`: drawn from a profile of recorded touches (touch-profiled.ts).
 * - `fields`: as `hot-fields`, with the fields that the specification names: all are written when an object is allocated,
 *   and each look-up touches three, drawn by their heat, and writes by their share of writes. Objects of caches whose
 *   fields are not named are treated as by `init-head`.
 *
 * A workload that uses its objects itself (zipf-lookup) says so too: then the first two models read the first 32 bytes, the
 * others do what they do at a look-up.
 */

import { below, type Random, seeded } from '../../base/random.ts';
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { RECORDED } from '../results/points.ts';
import type { TouchProfile } from '../traces/touch-profile.ts';
import type { Field } from '../watch/attribution.ts';
import type { TouchModel } from './touch-model.ts';
import { profiled } from './touch-profiled.ts';

const WORD = 4;
const HEAD = 32;
const LOOKUPS = 8;

/** A field, and how it is used. */
export interface UsedField extends Field {
  /** How often it is touched, in proportion to the others of its cache. */
  readonly heat: number;
  /** The share of its touches that write. */
  readonly write: number;
}

/** What the methods through which objects are touched do, for reports that tell who made an access by the host's stack. */
export const touchSteps = {
  ...{ allocated: 'initialisation', used: 'look-up', freeing: 'before the free' },
  ...{ initialise: 'initialisation', use: 'look-up' },
} as const satisfies Record<keyof TouchModel | keyof Usage, string>;

/** For workloads that touch their objects by themselves. */
export const untouched: TouchModel = { allocated: () => {}, freeing: () => {}, used: () => {} };

/** Every word that holds one of `bytes`: objects lie on words, and no other object shares their last one. */
function writeWords(cpu: Cpu, objp: addr_t, bytes: number): void {
  for (let at = objp; at < objp + bytes; at += WORD) cpu.write(at, WORD);
}

function readWords(cpu: Cpu, objp: addr_t, bytes: number): void {
  for (let at = objp; at < objp + bytes; at += WORD) cpu.read(at, WORD);
}

const readHead = (cpu: Cpu, _: number, objp: addr_t, size: number) => readWords(cpu, objp, Math.min(size, HEAD));

// Functions made for each point would be compiled for each point: these, and the methods of the classes below, are not.
const initAll: TouchModel = {
  allocated: (cpu, _, objp, size) => writeWords(cpu, objp, size),
  freeing: (cpu, cache, objp, size) => readHead(cpu, cache, objp, size),
  used: (cpu, cache, objp, size) => readHead(cpu, cache, objp, size),
};

const initHead: TouchModel = {
  allocated: (cpu, _, objp, size) => writeWords(cpu, objp, Math.min(size, HEAD)),
  freeing: (cpu, cache, objp, size) => readHead(cpu, cache, objp, size),
  used: (cpu, cache, objp, size) => readHead(cpu, cache, objp, size),
};

/** What is touched of one cache's objects. */
interface Usage {
  initialise(cpu: Cpu, objp: addr_t): void;
  /** `turn` counts the uses. */
  use(cpu: Cpu, objp: addr_t, turn: number, random: Random): void;
}

/** The live objects of one cache, in no order that matters but a fixed one. */
interface LiveObjects {
  readonly live: addr_t[];
  /** Those of freed objects stay: to delete entries of addresses that come and go makes a map slow. */
  readonly position: Map<addr_t, number>;
  readonly usage: Usage;
}

/** Every operation on a cache looks live objects of it up. */
class LookUps implements TouchModel {
  readonly #seed: string;
  readonly #usageOf: (cache: number, size: number) => Usage;
  readonly #caches = new Map<number, LiveObjects>();
  /** A stream a CPU, so that what one draws does not depend on how the other runs. */
  readonly #draws = new Map<Cpu, Random>();
  #turn = 0;

  constructor(seed: string, usageOf: (cache: number, size: number) => Usage) {
    this.#seed = seed;
    this.#usageOf = usageOf;
  }

  allocated(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    const objects = this.#objects(cache, size);
    objects.usage.initialise(cpu, objp);
    objects.position.set(objp, objects.live.push(objp) - 1);
    this.#lookUp(cpu, objects);
  }

  freeing(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    const objects = this.#objects(cache, size);
    const index = objects.position.get(objp)!;
    const last = objects.live.pop()!;
    if (last !== objp) {
      objects.live[index] = last;
      objects.position.set(last, index);
    }
    this.#lookUp(cpu, objects);
  }

  used(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    this.#objects(cache, size).usage.use(cpu, objp, this.#turn++, this.#random(cpu));
  }

  #lookUp(cpu: Cpu, { live, usage }: LiveObjects): void {
    const random = this.#random(cpu);
    for (let turn = 0; turn < LOOKUPS; turn++) {
      const drawn = random();
      const objp = live[Math.floor(drawn * drawn * drawn * live.length)];
      if (objp !== undefined) usage.use(cpu, objp, turn, random);
    }
  }

  #objects(cache: number, size: number): LiveObjects {
    let objects = this.#caches.get(cache);
    if (objects === undefined) {
      objects = { live: [], position: new Map(), usage: this.#usageOf(cache, size) };
      this.#caches.set(cache, objects);
    }
    return objects;
  }

  #random(cpu: Cpu): Random {
    let random = this.#draws.get(cpu);
    if (random === undefined) {
      random = seeded(this.#seed, `touches of cpu${cpu.id}`);
      this.#draws.set(cpu, random);
    }
    return random;
  }
}

class HotWords implements Usage {
  readonly #offsets: readonly number[];

  constructor(offsets: readonly number[]) {
    this.#offsets = offsets;
  }

  initialise(cpu: Cpu, objp: addr_t): void {
    for (const offset of this.#offsets) cpu.write(objp + offset, WORD);
  }

  use(cpu: Cpu, objp: addr_t, turn: number): void {
    for (const offset of this.#offsets) cpu.read(objp + offset, WORD);
    if (turn % 4 === 0) cpu.write(objp + this.#offsets[0], WORD);
  }
}

function hotFields(seed: string): TouchModel {
  return new LookUps(seed, (cache, size) => {
    const random = seeded(seed, `hot fields of cache ${cache}`);
    const words = Math.max(1, Math.floor(size / WORD));
    return new HotWords(Array.from({ length: Math.min(words, 3) }, () => below(random, words) * WORD));
  });
}

/** What the specification names of a cache's objects; undefined where it names nothing. */
type FieldsOfCache = (cache: number) => readonly UsedField[] | undefined;

function namedFields(seed: string, fieldsOf: FieldsOfCache): TouchModel {
  const named = new LookUps(seed, (cache) => usageBy(fieldsOf(cache)!));
  const modelOf = (cache: number) => (fieldsOf(cache) === undefined ? initHead : named);
  return {
    allocated: (cpu, cache, objp, size) => modelOf(cache).allocated(cpu, cache, objp, size),
    freeing: (cpu, cache, objp, size) => modelOf(cache).freeing(cpu, cache, objp, size),
    used: (cpu, cache, objp, size) => modelOf(cache).used(cpu, cache, objp, size),
  };
}

const TOUCHES_PER_USE = 3;

function usageBy(fields: readonly UsedField[]): Usage {
  const hot = fields.filter((field) => field.heat > 0);
  const heat = hot.reduce((sum, field) => sum + field.heat, 0);
  const drawn = (random: Random): UsedField => {
    let rest = random() * heat;
    for (const field of hot) {
      rest -= field.heat;
      if (rest < 0) return field;
    }
    return hot.at(-1)!;
  };
  return {
    initialise: (cpu, objp) => {
      for (const field of fields) eachPart(field, (offset, bytes) => cpu.write(objp + offset, bytes));
    },
    use: (cpu, objp, _, random) => {
      for (let i = 0; i < TOUCHES_PER_USE; i++) {
        const field = drawn(random);
        const writes = random() < field.write;
        eachPart(field, (offset, bytes) => (writes ? cpu.write(objp + offset, bytes) : cpu.read(objp + offset, bytes)));
      }
    },
  };
}

/** The accesses that a field takes, of a word at most. */
function eachPart({ offset, size }: UsedField, access: (offset: number, bytes: number) => void): void {
  for (let at = offset; at < offset + size; ) {
    const rest = offset + size - at;
    const bytes = rest >= WORD ? WORD : rest >= 2 ? 2 : 1;
    access(at, bytes);
    at += bytes;
  }
}

/** What a model may ask of the specification and its caches. */
export interface TouchKnowledge {
  readonly fieldsOf: FieldsOfCache;
  readonly profile: TouchProfile | undefined;
  /** Of a cache that has a name, as it was recorded. */
  readonly recordedNameOf: (cache: number) => string | undefined;
}

/** Each is a run of its own, drawn by `seed`. */
export const touchModels = {
  'init-all': () => initAll,
  'init-head': () => initHead,
  'hot-fields': hotFields,
  fields: (seed, { fieldsOf }) => namedFields(seed, fieldsOf),
  profiled: (seed, { profile, recordedNameOf }) => profiled(seed, profile!, recordedNameOf),
} as const satisfies Record<string, (seed: string, known: TouchKnowledge) => TouchModel>;

export type TouchModelName = keyof typeof touchModels;

export type TouchName = TouchModelName | typeof RECORDED;

export const touchSummaries: Record<TouchName, string> = {
  recorded: 'no model: every read and write that was recorded, in its order; for traces that have them (touch trace)',
  'init-all': 'the whole object is written when it is allocated; its first 32 bytes are read when it is freed',
  'init-head': 'the first 32 bytes are written when it is allocated, and read when it is freed',
  'hot-fields':
    'a few words, drawn by the seed, are written at first, then read and written in lookups of live objects',
  fields: 'as hot-fields, with the fields that the specification names, by their heat',
  profiled: 'drawn from a profile: what a touch trace tells of the caches (slabscope profile)',
};

export const touchNames = Object.keys(touchSummaries) as TouchName[];
