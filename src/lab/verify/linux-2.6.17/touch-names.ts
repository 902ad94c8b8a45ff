/**
 * The names under which recordings of 2.6.17 tell accesses, and addresses here. Left out, as in the recordings: prefetches, the
 * stack with all of thread_info but preempt_count, the table of per-CPU offsets, and what cross-CPU calls, timers, RCU and CPU
 * hotplug touch, for which the recorded kernel had stand-ins.
 */
import { type addr_t, NULL } from '../../../hw/memory.ts';
import type { AccessKind } from '../../../hw/observe.ts';
import { PER_CPU_SECTION } from '../../../kernel/linux-2.6/percpu-areas.ts';
import { task_struct, thread_info } from '../../../kernel/linux-2.6/thread-info.ts';
import type { Role } from '../../../slab/allocator.ts';
import { placeAt } from '../../../slab/linux-2.6.17/places.ts';
import type { Linux2617 } from '../../../slab/linux-2.6.17/slab.ts';
import type { Access, RecordedTouch } from '../accesses.ts';
import { type OperationKind, Unresolved } from '../recording.ts';

const kinds: Readonly<Record<string, AccessKind>> = { r: 'r', w: 'w', rw: 'x' };

const leftOut = new Set([
  '__per_cpu_offset',
  'cpu_2_node',
  'call_lock',
  'call_data',
  'cpucontrol',
  'cpu_chain',
  'cpucache_notifier',
  'page_alloc_cpu_notifier',
  'pageset_notifier',
  'keventd_wq',
  'irq_stat',
  'rcu_ctrlblk',
]);

export class TouchNames {
  readonly #k: Linux2617;
  readonly #addresses = new Map<string, addr_t>();

  constructor(k: Linux2617) {
    this.#k = k;
  }

  /** The recorded accesses of an operation on `cpu`, at the addresses of this kernel. */
  recorded(cpu: number, touch: readonly RecordedTouch[]): Access[] {
    const accesses = touch
      .filter(([kind]) => kind !== 'p' && kind !== 'pw')
      .map(([kind, bytes, where]): Access => {
        return { cpu, kind: kinds[kind], address: this.#addressOf(cpu, where), bytes };
      });
    let performer = cpu;
    return accesses.map((access, i) => {
      performer = this.#callTo(access, accesses[i + 1]) ?? performer;
      return { ...access, cpu: performer };
    });
  }

  /**
   * The CPU that from here on runs what all CPUs are told to; this one has its turn last. Recordings do not name it, but all
   * such functions of slab.c begin with the array of the CPU that runs them, and nobody else reads it but to free it.
   */
  #callTo({ kind, address }: Access, next: Access | undefined): number | null {
    const k = this.#k;
    if (kind === 'w' || address >= k.layout.staticsAt || next?.address === k.mem_map_ptr) return null;
    const { field, offset } = placeAt(k, address);
    return field === 'kmem_cache.array' ? (offset - k.kmem_cache.array) / k.BYTES_PER_WORD : null;
  }

  comparable(accesses: readonly Access[]): Access[] {
    const running = accesses[0]?.cpu;
    return accesses
      .filter(
        (access, i) =>
          !this.#isLeftOut(access, running) &&
          !this.#countsCpus(access, accesses[i - 1]) &&
          !this.#ofTimers(access, accesses[i + 1], running),
      )
      .map((access) => this.#withoutIdleTask(access));
  }

  /** The recorded CPU has one task, which is current while it waits; here the CPU idles meanwhile, with a task of its own. */
  #withoutIdleTask(access: Access): Access {
    const k = this.#k;
    if (access.address < k.layout.staticsAt) return access;
    const { name, offset } = k.symbols.find(access.address) ?? { name: '', offset: 0 };
    const [, what, cpu] = /^(\w+)\[swapper\/(\d+)\]$/.exec(name) ?? [];
    return cpu === undefined ? access : { ...access, address: k.symbols.address(`${what}[${cpu}]`) + offset };
  }

