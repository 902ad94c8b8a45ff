/**
 * Replays a recording of the compiled 2.4.22 kernel (golden/linux-2.4.22, case-*.jsonl), one operation at a time, and
 * compares every result: return values, addresses, texts, snapshots, messages, BUG()s.
 *
 * Replay is one legal schedule: one program at a time, from process context with interrupts on.
 */

import { InputError } from '../../base/input-error.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { cpuModels } from '../../hw/cpu-models.ts';
import { Machine } from '../../hw/machine.ts';
import { type addr_t, MiB, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { Lockup } from '../../hw/watchdog.ts';
import { KernelBug } from '../../kernel/bug.ts';
import type { KernelFunction } from '../../kernel/kernel.ts';
import { GFP_KERNEL } from '../../mm/linux-2.4.22/gfp.ts';
import { alloc_pages, free_pages } from '../../mm/linux-2.4.22/page-alloc.ts';
import { mem_init } from '../../mm/linux-2.4.22/power-on.ts';
import { kmem_cache_alloc } from '../../slab/linux-2.4.22/alloc.ts';
import { powerOn, start_kernel } from '../../slab/linux-2.4.22/boot.ts';
import type { SlabConfig } from '../../slab/linux-2.4.22/config.ts';
import { kmem_cache_create, kmem_cache_size } from '../../slab/linux-2.4.22/create.ts';
import { kmem_cache_free } from '../../slab/linux-2.4.22/free.ts';
import { kmem_cache_init, kmem_cache_sizes_init, kmem_cpucache_init } from '../../slab/linux-2.4.22/init.ts';
import { cacheChain, peekName } from '../../slab/linux-2.4.22/inspect.ts';
import { kfree, kmalloc } from '../../slab/linux-2.4.22/kmalloc.ts';
import { kmem_cache_reap } from '../../slab/linux-2.4.22/reap.ts';
import { kmem_cache_destroy, kmem_cache_shrink } from '../../slab/linux-2.4.22/shrink.ts';
import type { Linux2422 } from '../../slab/linux-2.4.22/slab.ts';
import { readSlabinfo } from '../../slab/linux-2.4.22/slabinfo.ts';
import { slabinfo_write } from '../../slab/linux-2.4.22/tune.ts';
import { type CaseOutcome, Comparison, skippedCase } from './outcome.ts';
import { buddySnapshot, chainSnapshot, hex, stateSnapshot } from './snapshots-2.4.22.ts';
import { type RecordedTouch, TouchComparison, type TouchSummary } from './touched.ts';

/** The first line of a case. */
export interface CaseHeader {
  readonly kind: 'header';
  readonly allocator: string;
  readonly case: string;
  readonly smp: boolean;
  readonly cpus: number;
  readonly nr_cpus: number;
  readonly l1_cache_bytes: number;
  readonly debug: boolean;
  readonly memory_mb: number;
  readonly reserved_pfns: readonly (readonly [number, number])[];
  readonly spinlock_bytes: 0 | 4;
}

/** One recorded operation: what it was called with, and what came of it. */
interface Recorded {
  readonly i: number;
  readonly op: string;
  readonly cpu?: number;
  readonly [field: string]: unknown;
}

/** What an operation was called with; everything else in its line is a result. */
const inputs: Record<string, readonly string[]> = {
  power_on: [],
  kmem_cache_init: [],
  mem_init: [],
  kmem_cache_sizes_init: [],
  kmem_cpucache_init: [],
  cache_create: ['name', 'size', 'offset', 'flags', 'ctor', 'dtor'],
  destroy: ['cache'],
  shrink: ['cache'],
  alloc: ['cache', 'id', 'gfp'],
  free: ['cache', 'id'],
  kmalloc: ['id', 'size', 'gfp'],
  kfree: ['id'],
  reap: ['gfp'],
  alloc_pages: ['id', 'order', 'gfp'],
  free_pages: ['id', 'order'],
  tune: ['text'],
  cache_size: ['cache'],
  poke: ['id', 'off', 'len', 'byte'],
  peek: ['id', 'off', 'len'],
  free_raw: ['cache', 'addr', 'addr_of', 'plus'],
  kfree_raw: ['addr'],
  hook_next_ctor: ['do', 'cache', 'arg'],
  set_irq_count: ['target_cpu', 'count'],
  slabinfo: [],
  state: ['cache'],
  chain: [],
  buddy: [],
};

export function configOf(header: CaseHeader): SlabConfig {
  return {
    CONFIG_SMP: header.smp,
    CONFIG_DEBUG_SLAB: header.debug,
    NR_CPUS: header.nr_cpus,
    L1_CACHE_BYTES: header.l1_cache_bytes,
    spinlockBytes: header.spinlock_bytes,
    colouring: true,
  };
}

/** A machine as the recording had it, with the kernel's statics in memory of their own above its RAM. */
export function powerOnFor(header: CaseHeader): Linux2422 {
  const ram = header.memory_mb * MiB;
  const statics = 4 * MiB;
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: header.cpus, memory: ram + statics });
  return powerOn(machine, configOf(header), { ram, reservedPfns: header.reserved_pfns, staticsAt: ram });
}

