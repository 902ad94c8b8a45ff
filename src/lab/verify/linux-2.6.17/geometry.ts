/** Compares what kmem_cache_create() computes with geometry.csv and geometry_other_builds.csv of test/golden: a cache a row. */
import * as z from 'zod';
import { InputError } from '../../../base/input-error.ts';
import type { Program } from '../../../hw/cpu.ts';
import { NULL } from '../../../hw/memory.ts';
import { kmem_cache_create } from '../../../slab/linux-2.6.17/create.ts';
import { kmem_cache_destroy } from '../../../slab/linux-2.6.17/shrink.ts';
import type { Linux2617 } from '../../../slab/linux-2.6.17/slab.ts';
import { checked, powerOfTwo } from '../checked.ts';
import { type CaseOutcome, Comparison } from '../outcome.ts';
import { type Build, bootBuild, MOST_MEMORY_MB } from './machine.ts';
import { geometryOf } from './snapshots.ts';

const inputs = 'size,flags,align,line,memory_mb';
const results = 'buffer_size,num,gfporder,colour,colour_off,off_slab,slab_size,limit,batchcount,shared';
/** The builds that the other file has; those of this one are for SMP. */
const columns = `${inputs},${results}`;
const columnsWithBuild = `build,${columns}`;

const number = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a number')
  .transform(Number);
const line = z.tuple(
  [
    z.string().regex(/^(up|smp|numa)(8_)?(dbg)?\d+$/, 'must be a build, as "numadbg64"'),
    number,
    number,
    number.pipe(z.int().refine((n) => (n & (n - 1)) === 0 && n <= 4096, 'must be 0 or a power of two up to a page')),
    number.pipe(powerOfTwo(16, 256)),
    number.pipe(z.int().min(8).max(MOST_MEMORY_MB)),
  ],
  z.string(),
);

export const looksLikeGeometry = (text: string) => text.startsWith(columns) || text.startsWith(columnsWithBuild);

/** One case for each build, line size and memory size in the file. */
export function verifyGeometry(text: string, file: string): CaseOutcome[] {
  const [header, ...rows] = text.split('\n');
  if (header !== columns && header !== columnsWithBuild) {
    throw new InputError(`${file}:1`, 'not the columns of geometry.csv', `expected ${columns}, or build before them`);
  }
  const machines = new Map<string, { comparison: Comparison; k: Linux2617 }>();
  rows.forEach((row, i) => {
    if (row === '') return;
    const place = `${file}:${i + 2}`;
    const fields = header === columns ? ['smp', ...row.split(',')] : row.split(',');
    if (fields.length !== 16) throw new InputError(place, `${fields.length} fields`, `expected ${header}`);
    if (header === columns) fields[0] = `smp${fields[4]}`;
    const [build, size, flags, align, l1_cache_bytes, memory_mb] = checked(line, fields, place, `expected ${header}`);
    const name = `${build}, line ${l1_cache_bytes}, ${memory_mb} MB`;
    let machine = machines.get(name);
    if (machine === undefined) {
      const k = bootBuild({ ...buildOf(build), l1_cache_bytes, memory_mb });
      machine = { comparison: new Comparison(`linux-2.6.17/geometry (${name})`, 'rows'), k };
      machines.set(name, machine);
    }
    const { comparison, k } = machine;
    const got = k.machine.run(k.machine.cpus[0], createAndLook(k, size, align, flags));
    comparison.compare(() => `row ${i + 2}: ${row}`, fields.slice(6).join(','), got);
  });
  return [...machines.values()].map(({ comparison }) => comparison.outcome());
}

function buildOf(name: string): Pick<Build, 'smp' | 'debug' | 'max_numnodes'> {
  return {
    smp: !name.startsWith('up'),
    debug: name.includes('dbg'),
    max_numnodes: name.startsWith('numa8') ? 8 : name.startsWith('numa') ? 2 : 1,
  };
}

/** Creates a cache, prints it as a row from buffer_size on, and destroys it; nothing for one that is refused. */
function* createAndLook(k: Linux2617, size: number, align: number, flags: number): Program<string> {
  const cpu = k.machine.cpus[0];
  const cachep = yield* kmem_cache_create(k, cpu, 'geometry', size, align, flags, null, null);
  if (cachep === NULL) return ','.repeat(9);
  const row = Object.values(geometryOf(k, cachep)).join(',');
  yield* kmem_cache_destroy(k, cpu, cachep);
  return row;
}
