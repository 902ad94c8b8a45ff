/** A 2.6 kernel at power-on, without a slab allocator, and stories to run on it. */
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { cpuModels } from '../../../src/hw/cpu-models.ts';
import { Machine } from '../../../src/hw/machine.ts';
import { type addr_t, MiB, PAGE_SHIFT } from '../../../src/hw/memory.ts';
import { init_kernel } from '../../../src/kernel/linux-2.6/boot.ts';
import { type Config26, smp26 } from '../../../src/kernel/linux-2.6/config.ts';
import { cpu_up } from '../../../src/kernel/linux-2.6/cpu.ts';
import type { Linux26 } from '../../../src/kernel/linux-2.6/kernel.ts';
import { enterUserMode, leaveUserMode } from '../../../src/kernel/linux-2.6/sched.ts';
import { LOCAL_TIMER_VECTOR } from '../../../src/kernel/linux-2.6/timer.ts';
import { init_workqueues } from '../../../src/kernel/linux-2.6/workqueue.ts';
import { Mm2617 } from '../../../src/mm/linux-2.6.17/mm.ts';
import { virt_to_page } from '../../../src/mm/linux-2.6.17/page.ts';
import { __free_pages, __get_free_pages } from '../../../src/mm/linux-2.6.17/page-alloc.ts';
import { setup_per_cpu_pageset } from '../../../src/mm/linux-2.6.17/pagesets.ts';
import { mem_init, power_on } from '../../../src/mm/linux-2.6.17/power-on.ts';
import { init_per_zone_pages_min } from '../../../src/mm/linux-2.6.17/watermarks.ts';

interface Options {
  readonly cpus?: number;
  readonly mb?: number;
  readonly config?: Config26;
  /** Far more than any story takes, unless it is about waiting in vain. */
  readonly lockupCycles?: number;
  /** CPUs of each node; the nodes share memory equally. */
  readonly nodes?: readonly (readonly number[])[];
}

/** Cycles from tick to tick: far less than HZ would give, so that stories are short. */
export const TICK = 20_000;

/** Memory that the kernel has not handed out, and nobody uses. */
export const SCRATCH: addr_t = 2 * MiB;

/** All memory free and all CPUs up; ticks come while anything runs. In place of kmalloc a page each. */
export function kernel26({ cpus = 2, mb = 16, config = smp26, lockupCycles = 2 ** 40, nodes }: Options = {}): Mm2617 {
  const ram = mb * MiB;
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus, memory: ram + 8 * MiB, lockupCycles });
  const share = (ram >>> PAGE_SHIFT) / (nodes?.length ?? 1);
  const layout = {
    ram,
    reservedPfns: [
      [0, 0],
      [160, 767],
    ] as const,
    staticsAt: ram,
    nodes: nodes?.map((cpus, node) => ({ startPfn: node * share, endPfn: (node + 1) * share, cpus })),
  };
  const k = new Mm2617(machine, config, layout, { statics: [], perCpu: {} });
  k.machine.memory.setPresent(SCRATCH, 3 * MiB, true);
  k.kmalloc_node = (cpu, _size, gfp_mask) => __get_free_pages(k, cpu, gfp_mask, 0);
  k.kfree = (cpu, objp) => __free_pages(k, cpu, virt_to_page(k, cpu, objp), 0);
  init_kernel(k);
  const [boot] = machine.cpus;
  power_on(k, boot);
  machine.run(boot, start_kernel(k, boot));
  for (const cpu of machine.cpus) machine.startTimer(cpu, LOCAL_TIMER_VECTOR, boot.clock + TICK, TICK);
  return k;
}

function* start_kernel(k: Mm2617, cpu: Cpu): Program {
  yield* mem_init(k, cpu);
  yield* setup_per_cpu_pageset(k, cpu);
  for (const { id } of k.machine.cpus.slice(1)) yield* cpu_up(k, cpu, id);
  init_workqueues(k, cpu);
  yield* init_per_zone_pages_min(k, cpu);
}

/** Ticks since power-on. */
export const ticks = (k: Mm2617): number => k.machine.memory.peek32(k.jiffies) - -300 * 250;

/** Stays in the kernel until so many ticks have come. */
export function* busyUntil(k: Mm2617, cpu: Cpu, tick: number): Program {
  while (ticks(k) < tick) {
    cpu.clock += 200;
    yield;
  }
}

/** The current task goes to user mode and comes back: others may have the CPU first, and interrupts that are due come there. */
export function* throughUserMode(k: Linux26, cpu: Cpu): Program {
  for (enterUserMode(k, cpu); !k.inUserMode[cpu.id]; enterUserMode(k, cpu)) yield;
  if (cpu.isAhead || (cpu.apic.pending !== 0 && cpu.apic.nextArrival() <= cpu.clock)) yield;
  leaveUserMode(k, cpu);
}

/** A user's program until so many ticks have come. */
export function* userUntil(k: Mm2617, cpu: Cpu, tick: number): Program {
  while (ticks(k) < tick) {
    cpu.clock += 200;
    yield* throughUserMode(k, cpu);
    yield;
  }
}
