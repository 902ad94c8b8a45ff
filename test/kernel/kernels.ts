/** A 2.4.22 kernel at power-on, and tasks and stories to run on it. */
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type CpuModelName, cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { type addr_t, MiB } from '../../src/hw/memory.ts';
import type { Context } from '../../src/hw/scheduler.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Linux24 } from '../../src/kernel/linux-2.4/kernel.ts';
import { THREAD_SIZE } from '../../src/kernel/linux-2.4/task.ts';
import { task_struct } from '../../src/kernel/linux-2.4.22/task.ts';
import type { SlabConfig } from '../../src/slab/linux-2.4/config.ts';
import { smpConfig } from '../../src/slab/linux-2.4/config.ts';
import { powerOn } from '../../src/slab/linux-2.4.22/boot.ts';

/** Memory that the kernel has not handed out, and nobody uses. */
export const SCRATCH: addr_t = 4 * MiB;

export function kernelOn(cpus: number, config: SlabConfig = smpConfig, model: CpuModelName = 'pentium-iii'): Linux24 {
  const machine = new Machine({ model: cpuModels[model], cpus, memory: 20 * MiB });
  const layout = {
    ram: 16 * MiB,
    reservedPfns: [
      [0, 0],
      [160, 767],
    ],
    staticsAt: 16 * MiB,
  } as const;
  return powerOn(machine, config, layout);
}

/** A task on a stack of its own, number `n` of the test; it runs `program` on `cpu`. */
export function startTask(k: Kernel, cpu: Cpu, n: number, program: Program): Context {
  const task = SCRATCH + 1 * MiB + n * THREAD_SIZE;
  k.machine.memory.poke32(task + task_struct.processor, cpu.id);
  return k.machine.scheduler.spawn(cpu, program, task + THREAD_SIZE);
}

/** Works for so many cycles in each turn, and yields after each. */
export function* work(cpu: Cpu, ...turns: number[]): Program {
  for (const cycles of turns) {
    cpu.clock += cycles;
    yield;
  }
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Those of `spans` that begin before the one in front of them has ended. */
export function overlaps(spans: readonly Span[]): Span[] {
  const inTime = spans.toSorted((a, b) => a.from - b.from);
  return inTime.filter(({ from }, i) => i > 0 && from < inTime[i - 1]!.to);
}
