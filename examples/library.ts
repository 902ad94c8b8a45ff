/** A machine, a booted 2.4.22, and a workload of one's own: two CPUs that count in neighbouring objects. */
import { boot, type Cpu, cpuModels, Machine, MiB, type Program } from 'slabscope';

export function countInNeighbours(size: number): { misses: number; cycles: number } {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 64 * MiB });
  const slab = boot(machine, '2.4.22');
  const { GFP_KERNEL } = slab.version.gfp;
  const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
  const cachep = machine.run(cpu0, slab.create(cpu0, { name: 'counter', size }));
  const mine = machine.run(cpu0, slab.alloc(cpu0, cachep, GFP_KERNEL));
  const yours = machine.run(cpu0, slab.alloc(cpu0, cachep, GFP_KERNEL));
  const before = { misses: cpu0.counters.misses, clock: cpu0.clock };

  function* count(cpu: Cpu, counter: number): Program {
    for (let i = 0; i < 1000; i++) {
      if (cpu.isAhead) yield; // let the other CPU catch up
      cpu.store32(counter, cpu.load32(counter) + 1);
    }
  }
  machine.scheduler.spawn(cpu0, count(cpu0, mine));
  machine.scheduler.spawn(cpu1, count(cpu1, yours));
  machine.scheduler.run();
  return { misses: cpu0.counters.misses - before.misses, cycles: cpu0.clock - before.clock };
}

console.log('objects of  8 bytes, four a line:', countInNeighbours(8));
console.log('objects of 32 bytes, a line each:', countInNeighbours(32));
