/** Whether an operation costs the same whatever the number of live objects; and what the emulator remembers of lines. */

import { below, seeded } from '../src/base/random.ts';
import type { Program } from '../src/hw/cpu.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { type addr_t, MiB } from '../src/hw/memory.ts';
import { GFP_KERNEL } from '../src/mm/linux-2.4.22/gfp.ts';
import { boot } from '../src/slab/boot.ts';
import { assertCount, medianNanoseconds, report } from './measure.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** More than a per-CPU array holds, so that each round goes through flush and refill, slabs and lists. */
const ROUND = 500;
const ROUNDS = 20;

export async function benchLiveObjects(): Promise<void> {
  const costs: number[] = [];
  for (const live of SIZES) {
    const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 256 * MiB });
    const allocator = boot(machine, '2.4.22');
    const cpu = machine.cpus[0]!;
    const cachep = machine.run(cpu, allocator.create(cpu, { name: 'bench', size: 96 }));
    const objects: addr_t[] = [];
    const fill = function* (): Program {
      while (objects.length < live) objects.push(yield* allocator.alloc(cpu, cachep, GFP_KERNEL));
    };
    machine.run(cpu, fill());
    assertCount('live objects without memory', 0, objects.filter((objp) => objp === 0).length);
    // Always among the newest thousand: what grows with `live` is the allocator's structures, not the host's misses.
    const random = seeded('bench', `live ${live}`);
    const churn = function* (): Program {
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < ROUND; i++) {
          const index = objects.length - 1 - below(random, 1000 - i);
          yield* allocator.free(cpu, cachep, objects[index]!);
          const last = objects.pop()!;
          if (index < objects.length) objects[index] = last;
        }
        while (objects.length < live) objects.push(yield* allocator.alloc(cpu, cachep, GFP_KERNEL));
      }
    };
    const nanoseconds = await medianNanoseconds(`churn among ${live}`, () => machine.run(cpu, churn()), 0.5);
    costs.push(nanoseconds / (ROUNDS * ROUND * 2));
  }
  const worst = Math.max(...costs) / Math.min(...costs);
  const figure = `${costs.map((cost, i) => `${SIZES[i]}: ${cost.toFixed(0)} ns`).join(', ')}; spread ${worst.toFixed(2)}`;
  report(
    'a free and an allocation cost the same among 10^3 to 10^6 live objects (spread at most 2)',
    figure,
    worst <= 2,
  );
}
