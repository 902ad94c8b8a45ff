/**
 * The names under which recordings of 2.4 tell accesses, and addresses here. Left out, as in the recordings: prefetches, the
 * stack, and what a cross-CPU call itself touches (call_lock, call_data, its reading of smp_num_cpus): there the recorded
 * kernel had a stand-in that ran the function on this CPU, then on the others in ascending order.
 */
import type { addr_t } from '../../../hw/memory.ts';
import type { AccessKind } from '../../../hw/observe.ts';
import { placeAt } from '../../../slab/linux-2.4/places.ts';
import { cache_sizes_t, type Slab24 } from '../../../slab/linux-2.4/slab.ts';
import type { Access, RecordedTouch } from '../accesses.ts';
import { type OperationKind, Unresolved } from '../recording.ts';
import type { Recorded24 } from './recorded.ts';

const kinds: Readonly<Record<string, AccessKind>> = { r: 'r', w: 'w', rw: 'x' };

export class TouchNames {
  readonly #k: Slab24;
  /** Where the task_struct ends, and the kernel stack begins. */
  readonly #stackAt: number;
  readonly #addresses = new Map<string, addr_t>();

  constructor(k: Slab24, { structures }: Recorded24) {
    this.#k = k;
    this.#stackAt = structures(k.config).task_struct.sizeof;
  }

  /** The recorded accesses of an operation on `cpu`, at the addresses of this kernel. */
  recorded(cpu: number, touch: readonly RecordedTouch[]): Access[] {
    const entries = touch.filter(([kind]) => kind !== 'p');
    const cpus = performers(cpu, entries);
    return entries.map(([kind, bytes, where], i) => {
      const address = this.#addressOf(where);
      if (address + bytes > this.#k.machine.memory.size) throw noPlace(where);
      return { cpu: cpus[i], kind: kinds[kind], address, bytes };
    });
  }

  /** Of this kernel's own accesses those that recordings do not leave out. */
  comparable(accesses: readonly Access[]): Access[] {
    const kept: Access[] = [];
    // Whether what comes next, the stack aside, is a cross-CPU call's: then it was smp_call_function() that read smp_num_cpus.
    let callsNext = false;
    for (const access of accesses.toReversed()) {
      const own = this.#ownerOf(access.address);
      if (own === 'stack') continue;
      if (own === 'call') callsNext = true;
      else {
        if (!callsNext || access.address !== this.#k.smp_num_cpus) kept.push(access);
        callsNext = false;
      }
    }
    return kept.reverse();
  }

  #ownerOf(address: addr_t): 'stack' | 'call' | null {
    if (address < this.#k.layout.staticsAt) return null;
    const symbol = this.#k.symbols.find(address);
    if (symbol === null) return null;
    const { name, offset } = symbol;
    if (name === 'call_lock' || name === 'call_data') return 'call';
    return name.startsWith('task[') && offset >= this.#stackAt ? 'stack' : null;
  }

  /** `symbol+0x10`, `mem_map[7]+0x4`, or a physical address. */
  #addressOf(where: string): addr_t {
    const known = this.#addresses.get(where);
    if (known !== undefined) return known;
    const [, name, offset] = /^(?:(.+)\+)?0x([0-9a-f]{1,8})$/.exec(where) ?? [];
    if (offset === undefined) throw noPlace(where);
    const address = (name === undefined ? 0 : this.#baseOf(name, where)) + Number.parseInt(offset, 16);
    this.#addresses.set(where, address);
    return address;
  }

  #baseOf(name: string, where: string): addr_t {
    const k = this.#k;
    const [, array, index] = /^(cache_sizes|irq_stat|mem_map|zone)\[(\d+)\]$/.exec(name) ?? [];
    if (array === 'zone') return k.zone(Number(index));
    if (array === 'mem_map') return k.pageAt(Number(index));
    if (array === 'cache_sizes') return k.cache_sizes + Number(index) * cache_sizes_t.sizeof;
    if (array === 'irq_stat') return k.irq_stat + Number(index) * k.irq_cpustat_t.sizeof;
    const symbol = name === 'hm_kswapd' ? 'task[kswapd]' : name;
    if (!k.symbols.has(symbol)) throw noPlace(where);
    return k.symbols.address(symbol);
  }

  /** What an operation of this kind was, by what was recorded of it. */
  kindOf(op: string, recorded: readonly Access[]): OperationKind | null {
    // Recorded as a snapshot, with an empty list, though kmem_cache_size() reads two fields.
    if (op === 'cache_size') return null;
    if (this.#k.config.CONFIG_DEBUG_SLAB) return { name: `${op}, debug build`, bar: 'none' };
    const way = waysOf[op] === undefined ? null : this.#way(recorded);
    if (way === null) return { name: op, bar: 'most' };
    return { name: `${op} ${waysOf[op][way]}`, bar: hot.has(way) ? 'all' : 'most' };
  }

  /** Which way of allocation or freeing it went; null if it came to no cache. */
  #way(recorded: readonly Access[]): Way | null {
    const k = this.#k;
    if (!recorded.some(({ address }) => address < k.layout.staticsAt)) return null;
    const end = k.contig_page_data + k.pg_data_t.sizeof;
    if (recorded.some(({ address }) => address >= k.contig_page_data && address < end)) return 'grow';
    if (!k.config.CONFIG_SMP) return 'up';
    if (!recorded.some(({ kind }) => kind === 'x')) return 'array';
    return recorded.some(({ address }) => this.tell(address) === 'kmem_cache_t.batchcount') ? 'batch' : 'lock';
  }

  tell(address: addr_t): string {
    return placeAt(this.#k, address).field;
  }
}

type Way = 'array' | 'batch' | 'lock' | 'grow' | 'up';
const allocation: Readonly<Record<Way, string>> = {
  array: 'served by an array',
  batch: 'with a refill',
  lock: 'without an array',
  grow: 'with a new slab',
  up: 'on UP',
};
const freeing = { ...allocation, batch: 'with a flush' };
const waysOf: Readonly<Record<string, typeof allocation>> = {
  alloc: allocation,
  kmalloc: allocation,
  free: freeing,
  kfree: freeing,
};
const hot: ReadonlySet<Way> = new Set<Way>(['array', 'batch', 'up']);

const noPlace = (where: string) =>
  new Unresolved(`no place ${JSON.stringify(where)}`, 'a place is an address of memory, or a symbol with an offset');

/**
 * Which CPU made each access. Recordings name it only where it touches its task_struct: what another CPU did in a cross-CPU call
 * begins and ends with that, and this CPU's own part begins with its own.
 */
function performers(cpu: number, entries: readonly RecordedTouch[]): number[] {
  const tasks = entries.map(([, , where]) => (where.startsWith('task[') ? Number.parseInt(where.slice(5), 10) : null));
  const next: (number | null)[] = [];
  for (let i = tasks.length - 1; i >= 0; i--) next[i] = tasks[i] ?? next[i + 1] ?? null;
  let last: number | null = null;
  return tasks.map((task, i) => {
    last = task ?? last;
    return last !== null && last === next[i] ? last : cpu;
  });
}
