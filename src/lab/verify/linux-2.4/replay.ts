/** A 2.4.22 kernel under replay: what a recording names (objects, caches, hooks in constructors), as it stands there. */
import type { Cpu, Program } from '../../../hw/cpu.ts';
import type { Machine } from '../../../hw/machine.ts';
import { type addr_t, NULL } from '../../../hw/memory.ts';
import { KernelBug } from '../../../kernel/bug.ts';
import type { KernelFunction } from '../../../kernel/kernel.ts';
import { cacheChain, peekName } from '../../../slab/linux-2.4/inspect.ts';
import type { Linux2422 } from '../../../slab/linux-2.4/slab.ts';
import { type Replay, type Results, Unresolved } from '../recording.ts';
import { type CaseHeader, powerOnFor } from './machine.ts';
import { hex } from './snapshots.ts';
import { TouchNames } from './touch-names.ts';

/** An operation that a constructor performs: its results under their names. */
export type Nested = (cpu: Cpu) => Program<Results>;

/** The fourth yield() of one operation: with nobody else to free memory it would go on for ever. */
class Livelock extends Error {}

export class Replay2422 implements Replay {
  readonly #header: CaseHeader;
  #k: Linux2422;
  readonly #objects = new Map<number, addr_t>();
  #names: TouchNames;
  /** Of the operation: what was printed before it, how often a task without memory gave way, and tried to get some. */
  #printed = 0;
  #yields = 0;
  #reclaims = 0;
  #calls: unknown[] = [];
  #nested: Results[] = [];
  /** What the next constructor call does besides. */
  hook: Nested | null = null;

  constructor(header: CaseHeader) {
    this.#header = header;
    this.#k = this.#watched(powerOnFor(header));
    this.#names = new TouchNames(this.#k);
  }

  get names(): TouchNames {
    return this.#names;
  }

  get kernel(): Linux2422 {
    return this.#k;
  }

  get machine(): Machine {
    return this.#k.machine;
  }

  powerOn(): void {
    this.#k = this.#watched(powerOnFor(this.#header));
    this.#names = new TouchNames(this.#k);
  }

  #watched(k: Linux2422): Linux2422 {
    const { scheduler } = k.machine;
    const { try_to_free_pages_zone } = k;
    k.try_to_free_pages_zone = (cpu, gfp_mask) => {
      this.#reclaims++;
      return try_to_free_pages_zone(cpu, gfp_mask);
    };
    const giveWay = scheduler.giveWay.bind(scheduler);
    scheduler.giveWay = (cpu) => {
      if (++this.#yields === 4) throw new Livelock('livelock: __alloc_pages yields and retries forever');
      giveWay(cpu);
    };
    return k;
  }

  begin(): void {
    this.#printed = this.#k.log.length;
    this.#yields = 0;
    this.#reclaims = 0;
    this.#calls = [];
    this.#nested = [];
  }

  sideEffects(): Results {
    const k = this.#k;
    return {
      ...(k.log.length > this.#printed && { printk: k.log.slice(this.#printed) }),
      ...(this.#reclaims > 0 && { try_to_free_pages_zone_calls: this.#reclaims }),
      ...(this.#calls.length > 0 && { calls: this.#calls }),
      ...(this.#nested.length > 0 && { nested: this.#nested }),
    };
  }

  ended(error: unknown): Results | null {
    if (error instanceof KernelBug) return { bug: error.place, cond: error.condition, fn: error.fn };
    return error instanceof Livelock ? { bug: error.message } : null;
  }

  /** The newest cache of a name; NULL for null. */
  cache(name: string | null): addr_t {
    if (name === null) return NULL;
    const cachep = cacheChain(this.#k).find((each) => peekName(this.#k, each) === name);
    if (cachep === undefined) throw new Unresolved(`no cache ${JSON.stringify(name)}`, 'name one that there is by now');
    return cachep;
  }

  /** The address of what was allocated under a number. */
  object(id: number): addr_t {
    const objp = this.#objects.get(id);
    if (objp === undefined)
      throw new Unresolved(`nothing was allocated as ${id}`, 'give the id of an allocation before');
    return objp;
  }

  /** The result of an allocation, which is known by `id` from now on. */
  keep(id: number, objp: addr_t): Results {
    if (objp === NULL) return { ret: null };
    this.#objects.set(id, objp);
    return { ret: hex(objp) };
  }

  /** `len` bytes from `off` on of an object, all in memory. */
  bytesOf(id: number, off: number, len: number): Uint8Array {
    const { bytes } = this.machine.memory;
    const start = this.object(id) + off;
    if (start < 0 || start + len > this.#k.layout.ram) throw new Unresolved('bytes outside of memory', 'stay within');
    return bytes.subarray(start, start + len);
  }

  /** A constructor or destructor that is recorded, if the cache has one. */
  recorded(kind: 'ctor' | 'dtor', present: boolean): KernelFunction | null {
    if (!present) return null;
    return (cpu, objp, _cachep, flags) => this.#call(cpu, kind, objp, flags);
  }

  *#call(cpu: Cpu, kind: string, objp: addr_t, flags: number): Program {
    this.#calls.push([kind, hex(objp), flags]);
    const { hook } = this;
    if (kind !== 'ctor' || hook === null) return;
    this.hook = null;
    this.#nested.push(yield* hook(cpu));
  }
}
