/**
 * A kernel version for tests: first fit on one list, under one lock. It proves what a version needs: this folder, and a row
 * in the table. All memory is blocks, one behind the other, each with a header; the free ones are a list in order of address.
 */
import { InputError } from '../../../src/base/input-error.ts';
import type { Cpu, InterruptHandler, Program } from '../../../src/hw/cpu.ts';
import type { Machine } from '../../../src/hw/machine.ts';
import { type addr_t, MiB, NULL, PAGE_SHIFT, PAGE_SIZE } from '../../../src/hw/memory.ts';
import type { KernelConfig } from '../../../src/kernel/config.ts';
import { type BootLayout, Kernel } from '../../../src/kernel/kernel.ts';
import { spinlockType } from '../../../src/kernel/lock-types.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../../src/kernel/spinlock.ts';
import { fieldAt, ptr, roundUp, struct, u32 } from '../../../src/kernel/struct.ts';
import type { CacheOptions, Place, SlabAllocator } from '../../../src/slab/allocator.ts';
import type { KernelVersion } from '../../../src/slab/kernel-version.ts';

/** `size` is that of the whole block, its lowest bit set while it is allocated; `link` the next free block, or the cache. */
const block = struct({ size: u32, link: ptr });
const cache = struct({ objsize: u32, align: u32 });
const ALLOCATED = 1;
const LARGEST_OBJECT = 4096;
const EINVAL = -22;

class ToyKernel extends Kernel {
  readonly task_struct = { state: 0 };
  readonly lock: addr_t;
  readonly first: addr_t;
  readonly freeBytes: addr_t;
  readonly heap: addr_t;
  readonly names = new Map<addr_t, string>();

  constructor(machine: Machine, config: KernelConfig, layout: BootLayout) {
    super(machine, config, layout, [
      { name: 'heap_lock', type: spinlockType(config) },
      { name: 'heap_first', type: ptr },
      { name: 'heap_free', type: u32 },
      ...machine.cpus.map(({ id }) => ({ name: `task[${id}]`, type: { sizeof: PAGE_SIZE, align: PAGE_SIZE } })),
    ]);
    const { memory, scheduler } = machine;
    this.lock = this.symbols.address('heap_lock');
    this.first = this.symbols.address('heap_first');
    this.freeBytes = this.symbols.address('heap_free');
    this.heap = (layout.reservedPfns.at(-1)![1] + 1) << PAGE_SHIFT;
    memory.poke8(this.lock, 1);
    memory.poke32(this.first, this.heap);
    memory.poke32(this.freeBytes, layout.ram - this.heap);
    memory.poke32(this.heap + block.size, layout.ram - this.heap);
    for (const cpu of machine.cpus) scheduler.setIdleStack(cpu, this.symbols.address(`task[${cpu.id}]`) + PAGE_SIZE);
  }

  get_current(cpu: Cpu): addr_t {
    return (cpu.esp - 1) & -PAGE_SIZE;
  }
}

class Toy implements SlabAllocator {
  readonly version = toy;
  readonly generalSizes = [LARGEST_OBJECT];
  readonly kernel: ToyKernel;
  /** A deliberate fault. */
  forgetsItsLock = false;

  constructor(kernel: ToyKernel) {
    this.kernel = kernel;
  }

  *create(cpu: Cpu, { name, size, align = 8 }: CacheOptions): Program<addr_t> {
    const cachep = yield* this.#firstFit(cpu, cache.sizeof, 8, NULL);
    if (cachep === NULL) return NULL;
    cpu.store32(cachep + cache.objsize, size);
    cpu.store32(cachep + cache.align, align);
    this.kernel.names.set(cachep, name ?? '');
    return cachep;
  }

  *alloc(cpu: Cpu, cachep: addr_t): Program<addr_t> {
    return yield* this.#firstFit(cpu, cpu.load32(cachep + cache.objsize), cpu.load32(cachep + cache.align), cachep);
  }

  kmalloc = (cpu: Cpu, size: number) => this.#firstFit(cpu, size, 8, NULL);
  get_free_pages = (cpu: Cpu, _: number, order: number) => this.#firstFit(cpu, PAGE_SIZE << order, PAGE_SIZE, NULL);
  free = (cpu: Cpu, _: addr_t, objp: addr_t) => this.#release(cpu, objp);
  kfree = (cpu: Cpu, objp: addr_t) => this.#release(cpu, objp);
  free_pages = (cpu: Cpu, addr: addr_t) => this.#release(cpu, addr);

