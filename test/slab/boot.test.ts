import { expect, test } from 'vitest';
import { type CpuModelName, cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { MiB } from '../../src/hw/memory.ts';
import { boot, bootBuild } from '../../src/slab/boot.ts';
import { smpConfig } from '../../src/slab/linux-2.4.22/config.ts';
import { linux2422 } from '../../src/slab/linux-2.4.22/index.ts';

const machine = (model: CpuModelName = 'pentium-iii', memory = 64 * MiB) =>
  new Machine({ model: cpuModels[model], cpus: 1, memory });

test.each<[CpuModelName, object, number]>([
  ['pentium-iii', {}, 32],
  ['athlon', {}, 64],
  ['athlon', { l1CacheBytes: 32 }, 32],
])('a kernel on %s, asked for as %j, is built for lines of %i bytes', (model, options, bytes) => {
  expect(boot(machine(model), '2.4.22', options).kernel.config.L1_CACHE_BYTES).toBe(bytes);
});

test.each([
  [() => boot(machine(), '2.4.21'), 'kernel: no version 2.4.21; known are 2.4.22'],
  [() => boot(machine(), '2.4.22', { l1CacheBytes: 48 }), 'kernel: built for lines of 48 bytes; lines are 16, 32'],
  [() => boot(machine('pentium-iii', 4 * MiB), '2.4.22'), 'machine: 4 MB of memory; a kernel and its caches need 8 MB'],
])('%s is refused', (booting, message) => {
  expect(booting).toThrow(message);
});

test('a version whose statics do not fit what is reserved for them is found out', () => {
  expect(() => bootBuild(machine(), { ...linux2422, memMapBytes: () => 0 }, smpConfig)).toThrow(
    'the statics of 2.4.22 overflow',
  );
});
