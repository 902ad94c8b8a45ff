/** A cache of a workload, as the point has them. */

import { InputError } from '../../base/input-error.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { roundUp } from '../../kernel/struct.ts';
import type { CacheOptions, SlabAllocator } from '../../slab/allocator.ts';

/** What a point may say of all caches of its workload. */
export interface CacheSettings {
  /** By the kernel's flags, or a number of bytes. */
  readonly alignment: 'word' | 'line-fraction' | 'whole-line' | number;
  /** Of the per-CPU arrays; without it the kernel's choice. */
  readonly limit?: number | undefined;
  readonly batchcount?: number | undefined;
  /** Of the shared arrays, in batches; without it the kernel's choice. */
  readonly shared?: number | undefined;
}

/** The size-N caches never vary. */
export function* createCache(
  allocator: SlabAllocator,
  { alignment, batchcount, shared, ...settings }: CacheSettings,
  cpu: Cpu,
  name: string,
  size: number,
): Program<addr_t> {
  const aligned = allocator.version.features.alignment === 'flag' ? byFlag : byNumber;
  const cachep = yield* allocator.create(cpu, { name, ...aligned(allocator, size, alignment) });
  if (cachep === NULL) {
    throw new InputError(`cache ${name}`, `no slab holds an object of ${size} bytes so aligned`, 'make it smaller');
  }
  // Whoever tunes the shared arrays says how large the others are, too.
  const limit = settings.limit ?? (shared === undefined ? undefined : allocator.arrayLevel(cpu, cachep)?.limit);
  if (limit === undefined) return cachep;
  const batch = limit === 0 ? 0 : (batchcount ?? Math.ceil(limit / 2));
  const written = yield* allocator.tune(cpu, allocator.version.tuning(name, limit, batch, shared));
  if (written < 0) throw new InputError('limit', `no memory for arrays of ${limit} objects`, 'lower it');
  return cachep;
}

type AlignedCache = Omit<CacheOptions, 'name'>;

/**
 * Word and line-fraction alignment are the kernel's own; whole-line rounds the size up, since there is no such flag; a number of
 * bytes does so too. The flag changes nothing of an object of whole lines, and is left out: who lays objects out alike asks alike. Up to a line, objects then lie on multiples of it (a slab's first object lies on a line, and colours are
 * lines). Beyond a line colours become steps of it as well, so that objects keep their distance, but the first object still
 * lies on any line.
 */
function byFlag({ kernel, version }: SlabAllocator, size: number, alignment: CacheSettings['alignment']): AlignedCache {
  const line = kernel.config.L1_CACHE_BYTES;
  const multiple = alignment === 'whole-line' ? line : alignment;
  const isFlagged = alignment !== 'word' && (typeof multiple !== 'number' || multiple >= line) && size % line !== 0;
  return {
    size: typeof multiple === 'number' ? roundUp(size, multiple) : size,
    offset: typeof multiple === 'number' && multiple > line ? multiple : 0,
    flags: isFlagged ? version.flags.SLAB_HWCACHE_ALIGN : 0,
  };
}

/** Where kmem_cache_create() takes an alignment, it is asked for as it is. */
function byNumber(
  { kernel, version }: SlabAllocator,
  size: number,
  alignment: CacheSettings['alignment'],
): AlignedCache {
  if (alignment === 'word') return { size };
  if (alignment === 'line-fraction') return { size, flags: version.flags.SLAB_HWCACHE_ALIGN };
  return { size, align: alignment === 'whole-line' ? kernel.config.L1_CACHE_BYTES : alignment };
}