/** What tells one kernel build and machine from another where no recording fixes the addresses. */
export type Build = Omit<CaseHeader, 'kind' | 'allocator' | 'case' | 'reserved_pfns' | 'spinlock_bytes'>;

/** A booted kernel, reserving what the recordings reserve, as gcc 2.95 built it: a uniprocessor's spinlock_t has a member. */
export function bootBuild(build: Build): Linux2422 {
  const k = powerOnFor({
    ...build,
    kind: 'header',
    allocator: '2.4.22',
    case: '',
    reserved_pfns: [
      [0, 0],
      [160, 767],
    ],
    spinlock_bytes: 4,
  });
  k.machine.run(k.machine.cpus[0], start_kernel(k, k.machine.cpus[0]));
  return k;
}

/**
 * Runs the case in `lines` (the first is the header); `file` names it in messages. With `touch` the memory touched by each
 * operation is compared too, in a second outcome, which passes when the line sets of 99 % of the operations agree.
 */
export function verifyLinuxCase(lines: readonly string[], file: string, touch = false): CaseOutcome[] {
  const header = parseLine(lines[0] ?? '', file, 1) as unknown as CaseHeader;
  if (header.kind !== 'header') {
    throw new InputError(`${file}:1`, 'no header', 'the first line of a case is {"kind":"header",...}');
  }
  const name = `linux-${header.allocator}/${header.case}`;
  if (header.allocator !== '2.4.22') return [skippedCase(name, `kernel ${header.allocator} is not built yet`)];

  const recorded = lines.slice(1).flatMap((line, i) => (line === '' ? [] : [parseLine(line, file, i + 2)]));
  const unknown = recorded.find(({ op }) => inputs[op] === undefined);
  if (unknown !== undefined) return [skippedCase(name, `operation ${unknown.op} is not built yet`)];

  const comparison = new Comparison(name, 'operations');
  // cache_size was recorded as a snapshot: its list is empty, though kmem_cache_size() reads two fields.
  const touches = touch ? new TouchComparison(header.l1_cache_bytes) : null;
  const replay = new Replay(header, touches);
  for (const operation of recorded) {
    const { i, op, cpu: _, touch: touched, ...rest } = operation;
    const given = new Set(inputs[op]);
    const expected = Object.fromEntries(Object.entries(rest).filter(([field]) => !given.has(field)));
    touches?.begin();
    const got = replay.perform(operation);
    if (touched !== undefined && op !== 'cache_size') touches?.compare(replay.kernel, op, touched as RecordedTouch[]);
    comparison.compare(() => `operation ${i}: ${op} ${describeInputs(operation)}`, sorted(expected), sorted(got));
  }
  return touches === null ? [comparison.outcome()] : [comparison.outcome(), touchOutcome(name, touches.summary())];
}

/** The share of operations with equal sets, and where words differ most. */
function touchOutcome(name: string, { operations, equalLines, equalWords, differences }: TouchSummary): CaseOutcome {
  const caseName = `${name} touch`;
  if (operations === 0)
    return skippedCase(caseName, 'no operation of this case was recorded with the memory it touched');
  const percent = (count: number) => `${((100 * count) / operations).toFixed(1)} %`;
  const most = differences.slice(0, 5).map(({ what, count }) => `${count} x ${what}`);
  const detail = `equal lines ${percent(equalLines)}, equal words ${percent(equalWords)}${most.map((line) => `\n  ${line}`).join('')}`;
  const enough = equalLines >= 0.99 * operations;
  return {
    name: caseName,
    compared: operations,
    unit: 'operations',
    differences: enough ? 0 : operations - equalLines,
    first: enough ? null : { where: 'line sets', expected: '99 % of the operations or more', got: percent(equalLines) },
    skipped: null,
    detail,
  };
}

function parseLine(line: string, file: string, number: number): Recorded {
  try {
    return JSON.parse(line) as Recorded;
  } catch {
    throw new InputError(`${file}:${number}`, 'not a JSON line', 'each line of a case is one JSON object');
  }
}

const sorted = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));

const describeInputs = (operation: Recorded) =>
  (inputs[operation.op] ?? []).map((field) => `${field}=${JSON.stringify(operation[field])}`).join(' ');

