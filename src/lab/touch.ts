/**
 * Touch models: what is read and written of an object, which no allocation trace tells. The model decides much of any
 * answer about caches, so several stand side by side, and no figure is quoted without its own.
 *
 * - `init-all`: the whole object is written when it is allocated, word by word; its first words are read when it is freed.
 * - `init-head`: only the first 32 bytes are written when it is allocated, and read when it is freed.
 * - `hot-fields`: each cache has a few hot words, drawn by the seed. They are written when an object is allocated; then
 *   every operation looks eight live objects of its cache up and reads their hot words, and writes one of them in every
 *   fourth object (a reference count). Objects near the front of the cache's list are looked up more often.
 */
import type { Cpu } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import { below, type Random, seeded } from './seeded.ts';

const WORD = 4;
const HEAD = 32;
const LOOKUPS = 8;

/** One run of a model: told of every allocation and free as the CPU that did it goes on. */
export interface TouchModel {
  /** `cache` numbers the cache (general ones too), `size` is what the object was asked for. */
  allocated(cpu: Cpu, cache: number, objp: addr_t, size: number): void;
  freeing(cpu: Cpu, cache: number, objp: addr_t, size: number): void;
}

/** Every word that holds one of `bytes`: objects lie on words, and no other object shares their last one. */
function writeWords(cpu: Cpu, objp: addr_t, bytes: number): void {
  for (let at = objp; at < objp + bytes; at += WORD) cpu.write(at, WORD);
}

function readWords(cpu: Cpu, objp: addr_t, bytes: number): void {
  for (let at = objp; at < objp + bytes; at += WORD) cpu.read(at, WORD);
}

const initAll = (): TouchModel => ({
  allocated: (cpu, _, objp, size) => writeWords(cpu, objp, size),
  freeing: (cpu, _, objp, size) => readWords(cpu, objp, Math.min(size, HEAD)),
});

const initHead = (): TouchModel => ({
  allocated: (cpu, _, objp, size) => writeWords(cpu, objp, Math.min(size, HEAD)),
  freeing: (cpu, _, objp, size) => readWords(cpu, objp, Math.min(size, HEAD)),
});

/** The live objects of one cache, in no order that matters but a fixed one, and the offsets of its hot words. */
interface HotCache {
  readonly live: addr_t[];
  readonly position: Map<addr_t, number>;
  readonly offsets: readonly number[];
}

class HotFields implements TouchModel {
  readonly #seed: string;
  readonly #caches = new Map<number, HotCache>();
  /** A stream a CPU, so that what one draws does not depend on how the other runs. */
  readonly #draws = new Map<Cpu, Random>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  allocated(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    const hot = this.#hot(cache, size);
    for (const offset of hot.offsets) cpu.write(objp + offset, WORD);
    hot.position.set(objp, hot.live.push(objp) - 1);
    this.#lookUp(cpu, hot);
  }

  freeing(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    const hot = this.#hot(cache, size);
    const index = hot.position.get(objp)!;
    const last = hot.live.pop()!;
    if (last !== objp) {
      hot.live[index] = last;
      hot.position.set(last, index);
    }
    hot.position.delete(objp);
    this.#lookUp(cpu, hot);
  }

  #lookUp(cpu: Cpu, { live, offsets }: HotCache): void {
    const random = this.#random(cpu);
    for (let i = 0; i < LOOKUPS; i++) {
      const rank = random() ** 3;
      const objp = live[Math.floor(rank * live.length)];
      if (objp === undefined) continue;
      for (const offset of offsets) cpu.read(objp + offset, WORD);
      if (i % 4 === 0) cpu.write(objp + offsets[0]!, WORD);
    }
  }

  #hot(cache: number, size: number): HotCache {
    let hot = this.#caches.get(cache);
    if (hot === undefined) {
      const random = seeded(this.#seed, `hot fields of cache ${cache}`);
      const words = Math.max(1, Math.floor(size / WORD));
      const count = Math.min(words, 3);
      hot = {
        live: [],
        position: new Map(),
        offsets: Array.from({ length: count }, () => below(random, words) * WORD),
      };
      this.#caches.set(cache, hot);
    }
    return hot;
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

export const touchModels = {
  'init-all': initAll,
  'init-head': initHead,
  'hot-fields': (seed: string) => new HotFields(seed),
} as const satisfies Record<string, (seed: string) => TouchModel>;

export type TouchModelName = keyof typeof touchModels;
