/** 2.6.17 as the lab drives it. */
import type { Cpu, InterruptHandler, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { enterUserMode, leaveUserMode } from '../../kernel/linux-2.6/sched.ts';
import { request_irq } from '../../kernel/linux-2.6/softirq.ts';
import { buddyinfo, nr_free_pages, nr_pcp_pages } from '../../mm/linux-2.6.17/buddyinfo.ts';
import { __get_free_pages, free_pages } from '../../mm/linux-2.6.17/page-alloc.ts';
import type { ArrayLevel, CacheOptions, CacheState, Place, SlabAllocator } from '../allocator.ts';
import type { KernelFacts } from '../kernel-facts.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { kmem_cache_create } from './create.ts';
import { kmem_cache_free } from './free.ts';
import { cacheChain, peekArrayLevel, peekCache, peekGeneralCache } from './inspect.ts';
import { __kmalloc, kfree } from './kmalloc.ts';
import { peekNodeOf, placeAt } from './places.ts';
import { cache_reap } from './reap.ts';
import { kmem_cache_destroy, kmem_cache_shrink } from './shrink.ts';
import type { Linux2617 } from './slab.ts';
import { readSlabinfo } from './slabinfo.ts';
import { slabinfo_write } from './tune.ts';

export class Slab2617 implements SlabAllocator {
  readonly version: KernelFacts;
  readonly kernel: Linux2617;
  readonly userMode = {
    enter: (cpu: Cpu) => enterUserMode(this.kernel, cpu),
    leave: (cpu: Cpu) => leaveUserMode(this.kernel, cpu),
  };

  constructor(version: KernelFacts, kernel: Linux2617) {
    this.version = version;
    this.kernel = kernel;
  }

  get generalSizes(): readonly number[] {
    return this.kernel.kmallocSizes;
  }

  create(cpu: Cpu, { name, size, align = 0, flags = 0, ctor = null, dtor = null }: CacheOptions): Program<addr_t> {
    return kmem_cache_create(this.kernel, cpu, name, size, align, flags, ctor, dtor);
  }

  destroy(cpu: Cpu, cachep: addr_t): Program<number> {
    return kmem_cache_destroy(this.kernel, cpu, cachep);
  }

  *shrink(cpu: Cpu, cachep: addr_t): Program<number> {
    const before = this.#slabPages(cpu);
    yield* kmem_cache_shrink(this.kernel, cpu, cachep);
    return before - this.#slabPages(cpu);
  }

  alloc(cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
    return kmem_cache_alloc(this.kernel, cpu, cachep, flags);
  }

  free(cpu: Cpu, cachep: addr_t, objp: addr_t): Program {
    return kmem_cache_free(this.kernel, cpu, cachep, objp);
  }

  kmalloc(cpu: Cpu, size: number, flags: number): Program<addr_t> {
    return __kmalloc(this.kernel, cpu, size, flags);
  }

  kfree(cpu: Cpu, objp: addr_t): Program {
    return kfree(this.kernel, cpu, objp);
  }

  get_free_pages(cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
    return __get_free_pages(this.kernel, cpu, gfp_mask, order);
  }

  free_pages(cpu: Cpu, addr: addr_t, order: number): Program {
    return free_pages(this.kernel, cpu, addr, order);
  }

  /** Here a third number says how many batches the shared array holds; without it that stays. */
  tune(cpu: Cpu, text: string): Program<number> {
    const keepsShared = /^(\S+) +-?\d+ +-?\d+\s*$/.test(text);
    return slabinfo_write(this.kernel, cpu, text, keepsShared);
  }

  /** cache_reap() of this CPU, as its timer runs it. */
  *reap(cpu: Cpu): Program<number> {
    const before = this.#slabPages(cpu);
    yield* cache_reap(this.kernel, cpu);
    return before - this.#slabPages(cpu);
  }

  /** Pages that this CPU has taken for slabs, less those it gave back, by peek. */
  #slabPages({ id }: Cpu): number {
    const { machine, page_state, per_cpu__page_states } = this.kernel;
    return machine.memory.peek32(this.kernel.perCpuOf(per_cpu__page_states, id) + page_state.nr_slab);
  }

  slabinfo(cpu: Cpu): Program<string> {
    return readSlabinfo(this.kernel, cpu);
  }

  request_irq(vector: number, handler: InterruptHandler): void {
    request_irq(this.kernel, vector, handler);
  }

  place(addr: addr_t): Place {
    return placeAt(this.kernel, addr);
  }

  arrayLevel(cpu: Cpu, cachep: addr_t, objp?: addr_t): ArrayLevel | null {
    const level = peekArrayLevel(this.kernel, cachep, cpu.id);
    const isAlien = objp !== undefined && peekNodeOf(this.kernel, objp) !== this.kernel.nodeOf(cpu.id);
    return level !== null && isAlien ? { avail: 0, limit: 0 } : level;
  }

  generalCache(size: number, flags: number): addr_t {
    return peekGeneralCache(this.kernel, size, flags);
  }

  caches(): CacheState[] {
    return cacheChain(this.kernel).map((cachep) => peekCache(this.kernel, cachep));
  }

  /** With those on the CPUs' lists, which are nobody's either. */
  nr_free_pages(): number {
    return nr_free_pages(this.kernel) + nr_pcp_pages(this.kernel);
  }

  buddyinfo(): string {
    return buddyinfo(this.kernel);
  }
}
