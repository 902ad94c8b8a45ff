import { expect, test } from 'vitest';
import { boot, type Cpu, cpuModels, detectRaces, Machine, MiB, type Program } from '../../../src/index.ts';

test('a user of the library finds a race in an object of his own, by the name of its cache', () => {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 64 * MiB });
  const slab = boot(machine, '2.4.22');
  const { GFP_KERNEL } = slab.version.gfp;
  const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
  const cachep = machine.run(cpu0, slab.create(cpu0, { name: 'counter', size: 8 }));
  const counter = machine.run(cpu0, slab.alloc(cpu0, cachep, GFP_KERNEL));
  const races = detectRaces(slab.kernel, (addr) => slab.place(addr));
  function* count(cpu: Cpu): Program {
    cpu.store32(counter, cpu.load32(counter) + 1);
  }
  machine.scheduler.spawn(cpu0, count(cpu0));
  machine.scheduler.spawn(cpu1, count(cpu1));
  machine.scheduler.run();
  const found = races.races.map(({ first, second }) => [first.owner, first.kind, second.kind].join(' '));
  expect(found).toContain('counter w w');
});
