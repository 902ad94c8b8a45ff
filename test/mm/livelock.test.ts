import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { type addr_t, MiB } from '../../src/hw/memory.ts';
import { GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { boot } from '../../src/slab/boot.ts';

test('tasks of two CPUs that wait for memory which nobody frees are reported, with what they wait for', () => {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 8 * MiB, lockupCycles: 100_000 });
  const allocator = boot(machine, '2.4.22');
  function* hoard(cpu: Cpu): Program {
    const pages: addr_t[] = [];
    for (;;) pages.push(yield* allocator.get_free_pages(cpu, GFP_KERNEL, 0));
  }
  for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, hoard(cpu));
  expect(() => machine.scheduler.run()).toThrow(/^lockup: cpu[01] waits for contig_page_data\+0x/);
});