  /** From the first free block that has room; what is in front of it and behind it stays free. */
  *#firstFit(cpu: Cpu, size: number, align: number, cachep: addr_t): Program<addr_t> {
    const flags = yield* this.#lock(cpu);
    let found = NULL;
    for (let link = this.kernel.first; ; ) {
      const at = cpu.loadPtr(link);
      if (at === NULL) break;
      const end = at + cpu.load32(at + block.size);
      const objp = roundUp(at + block.sizeof, Math.max(align, block.sizeof));
      const own = objp - block.sizeof;
      const rest = roundUp(objp + size, block.sizeof);
      if (rest > end) {
        link = at + block.link;
        continue;
      }
      let next = cpu.loadPtr(at + block.link);
      if (rest < end) next = this.#freeBlock(cpu, rest, end - rest, next);
      if (own > at) next = this.#freeBlock(cpu, at, own - at, next);
      cpu.storePtr(link, next);
      cpu.store32(own + block.size, (rest - own) | ALLOCATED);
      cpu.storePtr(own + block.link, cachep);
      cpu.store32(this.kernel.freeBytes, cpu.load32(this.kernel.freeBytes) - (rest - own));
      found = objp;
      break;
    }
    yield* this.#unlock(cpu, flags);
    return found;
  }

  /** Back among its neighbours, and one with them where they are free. */
  *#release(cpu: Cpu, objp: addr_t): Program {
    const flags = yield* this.#lock(cpu);
    let at = objp - block.sizeof;
    let size = cpu.load32(at + block.size) & ~ALLOCATED;
    cpu.store32(this.kernel.freeBytes, cpu.load32(this.kernel.freeBytes) + size);
    let before = NULL;
    let link = this.kernel.first;
    let next = cpu.loadPtr(link);
    while (next !== NULL && next < at) {
      before = next;
      link = next + block.link;
      next = cpu.loadPtr(link);
    }
    if (next === at + size) {
      size += cpu.load32(next + block.size);
      next = cpu.loadPtr(next + block.link);
    }
    if (before !== NULL && before + cpu.load32(before + block.size) === at) {
      size += at - before;
      at = before;
    } else cpu.storePtr(link, at);
    this.#freeBlock(cpu, at, size, next);
    yield* this.#unlock(cpu, flags);
  }

  #freeBlock(cpu: Cpu, at: addr_t, size: number, next: addr_t): addr_t {
    cpu.store32(at + block.size, size);
    cpu.storePtr(at + block.link, next);
    return at;
  }

  *#lock(cpu: Cpu): Program<number> {
    return this.forgetsItsLock ? 0 : yield* spin_lock_irqsave(this.kernel, cpu, this.kernel.lock);
  }

  *#unlock(cpu: Cpu, flags: number): Program {
    if (!this.forgetsItsLock) yield* spin_unlock_irqrestore(this.kernel, cpu, this.kernel.lock, flags);
  }

  *destroy(cpu: Cpu, cachep: addr_t): Program<number> {
    yield* this.#release(cpu, cachep);
    return 0;
  }

  // No slabs and no arrays: nothing to shrink, to reap, to tune.
  *shrink(): Program<number> {
    return 0;
  }
  *reap(): Program<number> {
    return 0;
  }
  *tune(): Program<number> {
    return EINVAL;
  }
  *slabinfo(): Program<string> {
    return '';
  }

  request_irq(vector: number, handler: InterruptHandler): void {
    this.kernel.machine.idt[vector] = handler;
  }

  place(addr: addr_t): Place {
    const { symbols, heap, layout, machine, names } = this.kernel;
    const symbol = symbols.find(addr);
    if (symbol !== null) {
      const kind = symbol.name === 'heap_lock' ? 'lock' : symbol.name.startsWith('task') ? 'task' : 'static';
      return { kind, field: symbol.name, owner: '', offset: symbol.offset };
    }
    const peek = (at: addr_t) => machine.memory.peek32(at);
    for (let at = heap; at <= addr && at < layout.ram && peek(at) > 0; at += peek(at) & ~ALLOCATED) {
      if (addr >= at + (peek(at) & ~ALLOCATED)) continue;
      const offset = addr - at - block.sizeof;
      if (offset < 0) return { kind: 'free list', field: `block.${fieldAt(block, addr - at)}`, owner: '', offset: 0 };
      const name = names.get(at + block.sizeof);
      if (name !== undefined)
        return { kind: 'cache descriptor', field: `cache.${fieldAt(cache, offset)}`, owner: name, offset };
      const owner = names.get(peek(at + block.link));
      if (owner !== undefined) return { kind: 'object', field: 'object', owner, offset };
    }
    return { kind: 'page contents', field: 'page contents', owner: '', offset: addr % PAGE_SIZE };
  }

  arrayLevel = () => null;
  generalCache = () => NULL;
  caches = () => [];
  nr_free_pages = () => this.kernel.machine.memory.peek32(this.kernel.freeBytes) >>> PAGE_SHIFT;
  buddyinfo = () => '';
}

export const toy: KernelVersion = {
  name: 'toy',
  summary: 'first fit on one list, for tests',
  features: {
    ...{ cpuArrays: 'none', colouring: false, debug: false, alignment: 'bytes' },
    ...{ sharedArrays: false, nodes: false },
  },
  limits: {
    longestName: 8,
    isTaken: () => false,
    smallestObject: 1,
    largestObject: LARGEST_OBJECT,
    largestBlock: MiB,
    smallestArray: 0,
  },
  gfp: { GFP_KERNEL: 1, GFP_ATOMIC: 2, GFP_USER: 4, GFP_DMA: 8 },
  flags: { SLAB_HWCACHE_ALIGN: 0, SLAB_CACHE_DMA: 0 },
  intendedRaces: [],
  tuning: () => '',
  config({ smp = true, debug = false, colouring = true, l1CacheBytes }): KernelConfig {
    if (debug || colouring !== true) throw new InputError('kernel toy', 'debug or colouring', 'it has neither');
    return { CONFIG_SMP: smp, NR_CPUS: 8, L1_CACHE_BYTES: l1CacheBytes, spinlockBytes: 4 };
  },
  stacks: 1,
  memMapBytes: () => 0,
  boot: (machine, config, layout) => new Toy(new ToyKernel(machine, config, layout)),
};
