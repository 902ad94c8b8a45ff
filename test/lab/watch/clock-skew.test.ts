import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { measureClockSkew } from '../../../src/lab/watch/clock-skew.ts';
import { placeAt } from '../../../src/slab/linux-2.4/places.ts';
import { machineOf } from '../../hw/tiny-machine.ts';
import { work } from '../../kernel/kernels.ts';
import { booted } from '../../machines.ts';
import { randomRun } from '../../slab/random.ts';

const place = () => ({ field: 'word', owner: '' });

test('an access is early by what its CPU is ahead of the slowest that runs', () => {
  const machine = machineOf(2);
  const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
  function* slow(cpu: Cpu): Program {
    yield* work(cpu, 10, 500);
  }
  function* fast(cpu: Cpu): Program {
    yield;
    cpu.clock = 210;
    cpu.load32(0x100);
    yield;
    cpu.clock = 400;
    cpu.load32(0x100);
  }
  machine.scheduler.spawn(cpu0, slow(cpu0));
  machine.scheduler.spawn(cpu1, fast(cpu1));
  const { largest, accesses, early } = measureClockSkew(machine, place, () => machine.scheduler.run());
  expect(largest).toEqual({ skew: 200, cpu: 1, kind: 'r', address: 0x100, clock: 210 });
  expect([accesses, early]).toEqual([2, 1]);
});

test('an anachronism is an access that finds what another CPU wrote later', () => {
  const machine = machineOf(2);
  const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
  const { anachronisms } = measureClockSkew(machine, place, () => {
    cpu0.clock = 1000;
    cpu0.store32(0x100, 1);
    cpu1.clock = 400;
    cpu1.load32(0x100);
    cpu1.load32(0x200);
  });
  const largest = { skew: 600, cpu: 1, kind: 'r', address: 0x100, clock: 400 };
  expect([...anachronisms]).toEqual([['word', { count: 1, largest }]]);
});

test('in the random run CPUs run ahead in plain stretches, but meet others at locks in order of time', () => {
  const machine = booted({ cpus: 4 });
  const skew = measureClockSkew(
    machine.machine,
    (addr) => placeAt(machine.k, addr),
    () => randomRun(machine, 'one', 3000),
  );
  const { transfer, memory, l1 } = machine.machine.model.cycles;
  const oneMove = Math.max(transfer, memory, l1);
  expect(skew.largest!.skew).toBeLessThan(50_000);
  const ofLocks = [...skew.anachronisms].filter(([field]) => field.endsWith('lock'));
  expect(ofLocks.map(([field]) => field).sort()).toEqual(['kmem_cache_t.spinlock', 'zone_struct.lock']);
  // The time of an access is that at which it begins, so another may begin while it lasts: until the line has been with those who
  // asked for it before, which may be all.
  for (const [, { largest }] of ofLocks)
    expect(largest.skew).toBeLessThanOrEqual(machine.machine.cpus.length * oneMove);
  // Cookies in objects are handed over by host code, which knows no simulated time.
  expect([...skew.anachronisms.keys()].filter((field) => !field.endsWith('lock')).sort()).toEqual([
    'object',
    'zone_struct.free_pages',
  ]);
});