  /** smp_call_function() counts the CPUs once it has call_lock. */
  #countsCpus({ address }: Access, before: Access | undefined): boolean {
    const k = this.#k;
    return address === k.cpu_online_map && before?.address === k.call_lock;
  }

  /** Timers read jiffies for their own wheel, a tick for counting. */
  #ofTimers({ address, kind }: Access, next: Access | undefined, running: number): boolean {
    if (address !== this.#k.jiffies) return false;
    return kind !== 'r' || (next !== undefined && (next.address === address || this.#isLeftOut(next, running)));
  }

  #isLeftOut({ cpu, address, kind }: Access, running: number): boolean {
    const k = this.#k;
    if (address < k.layout.staticsAt) return false;
    const { name, offset } = k.symbols.find(address) ?? { name: '', offset: 0 };
    // Of preempt_count what in_interrupt() reads: the handlers of other CPUs count it up and down.
    if (name.startsWith('task_struct[')) return offset === task_struct.state;
    if (name.startsWith('stack[')) return offset !== thread_info.preempt_count || kind !== 'r' || cpu !== running;
    if (name.startsWith('per_cpu_area[') || name === PER_CPU_SECTION) return this.#isLeftOutPerCpu(offset, kind);
    // A CPU that comes up enters the masks itself.
    if (kind !== 'r' && (name === 'cpu_online_map' || name === 'node_2_cpu_mask')) return true;
    return leftOut.has(name);
  }

  /** Of what stands for each CPU, recordings tell the page counts, the node of cache_reap(), and how its work is set up. */
  #isLeftOutPerCpu(at: number, kind: AccessKind): boolean {
    const k = this.#k;
    const section = k.symbols.address(PER_CPU_SECTION);
    const within = (variable: addr_t, size: number) => at >= variable - section && at < variable - section + size;
    if (within(k.per_cpu__page_states, k.page_state.sizeof)) return false;
    if (k.per_cpu__reap_node !== NULL && within(k.per_cpu__reap_node, k.config.abi.long.sizeof)) return false;
    const { wq_data, func } = k.work_struct;
    if (!within(k.per_cpu__reap_work, wq_data)) return true;
    // INIT_WORK() stores, and start_cpu_timer() asks for the function; all else is the work queue's.
    return kind !== 'w' && at !== k.per_cpu__reap_work - section + func;
  }

  #addressOf(cpu: number, where: string): addr_t {
    const key = where.startsWith('current') || where.startsWith('thread_info') ? `${cpu}:${where}` : where;
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const [, name, offset] = /^(?:(.+)\+)?0x([0-9a-f]{1,8})$/.exec(where) ?? [];
    if (offset === undefined) throw noPlace(where);
    const address = (name === undefined ? 0 : this.#baseOf(cpu, name, where)) + Number.parseInt(offset, 16);
    this.#addresses.set(key, address);
    return address;
  }

  #baseOf(cpu: number, name: string, where: string): addr_t {
    const k = this.#k;
    if (name === 'current') return k.symbols.address(`task_struct[${cpu}]`);
    if (name === 'thread_info') return k.symbols.address(`stack[${cpu}]`);
    if (name === 'mem_map') return k.mem_map_ptr;
    const [, node, part] = /^node(\d)\.(pgdat|zone\d)$/.exec(name) ?? [];
    if (part === 'pgdat') return k.node_data[Number(node)];
    if (part !== undefined) return k.zone(Number(node), Number(part.slice(4)));
    const [, variable, index] = /^per_cpu__(\w+?)(?:\[(\d+)\])?$/.exec(name) ?? [];
    if (variable !== undefined) return k.perCpuOf(k.perCpuVariable(variable), Number(index ?? 0));
    const [, array, element] = /^(mem_map|malloc_sizes|initkmem_list3|boot_pageset)\[(\d+)\]$/.exec(name) ?? [];
    const i = Number(element);
    if (array === 'mem_map') return k.pageAt(i);
    if (array === 'malloc_sizes') return k.malloc_sizes + i * k.cache_sizes.sizeof;
    if (array === 'initkmem_list3') return k.initkmem_list3 + i * k.kmem_list3.sizeof;
    if (array === 'boot_pageset') return k.symbols.address(array) + i * k.per_cpu_pageset.sizeof;
    if (!k.symbols.has(name)) throw noPlace(where);
    return k.symbols.address(name);
  }

  /** What an operation of this kind was, by what was recorded of it. */
  kindOf(op: string, recorded: readonly Access[]): OperationKind | null {
    if (this.#k.config.CONFIG_DEBUG_SLAB) return { name: `${op}, debug build`, bar: 'none' };
    const way = waysOf[op] === undefined ? null : this.#way(recorded);
    if (way === null) return { name: op, bar: 'most' };
    return { name: `${op} ${waysOf[op][way]}`, bar: way === 'array' ? 'all' : 'most' };
  }

  /** Which way of allocation or freeing it went; null if it came to no cache. */
  #way(recorded: readonly Access[]): Way | null {
    if (!recorded.some(({ address }) => address < this.#k.layout.staticsAt)) return null;
    const places = recorded.map(({ address }) => placeAt(this.#k, address));
    const touched = (...kinds: readonly Role[]) => places.some(({ kind }) => kinds.includes(kind));
    if (touched('zone', 'per-CPU pages')) return 'pages';
    if (places.some(({ field }) => field === 'kmem_list3.alien')) return 'alien';
    return touched('slab lists') ? 'batch' : 'array';
  }

  tell(address: addr_t): string {
    return placeAt(this.#k, address).field;
  }
}

type Way = 'array' | 'batch' | 'alien' | 'pages';
const allocation: Readonly<Record<Way, string>> = {
  array: 'served by an array',
  batch: 'with a refill',
  alien: 'with a refill',
  pages: 'with a new slab',
};
const freeing = { array: 'into an array', batch: 'with a flush', alien: 'of another node', pages: 'with a slab freed' };
const waysOf: Readonly<Record<string, typeof allocation>> = {
  alloc: allocation,
  zalloc: allocation,
  alloc_node: allocation,
  kmalloc: allocation,
  kzalloc: allocation,
  kmalloc_node: allocation,
  free: freeing,
  kfree: freeing,
};

const noPlace = (where: string) =>
  new Unresolved(`no place ${JSON.stringify(where)}`, 'a place is an address of memory, or a symbol with an offset');