/** The fourth yield() of one operation: with nobody else to free memory it would go on for ever. */
class Livelock extends Error {
  constructor() {
    super('livelock: __alloc_pages yields and retries forever');
  }
}

class Replay {
  readonly #header: CaseHeader;
  readonly #touches: TouchComparison | null;
  #k: Linux2422;
  readonly #objects = new Map<number, addr_t>();
  #calls: unknown[] = [];
  /** What the next constructor call does besides, and what came of such operations. */
  #hook: Recorded | null = null;
  #nested: unknown[] = [];
  /** Of the operation: where a task without memory gave way, and what was tried to get some. */
  #yields = 0;
  #reclaims = 0;

  constructor(header: CaseHeader, touches: TouchComparison | null) {
    this.#header = header;
    this.#touches = touches;
    this.#k = this.#powerOn();
    touches?.watch(this.#k.machine);
  }

  #powerOn(): Linux2422 {
    const k = powerOnFor(this.#header);
    const { scheduler } = k.machine;
    const { try_to_free_pages_zone } = k;
    k.try_to_free_pages_zone = (cpu, gfp_mask) => {
      this.#reclaims++;
      return try_to_free_pages_zone(cpu, gfp_mask);
    };
    const giveWay = scheduler.giveWay.bind(scheduler);
    scheduler.giveWay = (cpu) => {
      if (++this.#yields === 4) throw new Livelock();
      giveWay(cpu);
    };
    return k;
  }

  get kernel(): Linux2422 {
    return this.#k;
  }

  /** Performs one operation; its results under the names of the recording. */
  perform(operation: Recorded): Record<string, unknown> {
    const { op } = operation;
    if (op === 'power_on') {
      this.#k = this.#powerOn();
      this.#touches?.watch(this.#k.machine);
      return {};
    }
    const k = this.#k;
    const cpu = k.machine.cpus[operation.cpu!];
    if (op === 'state') return stateSnapshot(k, this.#cache(operation.cache));
    if (op === 'chain') return chainSnapshot(k);
    if (op === 'buddy') return buddySnapshot(k);

    const printed = k.log.length;
    this.#calls = [];
    this.#nested = [];
    this.#yields = 0;
    this.#reclaims = 0;
    const results = this.#run(cpu, operation);
    if (k.log.length > printed) results.printk = k.log.slice(printed);
    if (this.#reclaims > 0) results.try_to_free_pages_zone_calls = this.#reclaims;
    if (this.#calls.length > 0) results.calls = this.#calls;
    if (this.#nested.length > 0) results.nested = this.#nested;
    return results;
  }

  #run(cpu: Cpu, operation: Recorded): Record<string, unknown> {
    const { machine } = this.#k;
    try {
      return machine.run(cpu, this.#program(cpu, operation));
    } catch (error) {
      machine.scheduler.abandon();
      if (error instanceof KernelBug) return { bug: error.place, cond: error.condition, fn: error.fn };
      if (error instanceof Livelock) return { bug: error.message };
      if (error instanceof Lockup) return { bug: 'deadlock: spin_lock on a held lock' };
      throw error;
    }
  }

  *#program(cpu: Cpu, operation: Recorded): Program<Record<string, unknown>> {
    const k = this.#k;
    const { id, order, gfp, size } = operation as unknown as Record<'id' | 'order' | 'gfp' | 'size', number>;
    switch (operation.op) {
      case 'kmem_cache_init':
        kmem_cache_init(k, cpu);
        return { ret: null };
      case 'mem_init':
        return { ret: yield* mem_init(k, cpu) };
      case 'kmem_cache_sizes_init':
        yield* kmem_cache_sizes_init(k, cpu);
        return { ret: null };
      case 'kmem_cpucache_init':
        return { ret: yield* kmem_cpucache_init(k, cpu) };
      case 'cache_create':
        return { ret: address(yield* this.#create(cpu, operation)) };
      case 'destroy':
        return { ret: yield* kmem_cache_destroy(k, cpu, this.#cache(operation.cache)) };
      case 'shrink':
        return { ret: yield* kmem_cache_shrink(k, cpu, this.#cache(operation.cache)) };
      case 'alloc':
        return this.#keep(id, yield* kmem_cache_alloc(k, cpu, this.#cache(operation.cache), gfp));
      case 'free':
        yield* kmem_cache_free(k, cpu, this.#cache(operation.cache), this.#objects.get(id)!);
        return { ret: null };
      case 'kmalloc':
        return this.#keep(id, yield* kmalloc(k, cpu, size, gfp));
      case 'kfree':
        yield* kfree(k, cpu, id === null ? NULL : this.#objects.get(id)!);
        return { ret: null };
      case 'reap': {
        const ret = yield* kmem_cache_reap(k, cpu, gfp);
        return { ret, clock: chainSnapshot(k).clock_searchp };
      }
      case 'alloc_pages': {
        const page = yield* alloc_pages(k, cpu, gfp, order);
        return this.#keep(id, page === NULL ? NULL : k.pfnOf(page) << PAGE_SHIFT);
      }
      case 'free_pages':
        yield* free_pages(k, cpu, this.#objects.get(id)!, order);
        return { ret: null };
      case 'tune':
        return { ret: yield* slabinfo_write(k, cpu, operation.text as string) };
      case 'cache_size':
        return { ret: kmem_cache_size(k, cpu, this.#cache(operation.cache)) };
      case 'poke': {
        const { off, len, byte } = operation as unknown as Record<'off' | 'len' | 'byte', number>;
        const start = this.#objects.get(id)! + off;
        k.machine.memory.bytes.fill(byte, start, start + len);
        return { ret: null };
      }
      case 'peek': {
        const { off, len } = operation as unknown as Record<'off' | 'len', number>;
        const start = this.#objects.get(id)! + off;
        const bytes = [...k.machine.memory.bytes.subarray(start, start + len)];
        return { hex: bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('') };
      }
      case 'free_raw': {
        const { addr, addr_of, plus } = operation as unknown as { addr?: string; addr_of: number; plus: number };
        const objp = addr === undefined ? this.#objects.get(addr_of)! + plus : Number(addr);
        yield* kmem_cache_free(k, cpu, this.#cache(operation.cache), objp);
        return { ret: null };
      }
      case 'kfree_raw':
        yield* kfree(k, cpu, Number(operation.addr));
        return { ret: null };
      case 'hook_next_ctor':
        this.#hook = operation;
        return { ret: null };
      case 'set_irq_count': {
        const stat = k.irq_stat + (operation.target_cpu as number) * k.irq_cpustat_t.sizeof;
        k.machine.memory.poke32(stat + k.irq_cpustat_t.__local_irq_count, operation.count as number);
        return { ret: null };
      }
      case 'slabinfo':
        return { text: yield* readSlabinfo(k, cpu) };
      default:
        throw new Error(`no replay of ${operation.op}`);
    }
  }

  #create(cpu: Cpu, operation: Recorded): Program<addr_t> {
    const { name, size, offset, flags } = operation as unknown as {
      name: string | null;
      size: number;
      offset: number;
      flags: number;
    };
    const recording = (kind: string, present: unknown): KernelFunction | null => {
      if (present !== true) return null;
      return (cpu, objp, _, flags) => this.#recordCall(cpu, kind, objp!, flags!);
    };
    const ctor = recording('ctor', operation.ctor);
    const dtor = recording('dtor', operation.dtor);
    return kmem_cache_create(this.#k, cpu, name, size, offset, flags, ctor, dtor);
  }

  *#recordCall(cpu: Cpu, kind: string, objp: addr_t, flags: number): Program {
    this.#calls.push([kind, hex(objp), flags]);
    const hook = this.#hook;
    if (kind !== 'ctor' || hook === null) return;
    this.#hook = null;
    yield* this.#nestedOperation(cpu, hook);
  }

  /** One operation from inside a constructor. */
  *#nestedOperation(cpu: Cpu, { do: op, cache, arg }: Recorded): Program {
    const k = this.#k;
    const number = arg as number;
    const performed: Record<string, unknown> = { op };
    switch (op) {
      case 'reap':
        performed.flags = number;
        performed.ret = yield* kmem_cache_reap(k, cpu, number);
        break;
      case 'alloc':
        performed.cache = cache;
        performed.id = number;
        performed.ret = this.#keep(number, yield* kmem_cache_alloc(k, cpu, this.#cache(cache), GFP_KERNEL)).ret;
        break;
      case 'shrink':
        performed.cache = cache;
        performed.ret = yield* kmem_cache_shrink(k, cpu, this.#cache(cache));
        break;
      default:
        performed.cache = cache;
        performed.ret = yield* kmem_cache_destroy(k, cpu, this.#cache(cache));
    }
    this.#nested.push(performed);
  }

  /** The cache of a name that the case uses: the newest of that name. */
  #cache(name: unknown): addr_t {
    if (name === null) return NULL;
    return cacheChain(this.#k).find((cachep) => peekName(this.#k, cachep) === name)!;
  }

  #keep(id: number, objp: addr_t): Record<string, unknown> {
    if (objp !== NULL) this.#objects.set(id, objp);
    return { ret: address(objp) };
  }
}

const address = (value: addr_t) => (value === NULL ? null : hex(value));
