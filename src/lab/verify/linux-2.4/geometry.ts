/** Compares what kmem_cache_create() computes with geometry.csv of test/golden: a cache a row. */

import * as z from 'zod';
import { InputError } from '../../../base/input-error.ts';
import type { Program } from '../../../hw/cpu.ts';
import { NULL, PAGE_SIZE } from '../../../hw/memory.ts';
import { kmem_cache_create } from '../../../slab/linux-2.4/create.ts';
import { SLAB_HWCACHE_ALIGN } from '../../../slab/linux-2.4/flags.ts';
import { peekCache, peekName } from '../../../slab/linux-2.4/inspect.ts';
import { kmem_cache_destroy } from '../../../slab/linux-2.4/shrink.ts';
import {
  BYTES_PER_WORD,
  CFLGS_OFF_SLAB,
  CFLGS_OPTIMIZE,
  MAX_OBJ_ORDER,
  type Slab24,
} from '../../../slab/linux-2.4/slab.ts';
import { checked, powerOfTwo } from '../checked.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';
import { bootBuild, MOST_MEMORY_MB } from './machine.ts';
import type { Recorded24 } from './recorded.ts';

const columns =
  'l1_cache_bytes,memory_mb,size,flags,offset,objsize,num,gfporder,colour,colour_off,off_slab,optimize,' +
  'slabp_cache,slabp_cache_objsize,limit,batchcount';

const number = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a number')
  .transform(Number);
const line = z.tuple(
  [
    number.pipe(powerOfTwo(16, 256)),
    number.pipe(z.int().min(8).max(MOST_MEMORY_MB)),
    number,
    z.enum(['0', 'HWCACHE_ALIGN']),
    number,
  ],
  z.string(),
);

export const looksLikeGeometry = (text: string) => text.startsWith(columns);

/** One case for each line size and memory size in the file. */
export function verifyGeometry(recorded: Recorded24, text: string, file: string): CaseOutcome[] {
  const [header, ...rows] = text.split('\n');
  if (header !== columns) throw new InputError(`${file}:1`, 'not the columns of geometry.csv', `expected ${columns}`);
  const machines = new Map<string, { comparison: Comparison; k: Slab24 }>();
  rows.forEach((row, i) => {
    if (row === '') return;
    const place = `${file}:${i + 2}`;
    const fields = row.split(',');
    if (fields.length !== 16) throw new InputError(place, `${fields.length} fields`, `expected ${columns}`);
    const [l1_cache_bytes, memory_mb, size, flags, offset] = checked(line, fields, place, `expected ${columns}`);
    if (size < BYTES_PER_WORD || size > PAGE_SIZE << MAX_OBJ_ORDER || offset > size) {
      throw new InputError(
        place,
        `objects of ${size} bytes, offset ${offset}`,
        'no kernel makes such a cache: a BUG()',
      );
    }
    const build = `line ${l1_cache_bytes}, ${memory_mb} MB`;
    let machine = machines.get(build);
    if (machine === undefined) {
      const k = bootFor(recorded, l1_cache_bytes, memory_mb);
      machine = { comparison: new Comparison(`linux-${recorded.version}/geometry (${build})`, 'rows'), k };
      machines.set(build, machine);
    }
    const { comparison, k } = machine;
    const alignment = flags === 'HWCACHE_ALIGN' ? SLAB_HWCACHE_ALIGN : 0;
    const got = k.machine.run(k.machine.cpus[0], createAndLook(k, size, offset, alignment));
    comparison.compare(() => `row ${i + 2}: ${row}`, fields.slice(5).join(','), got);
  });
  return [...machines.values()].map(({ comparison }) => comparison.outcome());
}

function bootFor(recorded: Recorded24, l1_cache_bytes: number, memory_mb: number): Slab24 {
  return bootBuild(recorded, {
    smp: true,
    cpus: 1,
    nr_cpus: 32,
    l1_cache_bytes,
    debug: false,
    memory_mb,
    spinlock_bytes: 4,
  });
}

/** Creates a cache, prints it as a row from objsize on, and destroys it. */
function* createAndLook(k: Slab24, size: number, offset: number, flags: number): Program<string> {
  const { kmem_cache_t } = k;
  const cpu = k.machine.cpus[0];
  const cachep = yield* kmem_cache_create(k, cpu, 'geometry', size, offset, flags, null, null);
  const peek = (field: number) => k.machine.memory.peek32(cachep + field);
  const cache = peekCache(k, cachep);
  const slabp_cache = peek(kmem_cache_t.slabp_cache);
  const row = [
    cache.objsize,
    cache.num,
    cache.gfporder,
    cache.colour,
    cache.colour_off,
    (peek(kmem_cache_t.flags) & CFLGS_OFF_SLAB) !== 0 ? 1 : 0,
    (peek(kmem_cache_t.flags) & CFLGS_OPTIMIZE) !== 0 ? 1 : 0,
    slabp_cache === NULL ? '' : peekName(k, slabp_cache),
    slabp_cache === NULL ? '' : peekCache(k, slabp_cache).objsize,
    cache.cpuArrays[0]?.limit ?? 0,
    peek(kmem_cache_t.batchcount),
  ].join(',');
  yield* kmem_cache_destroy(k, cpu, cachep);
  return row;
}
