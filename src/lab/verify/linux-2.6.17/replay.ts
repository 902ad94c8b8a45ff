/** A 2.6.17 kernel under replay: what a recording names (objects, caches), as it stands there. */
import type { Cpu, Program } from '../../../hw/cpu.ts';
import type { Machine } from '../../../hw/machine.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../../hw/memory.ts';
import { BUG, KernelBug } from '../../../kernel/bug.ts';
import type { KernelFunction } from '../../../kernel/kernel.ts';
import { LOCAL_TIMER_VECTOR } from '../../../kernel/linux-2.6/timer.ts';
import { list_head } from '../../../kernel/list.ts';
import { PG_compound } from '../../../mm/linux-2.6.17/layouts.ts';
import { cacheChain, peekName } from '../../../slab/linux-2.6.17/inspect.ts';
import type { Linux2617 } from '../../../slab/linux-2.6.17/slab.ts';
import { type Replay, type Results, Unresolved } from '../recording.ts';
import { type CaseHeader, powerOnFor } from './machine.ts';
import { hex } from './snapshots.ts';
import { TouchNames } from './touch-names.ts';

/** As many as a grace period can need, and far enough apart for all CPUs to serve each. */
const GRACE_TICKS = 12;
const TICK_CYCLES = 1_000_000;

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
  /** Callbacks that wait for a grace period. */
  #queued = 0;

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
    k.out_of_memory = () => {
      this.note('out_of_memory', 0, 0);
      BUG('oom_kill.c', 'out_of_memory', 'Out of memory and no killable processes...');
    };
    const addressOf = k.addressOf.bind(k);
    k.addressOf = (fn) => {
      if (fn === k.kmem_rcu_free) this.note('call_rcu', ++this.#queued, 0);
      if (fn === k.wakeme_after_rcu) {
        this.note('synchronize_rcu', this.#queued, 0);
        this.#queued = 0;
      }
      return addressOf(fn);
    };
  }

  /** Runs `program`, and notes what it has scheduled. */
  *noteScheduled<T>(program: Program<T>): Program<T> {
    const before = this.#reapTimes();
    const result = yield* program;
    const now = this.machine.memory.peek32(this.#k.jiffies);
    this.#reapTimes().forEach((expires, cpu) => {
      if (expires !== null && before[cpu] === null) this.note('sched', cpu, (expires - now) | 0);
    });
    return result;
  }

  /** When each CPU's cache_reap() is due; null where it is not scheduled. */
  #reapTimes(): (number | null)[] {
    const { work_struct, timer_list, machine } = this.#k;
    return machine.cpus.map(({ id }) => {
      const work = this.#k.perCpuOf(this.#k.per_cpu__reap_work, id);
      if ((machine.memory.peek32(work + work_struct.pending) & 1) === 0) return null;
      return machine.memory.peek32(work + work_struct.timer + timer_list.expires);
    });
  }

  /** The timer is over: the work is about to run, on its CPU. */
  unschedule(cpu: number): void {
    const { work_struct, timer_list } = this.#k;
    const work = this.#k.perCpuOf(this.#k.per_cpu__reap_work, cpu);
    const { memory } = this.machine;
    const entry = work + work_struct.timer + timer_list.entry;
    const next = memory.peek32(entry + list_head.next);
    if (next !== NULL) {
      const prev = memory.peek32(entry + list_head.prev);
      memory.poke32(prev + list_head.next, next);
      memory.poke32(next + list_head.prev, prev);
      memory.poke32(entry + list_head.next, NULL);
    }
    memory.poke32(work + work_struct.pending, 0);
  }

  /** The end of a grace period: runs all callbacks that wait, in order; how many. */
  *runCallbacks(cpu: Cpu): Program<number> {
    const k = this.#k;
    const { rcu_head } = k.config.abi;
    const { rcu_data } = k;
    const { memory } = this.machine;
    let count = 0;
    for (const { id } of this.machine.cpus) {
      const rdp = k.perCpuOf(k.per_cpu__rcu_data, id);
      let head = memory.peek32(rdp + rcu_data.nxtlist);
      memory.poke32(rdp + rcu_data.nxtlist, NULL);
      memory.poke32(rdp + rcu_data.nxttail, rdp + rcu_data.nxtlist);
      for (; head !== NULL; count++) {
        const next = cpu.loadPtr(head + rcu_head.next);
        yield* k.functionAt(cpu.loadPtr(head + rcu_head.func))(cpu, head);
        head = next;
      }
    }
    this.#queued = 0;
    return count;
  }

  /** Ticks for a grace period within one operation; jiffies stay as they are. */
  *withTicks<T>(program: Program<T>): Program<T> {
    const { machine, jiffies } = this.#k;
    const { memory, scheduler, cpus } = machine;
    const now = memory.peek32(jiffies);
    const from = Math.max(...cpus.map(({ clock }) => clock));
    for (let tick = 1; tick <= GRACE_TICKS; tick++) {
      const time = from + tick * TICK_CYCLES;
      scheduler.at(time, () => {
        for (const cpu of cpus) cpu.apic.post(LOCAL_TIMER_VECTOR, time);
      });
    }
    const result = yield* program;
    memory.poke32(jiffies, now);
    return result;
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
    .replace(/^Kernel panic - not syncing: /, '')
    .replace(/\[<[0-9a-f]+>\]/g, '[<CODE>]')
    .replace(/redzone 2:0x(804[0-9a-f]{4}|20[0-9a-f]{4})\b/, 'redzone 2:CODE')
    .replace(/redzone 2:0x[0-9a-f]{1,2}170fc2\b/, 'redzone 2:CODE, 170fc2');

/** The same for bytes in hex: words that hold an address of code. */
export const maskedBytes = (hex: string) =>
  (hex.match(/.{1,8}/g) ?? []).map((word) => (/^[0-9a-f]{4}(0408|2000)$/.test(word) ? '(CODE)' : word)).join('');

/** Functions of slab.c that the recording's compiler put into others, whose names stand in their place. */
const inlinedInto: Readonly<Record<string, string>> = {
  alloc_slabmgmt: 'cache_alloc_refill',
  setup_cpu_cache: 'kmem_cache_create',
  alloc_kmemlist: 'do_tune_cpucache',
};

/** The text of slab_allocators: within a cache in no order, since that is by addresses of code. */
export const leaksTold = (text: string) =>
  text
    .split('\n')
    .map((line) =>
      line.replace('.constprop.0+', '+').replace(/ (\w+)\+/, (_, fn: string) => ` ${inlinedInto[fn] ?? fn}+`),
    )
    .map((line, _, lines) => ({ line, of: lines.findIndex((each) => each.split(':')[0] === line.split(':')[0]) }))
    .toSorted((a, b) => a.of - b.of || (a.line < b.line ? -1 : 1))
    .map(({ line }) => line)
    .join('\n');
