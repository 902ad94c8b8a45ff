/**
 * The touch model that is drawn from data: a profile of a trace that tells of every touch (traces/touch-profile.ts).
 *
 * An object's initialisation and release are episodes of the profile's sample of its cache, or of its size where the profile
 * has no such cache. Each allocation and free owes its cache as many episodes of use as the profile counts by operation; each
 * pays a 64th of what is owed, lest objects be used in bursts. Which object is used follows the re-use distances of the
 * cache, and the share of episodes in objects that somebody else used last.
 */
import { below, type Random, seeded } from '../../base/random.ts';
import { Recency } from '../../base/recency.ts';
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { roundUp } from '../../kernel/struct.ts';
import { type Access, accessesOf, sizeClassOf, type TouchProfile, type Usage } from '../traces/touch-profile.ts';
import type { TouchModel } from './touch-model.ts';

/** The share of what is owed that an operation pays. */
const PAID = 1 / 64;
/** Among how many objects, from the drawn distance on, one is looked for that the right CPU used. */
const LOOKED_AT = 64;

/** `nameOf` tells the recorded name of a cache; the general ones have none. */
export function profiled(
  seed: string,
  profile: TouchProfile,
  nameOf: (cache: number) => string | undefined,
): TouchModel {
  return new Profiled(seed, profile, nameOf);
}

class Profiled implements TouchModel {
  readonly #seed: string;
  readonly #profile: TouchProfile;
  readonly #nameOf: (cache: number) => string | undefined;
  readonly #caches = new Map<number, UsedObjects>();
  readonly #inOrder: UsedObjects[] = [];
  /** A stream a CPU, so that what one draws does not depend on how the other runs. */
  readonly #draws = new Map<Cpu, Random>();

  constructor(seed: string, profile: TouchProfile, nameOf: (cache: number) => string | undefined) {
    this.#seed = seed;
    this.#profile = profile;
    this.#nameOf = nameOf;
  }

