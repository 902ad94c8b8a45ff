/** A 2.6.17 kernel under replay: what a recording names (objects, caches), as it stands there. */
import type { Cpu } from '../../../hw/cpu.ts';
import type { Machine } from '../../../hw/machine.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../../hw/memory.ts';
import { KernelBug } from '../../../kernel/bug.ts';
import type { KernelFunction } from '../../../kernel/kernel.ts';
import { list_head } from '../../../kernel/list.ts';
import { PG_compound } from '../../../mm/linux-2.6.17/layouts.ts';
import { cacheChain, peekName } from '../../../slab/linux-2.6.17/inspect.ts';
import type { Linux2617 } from '../../../slab/linux-2.6.17/slab.ts';
import { type Replay, type Results, Unresolved } from '../../verify-engine/recording.ts';
import { type CaseHeader, powerOnFor } from './machine.ts';
import { hex } from './snapshots.ts';
import { TouchNames } from './touch-names.ts';

export class Replay2617 implements Replay {
  readonly #header: CaseHeader;
  #k: Linux2617;
  #objects = new Map<number, addr_t>();
  #names: TouchNames;
  #printed = 0;
  #calls: unknown[] = [];
  #notes: unknown[] = [];
  /** The bytes of isolated_begin, in one buffer for all. */
  #savedBytes: Uint8Array | null = null;
  #savedObjects: ReadonlyMap<number, addr_t> = new Map();

  constructor(header: CaseHeader) {
    this.#header = header;
    this.#k = powerOnFor(header);
    this.#names = new TouchNames(this.#k);
    this.#listen();
  }

  get names(): TouchNames {
    return this.#names;
  }

  get kernel(): Linux2617 {
    return this.#k;
  }

  get machine(): Machine {
    return this.#k.machine;
  }

  get header(): CaseHeader {
    return this.#header;
  }

  powerOn(): void {
    this.#k = powerOnFor(this.#header);
    this.#names = new TouchNames(this.#k);
    this.#listen();
  }

  /** What the recorded kernel's stand-ins noted. */
  #listen(): void {
    const k = this.#k;
    k.wakeup_kswapd = (zone, order) => {
      this.note('wakeup_kswapd', this.#zoneNumber(zone), order);
    };
    k.try_to_free_pages = function* (this: Replay2617) {
      this.note('try_to_free_pages', 0, 0);
      return 0;
    }.bind(this);
  }

  note(what: string, first: number, second: number): void {
    this.#notes.push([what, first, second]);
  }

  #zoneNumber(zone: addr_t): number {
    const node = this.#k.node_data.findIndex((_, i) => zone >= this.#k.zone(i, 0) && zone < this.#k.zone(i, 4));
    return 10 * node + (zone - this.#k.zone(node, 0)) / this.#k.zone_struct.sizeof;
  }

  begin(): void {
    this.#printed = this.#k.log.length;
    this.#calls = [];
    this.#notes = [];
  }

  sideEffects(): Results {
    const printed = this.printedSince(this.#printed);
    return {
      ...(printed.length > 0 && { printk: printed }),
      ...(this.#notes.length > 0 && { notes: this.#notes }),
      ...(this.#calls.length > 0 && { calls: this.#calls }),
    };
  }

  /** Lines of the log, addresses of code masked. Levels are not kept here. */
  printedSince(entry: number): string[] {
    return this.#k.log.slice(entry).flatMap((text) => text.replace(/\n$/, '').split('\n').map(masked));
  }

  ended(error: unknown, op: string): Results | null {
    if (!(error instanceof KernelBug)) return null;
    const bug = { 'oom_kill.c': 'out_of_memory:0', panic: 'panic:0' }[error.place] ?? error.place;
    return { ...returnedByBug[op], bug };
  }

  /** The newest cache of a name. */
  cache(name: string): addr_t {
    const cachep = cacheChain(this.#k).find((each) => peekName(this.#k, each) === name);
    if (cachep === undefined) throw new Unresolved(`no cache ${JSON.stringify(name)}`, 'name one that there is by now');
    return cachep;
  }

  /** The address of what was allocated under a number. */
  object(id: number): addr_t {
    const objp = this.#objects.get(id);
    if (objp === undefined) throw new Unresolved(`nothing was allocated as ${id}`, 'give the id of an allocation before');
    return objp;
  }

  /** The result of an allocation, which is known by `id` from now on. */
  keep(id: number, objp: addr_t): Results {
    if (objp === NULL) return { ret: null };
    this.#objects.set(id, objp);
    return { ret: hex(objp) };
  }

  /** Cache and slab of an object, by its page. */
  slabOf(objp: addr_t): { cachep: addr_t; slabp: addr_t } {
    const k = this.#k;
    const { memory } = k.machine;
    let page = k.pageAt(objp >>> PAGE_SHIFT);
    const flags = memory.peek32(page + k.struct_page.flags);
    if (((flags >>> PG_compound) & 1) !== 0) page = memory.peek32(page + k.struct_page.private);
    const lru = page + k.struct_page.lru;
    return { cachep: memory.peek32(lru + list_head.next), slabp: memory.peek32(lru + list_head.prev) };
  }

  /** A constructor that logs (1), or writes a word besides where it does not verify (2); a destructor that logs. */
  recorded(kind: 'ctor' | 'dtor', which: number): KernelFunction | null {
    if (which === 0) return null;
    const record = (objp: addr_t, flags: number) => this.#calls.push([kind, hex(objp), flags]);
    const VERIFY = 4;
    return function* (cpu: Cpu, objp: addr_t, _cachep: addr_t, flags: number) {
      record(objp, flags);
      if (which === 2 && (flags & VERIFY) === 0) cpu.store32(objp, 0x11223344);
    };
  }

  save(): void {
    const { bytes } = this.machine.memory;
    this.#savedBytes ??= new Uint8Array(bytes.length);
    this.#savedBytes.set(bytes);
    this.#savedObjects = new Map(this.#objects);
  }

  rollBack(): void {
    if (this.#savedBytes === null) throw new Unresolved('nothing to come back to', 'begin with isolated_begin');
    const { memory, cpus, scheduler } = this.machine;
    memory.bytes.set(this.#savedBytes);
    this.#objects = new Map(this.#savedObjects);
    scheduler.abandon();
    for (const cpu of cpus) {
      cpu.locksHeld.length = 0;
      cpu.sti();
    }
  }
}

/** What an operation returned that a BUG() ended. */
const returnedByBug: Readonly<Record<string, Results>> = {
  cache_create: { ret: null },
  alloc: { ret: null },
  kmalloc: { ret: null },
  shrink: { ret: -99 },
  destroy: { ret: -99 },
};

/**
 * A line of the log with addresses of code masked, which are the recording build's there and numbers that stand for functions
 * here: as %p, as a red zone looked for where the last user stands, and as a red zone of which its first byte is one.
 */
export const masked = (line: string) =>
  line
    .replace(/\[<[0-9a-f]+>\]/g, '[<CODE>]')
    .replace(/redzone 2:0x(804[0-9a-f]{4}|20[0-9a-f]{4})\b/, 'redzone 2:CODE')
    .replace(/redzone 2:0x[0-9a-f]{1,2}170fc2\b/, 'redzone 2:CODE, 170fc2');

/** The same for bytes in hex: words that hold an address of code. */
export const maskedBytes = (hex: string) =>
  (hex.match(/.{1,8}/g) ?? []).map((word) => (/^[0-9a-f]{4}(0408|2000)$/.test(word) ? '(CODE)' : word)).join('');
