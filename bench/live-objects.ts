/** Whether an operation costs the same whatever the number of live objects; and what the emulator remembers of lines. */
import type { Program } from '../src/hw/cpu.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { type addr_t, MiB } from '../src/hw/memory.ts';
import type { ClassDetail } from '../src/hw/miss-classes.ts';
import { smpConfig } from '../src/kernel/kernel.ts';
import { boot } from '../src/lab/boot.ts';
import { below, seeded } from '../src/lab/seeded.ts';
import { GFP_KERNEL } from '../src/mm/gfp.ts';
import { assertCount, medianNanoseconds, report } from './measure.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** More than a per-CPU array holds, so that each round goes through flush and refill, slabs and lists. */
const ROUND = 500;
const ROUNDS = 20;

export async function benchLiveObjects(): Promise<void> {
  const costs: number[] = [];
  for (const live of SIZES) {
    const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 256 * MiB });
    const allocator = boot(machine, '2.4.22', smpConfig);
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

/** Host memory that caches and directory take for each line ever touched, beyond the emulated memory. */
export function benchLineMemory(): void {
  const CPUS = 4;
  const plain = bytesPerLine(CPUS, 'none');
  const classed = (bytesPerLine(CPUS, 'all') - plain) / CPUS;
  report(`at most 64 bytes a line touched, counts only, ${CPUS} CPUs`, `${plain.toFixed(1)} bytes`, plain <= 64);
  report('with all classes at most 24 more for each CPU', `${classed.toFixed(1)} bytes`, classed <= 24);
}

/** Every CPU touches every line. */
function bytesPerLine(cpus: number, classes: ClassDetail): number {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus, memory: 512 * MiB, classes });
  const base = hostBytes();
  for (const cpu of machine.cpus) for (let addr = 0; addr < 512 * MiB; addr += 32) cpu.read(addr, 4);
  const lines = machine.bus.directory.count;
  assertCount('lines touched', (512 * MiB) / 32, lines);
  return (hostBytes() - base) / lines;
}

function hostBytes(): number {
  // The memory of a buffer goes one collection after its object.
  globalThis.gc?.();
  globalThis.gc?.();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
