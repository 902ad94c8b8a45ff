/** A kernel of 2.4 under replay: what a recording names (objects, caches, hooks in constructors), as it stands there. */
import type { Cpu, Program } from '../../../hw/cpu.ts';
import type { Machine } from '../../../hw/machine.ts';
import { type addr_t, NULL } from '../../../hw/memory.ts';
import { KernelBug } from '../../../kernel/bug.ts';
import type { KernelFunction } from '../../../kernel/kernel.ts';
import { cacheChain, peekName } from '../../../slab/linux-2.4/inspect.ts';
import type { Slab24 } from '../../../slab/linux-2.4/slab.ts';
import { type Replay, type Results, Unresolved } from '../recording.ts';
import { type CaseHeader, powerOnFor } from './machine.ts';
import type { Recorded24 } from './recorded.ts';
import { hex } from './snapshots.ts';
import { TouchNames } from './touch-names.ts';

/** An operation that a constructor performs: its results under their names. */
export type Nested = (cpu: Cpu) => Program<Results>;

/** More yields of one operation than may be: with nobody else to free memory it would go on for ever. */
class Livelock extends Error {}

export abstract class Replay24<K extends Slab24 = Slab24> implements Replay {
  readonly version: Recorded24<K>;
  readonly #header: CaseHeader;
  #k: K;
  readonly #objects = new Map<number, addr_t>();
  #names: TouchNames;
  /** Of the operation: what was printed before it, and how often a task without memory gave way. */
  #printed = 0;
  #yields = 0;
  #calls: unknown[] = [];
  #nested: Results[] = [];
  /** What the next constructor call does besides. */
  hook: Nested | null = null;

  constructor(version: Recorded24<K>, header: CaseHeader) {
    this.version = version;
    this.#header = header;
    this.#k = this.#powerOn();
    this.#names = new TouchNames(this.#k, version);
  }

  get names(): TouchNames {
    return this.#names;
  }

  get kernel(): K {
    return this.#k;
  }

  get machine(): Machine {
    return this.#k.machine;
  }

  /** How many yields of one operation are taken for a livelock, and what recordings call it. */
  protected abstract readonly livelock: { readonly yields: number; readonly name: string };

  /** Has the kernel tell of what the recordings count besides. */
  protected abstract watch(k: K): void;

  /** What was counted since the operation began, by the names of the recordings, without zeros. */
  protected abstract counted(yields: number): Results;

  powerOn(): void {
    this.#k = this.#powerOn();
    this.#names = new TouchNames(this.#k, this.version);
  }

  #powerOn(): K {
    const k = powerOnFor(this.version, this.#header);
    const { scheduler } = k.machine;
    const giveWay = scheduler.giveWay.bind(scheduler);
    scheduler.giveWay = (cpu) => {
      if (this.#yields + 1 === this.livelock.yields) throw new Livelock(this.livelock.name);
      this.#yields++;
      giveWay(cpu);
    };
    this.watch(k);
    return k;
  }

  begin(): void {
    this.#printed = this.#k.log.length;
    this.#yields = 0;
    this.#calls = [];
    this.#nested = [];
  }

  sideEffects(): Results {
    const k = this.#k;
    return {
      ...(k.log.length > this.#printed && { printk: k.log.slice(this.#printed) }),
      ...this.counted(this.#yields),
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
