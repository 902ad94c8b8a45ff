/** A kernel of 2.4 as the lab drives it. */
import type { Cpu, InterruptHandler, Program } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { request_irq } from '../../kernel/linux-2.4/hardirq.ts';
import { buddyinfo, nr_free_pages } from '../../mm/linux-2.4/buddyinfo.ts';
import { __get_free_pages } from '../../mm/linux-2.4/page-alloc.ts';
import type { ArrayLevel, CacheOptions, CacheState, Place, SlabAllocator } from '../allocator.ts';
import type { KernelFacts } from '../kernel-facts.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { kmem_cache_create } from './create.ts';
import { kmem_cache_free } from './free.ts';
import { cacheChain, peekArrayLevel, peekCache, peekGeneralCache } from './inspect.ts';
import { kfree, kmalloc } from './kmalloc.ts';
import { placeAt } from './places.ts';
import { kmem_cache_destroy } from './shrink.ts';
import { general_sizes, type Slab24 } from './slab.ts';
import { slabinfo_write } from './tune.ts';

export abstract class Allocator24<K extends Slab24> implements SlabAllocator {
  readonly version: KernelFacts;
  readonly kernel: K;
  readonly generalSizes = general_sizes.slice(0, -1);

  constructor(version: KernelFacts, kernel: K) {
    this.version = version;
    this.kernel = kernel;
  }

  create(cpu: Cpu, { name, size, offset = 0, flags = 0, ctor = null, dtor = null }: CacheOptions): Program<addr_t> {
    return kmem_cache_create(this.kernel, cpu, name, size, offset, flags, ctor, dtor);
  }

  destroy(cpu: Cpu, cachep: addr_t): Program<number> {
    return kmem_cache_destroy(this.kernel, cpu, cachep);
  }

  abstract shrink(cpu: Cpu, cachep: addr_t): Program<number>;

  alloc(cpu: Cpu, cachep: addr_t, flags: number): Program<addr_t> {
    return kmem_cache_alloc(this.kernel, cpu, cachep, flags);
  }

  free(cpu: Cpu, cachep: addr_t, objp: addr_t): Program {
    return kmem_cache_free(this.kernel, cpu, cachep, objp);
  }

  kmalloc(cpu: Cpu, size: number, flags: number): Program<addr_t> {
    return kmalloc(this.kernel, cpu, size, flags);
  }

  kfree(cpu: Cpu, objp: addr_t): Program {
    return kfree(this.kernel, cpu, objp);
  }

  get_free_pages(cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
    return __get_free_pages(this.kernel, cpu, gfp_mask, order);
  }

  free_pages(cpu: Cpu, addr: addr_t, order: number): Program {
    return this.kernel.pageOps.free_pages(this.kernel, cpu, addr, order);
  }

  tune(cpu: Cpu, text: string): Program<number> {
    return slabinfo_write(this.kernel, cpu, text);
  }

  abstract reap(cpu: Cpu, gfp_mask: number): Program<number>;

  abstract slabinfo(cpu: Cpu): Program<string>;

  request_irq(vector: number, handler: InterruptHandler): void {
    request_irq(this.kernel, vector, handler);
  }

  place(addr: addr_t): Place {
    return placeAt(this.kernel, addr);
  }

  arrayLevel(cpu: Cpu, cachep: addr_t): ArrayLevel | null {
    return peekArrayLevel(this.kernel, cachep, cpu.id);
  }

  generalCache(size: number, flags: number): addr_t {
    return peekGeneralCache(this.kernel, size, flags);
  }

  caches(): CacheState[] {
    return cacheChain(this.kernel).map((cachep) => peekCache(this.kernel, cachep));
  }

  nr_free_pages(): number {
    return nr_free_pages(this.kernel);
  }

  buddyinfo(): string {
    return buddyinfo(this.kernel);
  }
}
