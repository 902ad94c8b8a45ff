/** One kmem_cache_alloc and kmem_cache_free that the per-CPU array serves, against their own 12 accesses made bare. */
import type { Cpu, Program } from '../src/hw/cpu.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB } from '../src/hw/memory.ts';
import { get_current, task_struct } from '../src/kernel/linux-2.4/task.ts';
import { GFP_KERNEL } from '../src/mm/linux-2.4.22/gfp.ts';
import { boot } from '../src/slab/boot.ts';
import { cc_entry } from '../src/slab/linux-2.4.22/alloc.ts';
import { cpucache_t, type Linux2422 } from '../src/slab/linux-2.4.22/slab.ts';
import { assertCount, medianNanoseconds, report } from './measure.ts';

const PAIRS = 20_000;

export async function benchAllocFree(): Promise<void> {
  for (const [classes, goal] of [
    ['none', 2.8],
    ['all', 3],
  ] as const) {
    const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 64 * MiB, classes });
    const allocator = boot(machine, '2.4.22');
    const k = allocator.kernel as Linux2422;
    const cpu = machine.cpus[0]!;
    const cachep = machine.run(cpu, allocator.create(cpu, { name: 'bench', size: 128 }));
    const pairs = function* (): Program {
      for (let i = 0; i < PAIRS; i++) {
        const objp = yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
        yield* allocator.free(cpu, cachep, objp);
      }
    };
    machine.run(cpu, pairs());

    const { counters } = cpu.l1;
    const before = { accesses: counters.accesses, misses: counters.misses };
    machine.run(cpu, pairs());
    assertCount('accesses of a pair', 12, (counters.accesses - before.accesses) / PAIRS);
    assertCount('misses of warm pairs', 0, counters.misses - before.misses);

    const bare = bareAccesses(k, cpu, cachep);
    const pairTime = await medianNanoseconds('alloc and free', () => machine.run(cpu, pairs()));
    const bareTime = await medianNanoseconds('12 accesses', bare);
    const ratio = pairTime / bareTime;
    const figure = `${(pairTime / PAIRS).toFixed(0)} ns against ${(bareTime / PAIRS).toFixed(0)} ns, ratio ${ratio.toFixed(2)}`;
    const counted = classes === 'all' ? 'all counters and classes on' : 'counts only';
    report(
      `alloc and free from the array, ${counted}, at most ${goal} times its own 12 accesses`,
      figure,
      ratio <= goal,
    );
  }
}

/** The accesses that a pair makes, in its order, without the allocator around them. */
function bareAccesses(k: Linux2422, cpu: Cpu, cachep: number): () => void {
  const gfpflags = cachep + k.kmem_cache_t.gfpflags;
  const processor = get_current(cpu) + task_struct.processor;
  const cpudata = cachep + k.kmem_cache_t.cpudata;
  const cc = k.machine.memory.peek32(cpudata);
  const avail = cc + cpucache_t.avail;
  const entry = cc_entry(cc, k.machine.memory.peek32(avail) - 1);
  return () => {
    for (let i = 0; i < PAIRS; i++) {
      cpu.load32(gfpflags);
      cpu.load32(processor);
      cpu.load32(cpudata);
      const taken = cpu.load32(avail) - 1;
      cpu.store32(avail, taken);
      const objp = cpu.load32(entry);
      cpu.load32(processor);
      cpu.load32(cpudata);
      const given = cpu.load32(avail) + 1;
      cpu.load32(cc + cpucache_t.limit);
      cpu.store32(avail, given);
      cpu.store32(entry, objp);
    }
  };
}
