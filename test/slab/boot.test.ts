import { describe, expect, test } from 'vitest';
import { cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { MiB, PAGE_SIZE } from '../../src/hw/memory.ts';
import { smp26 } from '../../src/kernel/linux-2.6/config.ts';
import { Corruption } from '../../src/kernel/peek-list.ts';
import { boot, bootBuild } from '../../src/slab/boot.ts';
import { smpConfig } from '../../src/slab/linux-2.4/config.ts';
import { cpucache_t } from '../../src/slab/linux-2.4/slab.ts';
import { linux2422 } from '../../src/slab/linux-2.4.22/index.ts';
import { linux2617 } from '../../src/slab/linux-2.6.17/index.ts';
import { messageOf } from '../hw/tiny-machine.ts';
import { booted } from '../machines.ts';

const machineWith = (cpus: number, memory: number) => new Machine({ model: cpuModels['pentium-iii'], cpus, memory });

describe('the memory map leaves room', () => {
  test.each([
    [linux2422, smpConfig],
    [linux2617, { ...smp26, NR_CPUS: 32 }],
  ])('for the stacks of 32 CPUs with the widest gaps that a seed may draw ($name)', (version, config) => {
    const { kernel } = bootBuild(machineWith(32, 32 * MiB), version, config, () => 0.9999);
    const [first, last] = kernel.layout.reservedPfns.at(-1)!;
    expect(first * PAGE_SIZE).toBe(MiB);
    expect((last + 1) * PAGE_SIZE).toBeGreaterThanOrEqual(kernel.symbols.end);
  });

  test('for the kernel and its caches, or says that there is none', () => {
    expect(() => boot(machineWith(1, 8 * MiB), '2.4.22')).not.toThrow();
    expect(messageOf(() => boot(machineWith(1, 6 * MiB), '2.4.22'))).toBe(
      'machine: 6 MB of memory; this kernel and its caches need 7 MB',
    );
  });
});

test('an array that says it holds less than nothing, or more than memory, is corrupt', () => {
  const { machine, allocator } = booted({ cpus: 1 });
  const array = allocator.caches().find(({ cpuArrays }) => cpuArrays[0] !== null)!.cpuArrays[0]!;
  const room = (machine.memory.size - array.address - cpucache_t.sizeof) / 4;
  const cachesWith = (avail: number) => {
    machine.memory.poke32(array.address + cpucache_t.avail, avail);
    return () => allocator.caches();
  };
  for (const avail of [-1, room + 1, 0x7fff_ffff]) {
    expect(cachesWith(avail)).toThrow(new Corruption(`the array of cpu0 at ${array.address} has ${avail} objects`));
  }
  expect(cachesWith(room)).not.toThrow();
});
