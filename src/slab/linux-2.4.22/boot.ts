/** Boot, and the door that the lab comes in by: start_kernel() as far as memory is concerned. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { BootLayout, KernelConfig } from '../../kernel/kernel.ts';
import { initSmpCalls } from '../../kernel/smp.ts';
import { buddyinfo, nr_free_pages } from '../../mm/linux-2.4.22/buddyinfo.ts';
import { __get_free_pages, free_pages } from '../../mm/linux-2.4.22/page-alloc.ts';
import { mem_init, power_on } from '../../mm/linux-2.4.22/power-on.ts';
import type { ArrayLevel, CacheOptions, CacheState, Place, SlabAllocator } from '../allocator.ts';
import { kmem_cache_alloc } from './alloc.ts';
import { do_ccupdate_local } from './cpu-arrays.ts';
import { kmem_cache_create } from './create.ts';
import { kmem_cache_free } from './free.ts';
import { kmem_cache_init, kmem_cache_sizes_init, kmem_cpucache_init } from './init.ts';
import { cacheChain, peekArrayLevel, peekCache } from './inspect.ts';
import { kfree, kmalloc } from './kmalloc.ts';
import { placeAt } from './places.ts';
import { kmem_cache_reap } from './reap.ts';
import { kmem_cache_destroy, kmem_cache_shrink } from './shrink.ts';
import { Linux2422 } from './slab.ts';
import { readSlabinfo } from './slabinfo.ts';
import { slabinfo_write } from './tune.ts';

/** The kernel image in memory, zones empty: as before start_kernel() frees the first page. */
export function powerOn(machine: Machine, config: KernelConfig, layout: BootLayout): Linux2422 {
  const k = new Linux2422(machine, config, layout);
  k.reclaim = (cpu, gfp_mask) => kmem_cache_reap(k, cpu, gfp_mask);
  k.do_ccupdate_local = (cpu, info) => do_ccupdate_local(k, cpu, info!);
  initSmpCalls(k);
  k.loadStatics();
  power_on(k, machine.cpus[0]);
  return k;
}

/** Boots 2.4.22 on the first CPU of `machine`, the others idle. */
export function bootLinux2422(machine: Machine, config: KernelConfig, layout: BootLayout): Slab2422 {
  const k = powerOn(machine, config, layout);
  const cpu = machine.cpus[0];
  machine.run(cpu, start_kernel(k, cpu));
  return new Slab2422(k);
}

/** From the first free page to per-CPU arrays. */
export function* start_kernel(k: Linux2422, cpu: Cpu): Program {
  kmem_cache_init(k, cpu);
  yield* mem_init(k, cpu);
  yield* kmem_cache_sizes_init(k, cpu);
  yield* kmem_cpucache_init(k, cpu);
}

export class Slab2422 implements SlabAllocator {
  readonly kernel: Linux2422;

  constructor(kernel: Linux2422) {
    this.kernel = kernel;
  }

  create(cpu: Cpu, { name, size, offset = 0, flags = 0, ctor = null, dtor = null }: CacheOptions): Program<addr_t> {
    return kmem_cache_create(this.kernel, cpu, name, size, offset, flags, ctor, dtor);
  }

  destroy(cpu: Cpu, cachep: addr_t): Program<number> {
    return kmem_cache_destroy(this.kernel, cpu, cachep);
  }

  shrink(cpu: Cpu, cachep: addr_t): Program<number> {
    return kmem_cache_shrink(this.kernel, cpu, cachep);
  }

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

  alloc_pages(cpu: Cpu, gfp_mask: number, order: number): Program<addr_t> {
    return __get_free_pages(this.kernel, cpu, gfp_mask, order);
  }

  free_pages(cpu: Cpu, addr: addr_t, order: number): Program {
    return free_pages(this.kernel, cpu, addr, order);
  }

  tune(cpu: Cpu, text: string): Program<number> {
    return slabinfo_write(this.kernel, cpu, text);
  }

  reap(cpu: Cpu, gfp_mask: number): Program<number> {
    return kmem_cache_reap(this.kernel, cpu, gfp_mask);
  }

  slabinfo(cpu: Cpu): Program<string> {
    return readSlabinfo(this.kernel, cpu);
  }

  place(addr: addr_t): Place {
    return placeAt(this.kernel, addr);
  }

  arrayLevel(cpu: Cpu, cachep: addr_t): ArrayLevel | null {
    return peekArrayLevel(this.kernel, cachep, cpu.id);
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