  allocated(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    const objects = this.#objects(cache, size);
    objects.allocated(cpu, objp, size, this.#random(cpu));
    this.#pay(cpu);
  }

  freeing(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    this.#pay(cpu);
    this.#objects(cache, size).freeing(cpu, objp, this.#random(cpu));
  }

  used(cpu: Cpu, cache: number, objp: addr_t, size: number): void {
    this.#objects(cache, size).use(cpu, objp, this.#random(cpu));
  }

  #pay(cpu: Cpu): void {
    const random = this.#random(cpu);
    for (const objects of this.#inOrder) objects.pay(cpu, random);
  }

  #objects(cache: number, size: number): UsedObjects {
    let objects = this.#caches.get(cache);
    if (objects === undefined) {
      objects = new UsedObjects(usageFor(this.#profile, this.#nameOf(cache), size));
      this.#caches.set(cache, objects);
      this.#inOrder.push(objects);
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

/** That of the cache; else of objects of its size, or of the size next to it. */
function usageFor({ caches, sizes }: TouchProfile, name: string | undefined, size: number): Usage {
  if (name !== undefined && Object.hasOwn(caches, name)) return caches[name];
  const wanted = Math.log2(sizeClassOf(size));
  const distance = (of: string) => Math.abs(Math.log2(Number(of)) - wanted);
  const [nearest] = Object.keys(sizes).sort((a, b) => distance(a) - distance(b));
  return sizes[nearest];
}

interface LiveObject {
  readonly objp: addr_t;
  readonly size: number;
  user: Cpu;
}

/** The live objects of one cache, and what is done with them. */
class UsedObjects {
  readonly #usage: Usage;
  readonly #initialisation: Weighted<readonly Access[]>;
  readonly #use: Weighted<readonly Access[]>;
  readonly #release: Weighted<readonly Access[]>;
  readonly #bins: Weighted<number>;
  readonly #recency = new Recency<LiveObject>();
  /** Those of freed objects stay: to delete entries of addresses that come and go makes a map slow. */
  readonly #at = new Map<addr_t, LiveObject>();
  /** Episodes of use. */
  #owed = 0;

  constructor(usage: Usage) {
    this.#usage = usage;
    this.#initialisation = episodes(usage.initialisation);
    this.#use = episodes(usage.use);
    this.#release = episodes(usage.release);
    this.#bins = new Weighted(usage.reuse.map((count, bin) => [bin, count]));
  }

  allocated(cpu: Cpu, objp: addr_t, size: number, random: Random): void {
    const object = { objp, size, user: cpu };
    this.#at.set(objp, object);
    this.#recency.use(object);
    touch(cpu, object, this.#initialisation.draw(random));
    this.#owed += this.#usage.episodesPerOperation;
  }

  freeing(cpu: Cpu, objp: addr_t, random: Random): void {
    const object = this.#at.get(objp)!;
    touch(cpu, object, this.#release.draw(random));
    this.#recency.remove(object);
    this.#owed += this.#usage.episodesPerOperation;
  }

  use(cpu: Cpu, objp: addr_t, random: Random): void {
    this.#useObject(cpu, this.#at.get(objp)!, random);
  }

  pay(cpu: Cpu, random: Random): void {
    if (this.#recency.length === 0 || this.#owed <= 0) return;
    const due = Math.floor(this.#owed * PAID + random());
    this.#owed -= due;
    for (let i = 0; i < due; i++) this.#useObject(cpu, this.#chosen(cpu, random), random);
  }

  #useObject(cpu: Cpu, object: LiveObject, random: Random): void {
    this.#recency.use(object);
    touch(cpu, object, this.#use.draw(random));
    object.user = cpu;
  }

  /** The object at a drawn re-use distance, or the next behind it that the right CPU used last. */
  #chosen(cpu: Cpu, random: Random): LiveObject {
    const { length } = this.#recency;
    const bin = this.#bins.draw(random) ?? 0;
    const drawn = bin === 0 ? 0 : 2 ** (bin - 1) + below(random, 2 ** (bin - 1));
    const distance = drawn < length ? drawn : below(random, length);
    const fromOther = random() < this.#usage.otherThread;
    for (let step = 0; step < Math.min(length, LOOKED_AT); step++) {
      const object = this.#recency.at((distance + step) % length)!;
      if ((object.user !== cpu) === fromOther) return object;
    }
    return this.#recency.at(distance)!;
  }
}

/** Of an episode of a larger object, what lies in this one. */
function touch(cpu: Cpu, { objp, size }: LiveObject, episode: readonly Access[] | undefined): void {
  if (episode === undefined) return;
  const end = objp + roundUp(size, 4);
  for (const { kind, offset, bytes, count } of episode) {
    let addr = objp + offset;
    for (let left = count; left > 0 && addr + bytes <= end; left--, addr += bytes) {
      if (kind === 'read') cpu.read(addr, bytes);
      else if (kind === 'write') cpu.write(addr, bytes);
      else cpu.modify(addr, bytes);
    }
  }
}

const episodes = (sample: Readonly<Record<string, number>>): Weighted<readonly Access[]> =>
  new Weighted(Object.entries(sample).map(([episode, count]) => [accessesOf(episode), count]));

/** Draws items by their weights. */
class Weighted<T> {
  readonly #items: readonly T[];
  /** Of each item the weights up to it, its own included. */
  readonly #sums: readonly number[];

  constructor(weights: readonly (readonly [T, number])[]) {
    this.#items = weights.map(([item]) => item);
    let sum = 0;
    this.#sums = weights.map(([, weight]) => {
      sum += weight;
      return sum;
    });
  }

  /** undefined where there is nothing to draw. */
  draw(random: Random): T | undefined {
    const drawn = random() * (this.#sums.at(-1) ?? 0);
    return this.#items[this.#sums.findIndex((sum) => drawn < sum)];
  }
}
