/** SMP shown alive: contention, interrupts in the middle of things, and what the lock is for. */
import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../src/hw/memory.ts';
import { request_irq } from '../../src/kernel/linux-2.4/hardirq.ts';
import { GFP_ATOMIC, GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { booted } from '../machines.ts';
import { assertCache } from './invariants.ts';

const DEVICE_VECTOR = 0x31;

/** Notes when `cpu` takes and releases the lock at `address`, and each turn of waiting for it. */
function watchLock(cpus: readonly Cpu[], address: addr_t) {
  const log: { cpu: number; event: 'locks' | 'spins' | 'unlocks'; clock: number }[] = [];
  for (const cpu of cpus) {
    const { lockDecb, store8, pause } = cpu;
    cpu.lockDecb = (addr) => {
      const value = lockDecb.call(cpu, addr);
      if (addr === address && value === 0) log.push({ cpu: cpu.id, event: 'locks', clock: cpu.clock });
      return value;
    };
    cpu.store8 = (addr, value) => {
      if (addr === address) log.push({ cpu: cpu.id, event: 'unlocks', clock: cpu.clock });
      store8.call(cpu, addr, value);
    };
    cpu.pause = (polled) => {
      if (polled === address) log.push({ cpu: cpu.id, event: 'spins', clock: cpu.clock });
      pause.call(cpu, polled);
    };
  }
  return log;
}

describe('two CPUs contend on cachep->spinlock', () => {
  const { machine, allocator, k } = booted();
  const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
  const cachep = machine.run(cpu0, allocator.create(cpu0, { name: 'contended', size: 64 }));
  const log = watchLock(machine.cpus, cachep + k.kmem_cache_t.spinlock);
  // Each takes and gives back more than its array holds, so that both go to the slabs again and again.
  function* churn(cpu: Cpu): Program {
    const objects: addr_t[] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 600; i++) objects.push(yield* allocator.alloc(cpu, cachep, GFP_KERNEL));
      for (const objp of objects.splice(0)) yield* allocator.free(cpu, cachep, objp);
    }
  }
  machine.scheduler.spawn(cpu0, churn(cpu0));
  machine.scheduler.spawn(cpu1, churn(cpu1));
  machine.scheduler.run();

  test('both take the lock, and both find it held and spin', () => {
    for (const cpu of [0, 1]) {
      const events = new Set(log.filter((entry) => entry.cpu === cpu).map(({ event }) => event));
      expect(events).toEqual(new Set(['locks', 'spins', 'unlocks']));
    }
  });

  test('their critical sections do not overlap in simulated time', () => {
    const sections: { cpu: number; from: number; to: number }[] = [];
    for (const cpu of [0, 1]) {
      const own = log.filter((entry) => entry.cpu === cpu && entry.event !== 'spins');
      for (let i = 0; i < own.length; i += 2) {
        expect([own[i]!.event, own[i + 1]!.event]).toEqual(['locks', 'unlocks']);
        sections.push({ cpu, from: own[i]!.clock, to: own[i + 1]!.clock });
      }
    }
    sections.sort((a, b) => a.from - b.from);
    const overlaps = sections.filter((section, i) => i > 0 && section.from < sections[i - 1]!.to);
    expect(overlaps).toEqual([]);
    expect(sections.length).toBeGreaterThan(40);
  });

  test('a waiter steals the line of the lock from its holder', () => {
    expect(cpu0.l1.counters.trueSharingMisses).toBe(0); // finer classes are off here
    expect(cpu0.l1.counters.coherenceMisses).toBeGreaterThan(100);
  });

  test('afterwards every object is in exactly one place', () => {
    assertCache(allocator, allocator.caches().find(({ name }) => name === 'contended')!, []);
  });
});

describe('an interrupt handler allocates from the cache in whose grow path it struck', () => {
  const { machine, allocator, k } = booted();
  const cpu = machine.cpus[0]!;
  const stolen: addr_t[] = [];
  const grown: number[] = [];
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'stolen', size: 1000 }));
  const line = machine.deviceLines.connect(DEVICE_VECTOR, cpu);
  const { num } = allocator.caches().find(({ name }) => name === 'stolen')!;

  // The device raises its line once the new slab is linked: when the grower's last critical section ends.
  request_irq(k, DEVICE_VECTOR, function* (handlerCpu) {
    grown.push(allocator.caches().find(({ name }) => name === 'stolen')!.slabs.length);
    for (let i = 0; i < num; i++) stolen.push(yield* allocator.alloc(handlerCpu, cachep, GFP_ATOMIC));
  });
  const { store32 } = cpu;
  cpu.store32 = (addr, value) => {
    store32.call(cpu, addr, value);
    // cachep->failures = 0 is the last thing that kmem_cache_grow does under the lock.
    if (addr === cachep + k.kmem_cache_t.failures && stolen.length === 0) machine.deviceLines.raise(line, cpu.clock);
  };
  const objp = machine.run(cpu, allocator.alloc(cpu, cachep, GFP_KERNEL));

  test('the handler ran before the allocation could take what it had grown for', () => {
    expect(grown).toEqual([1]);
    expect(stolen.length).toBe(num);
    expect(stolen).not.toContain(NULL);
  });

  test('someone stole our objs: the allocation grew again and came back with an object of its own', () => {
    expect(objp).not.toBe(NULL);
    expect(stolen).not.toContain(objp);
    const cache = allocator.caches().find(({ name }) => name === 'stolen')!;
    expect(cache.slabs.length).toBe(2);
    assertCache(allocator, cache, [...stolen, objp]);
  });

  test('interrupts are on again, and in_interrupt() is over', () => {
    expect(cpu.interruptsOn).toBe(true);
    expect(machine.memory.peek32(k.irq_stat + k.irq_cpustat_t.__local_irq_count)).toBe(0);
  });
});
