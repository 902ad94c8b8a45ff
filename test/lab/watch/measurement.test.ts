import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { NULL } from '../../../src/hw/memory.ts';
import { Measurement } from '../../../src/lab/watch/measurement.ts';
import { GFP_KERNEL } from '../../../src/mm/linux-2.4.22/gfp.ts';
import { booted } from '../../machines.ts';
import { booted26 } from '../../slab/linux-2.6.17/booted.ts';

/** A booted machine with a cache of 100-byte objects, meant for 90 bytes, measured from here on. */
function measuring() {
  const { machine, allocator } = booted();
  const cpu = machine.cpus[0]!;
  const run = <T>(program: Program<T>) => machine.run(cpu, program);
  const cachep = run(allocator.create(cpu, { name: 'measured', size: 100 }));
  const measurement = new Measurement(allocator, (of) => (of === cachep ? 90 : undefined));
  measurement.begin();
  const alloc = () => run(allocator.alloc(cpu, cachep, GFP_KERNEL));
  return { allocator, cpu, run, cachep, measurement, alloc };
}

test('an allocation from an empty array misses, those that the refill serves hit', () => {
  const { allocator, cpu, cachep, measurement, alloc } = measuring();
  alloc();
  const { avail } = allocator.arrayLevel(cpu, cachep)!;
  for (let i = 0; i < avail; i++) alloc();
  expect(measurement.counts()).toMatchObject({ allocHits: avail, allocMisses: 1 });
  alloc();
  expect(measurement.counts()).toMatchObject({ allocHits: avail, allocMisses: 2 });
});

test('a free into a full array misses', () => {
  const { allocator, cpu, run, cachep, measurement, alloc } = measuring();
  const objects = Array.from({ length: 600 }, alloc);
  for (let room = () => allocator.arrayLevel(cpu, cachep)!, i = 0; room().avail < room().limit; i++) {
    run(allocator.free(cpu, cachep, objects[i]!));
  }
  const { freeHits } = measurement.counts();
  run(allocator.kfree(cpu, objects.at(-1)!));
  expect(measurement.counts()).toMatchObject({ freeHits, freeMisses: 1 });
});

// Eight objects of 480 bytes, slab_t and bufctls leave 200 bytes of a page: six colours of 32; of 32-byte objects nothing is left.
test.each([
  ['with colouring', undefined, 3, 1],
  ['without', false, 3, 0],
])('allocations from caches with a second colour are counted: %s', (_, colouring, allocations, colouredAllocations) => {
  const { machine, allocator } = booted(colouring === undefined ? {} : { config: { colouring } });
  const cpu = machine.cpus[0]!;
  const run = <T>(program: Program<T>) => machine.run(cpu, program);
  const [inodes, small] = [480, 32].map((size) => run(allocator.create(cpu, { name: `of-${size}`, size })));
  const measurement = new Measurement(allocator);
  measurement.begin();
  for (const cachep of [inodes!, small!, small!]) run(allocator.alloc(cpu, cachep, GFP_KERNEL));
  run(allocator.get_free_pages(cpu, GFP_KERNEL, 0));
  expect(measurement.counts()).toMatchObject({ allocations, colouredAllocations });
});

test('hits and misses are those that a debug kernel counts itself', () => {
  const { machine, allocator, k } = booted({ config: { CONFIG_DEBUG_SLAB: true } });
  const cpu = machine.cpus[0]!;
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'measured', size: 100 }));
  const measurement = new Measurement(allocator);
  measurement.begin();
  const objects: number[] = [];
  for (let i = 0; i < 3000; i++) {
    if (i % 900 < 500) objects.push(machine.run(cpu, allocator.alloc(cpu, cachep, GFP_KERNEL)));
    else machine.run(cpu, allocator.free(cpu, cachep, objects.pop()!));
  }
  const stat = (name: 'allochit' | 'allocmiss' | 'freehit' | 'freemiss') =>
    machine.memory.peek32(cachep + k.kmem_cache_t[name]);
  const { allocHits, freeHits, freeMisses } = measurement.counts();
  expect([allocHits, freeHits, freeMisses]).toEqual([stat('allochit'), stat('freehit'), stat('freemiss')]);
  expect(freeMisses).toBe(6);
});

test('a free of an object of another node misses: a debug kernel counts it apart', () => {
  const { machine, allocator, k } = booted26({ cpus: 4, nodes: 2, config: { CONFIG_DEBUG_SLAB: true } });
  const [here, , there] = machine.cpus as [Cpu, Cpu, Cpu, Cpu];
  const cachep = machine.run(here, allocator.create(here, { name: 'measured', size: 100 }));
  const measurement = new Measurement(allocator);
  measurement.begin();
  const { GFP_KERNEL } = allocator.version.gfp;
  for (let i = 0; i < 200; i++) {
    const objp = machine.run(here, allocator.alloc(here, cachep, GFP_KERNEL));
    machine.run(i % 4 === 0 ? here : there, allocator.free(i % 4 === 0 ? here : there, cachep, objp));
  }
  const stat = (name: 'allochit' | 'freehit' | 'freemiss' | 'node_frees') =>
    machine.memory.peek32(cachep + k.kmem_cache[name]);
  const { allocHits, freeHits, freeMisses } = measurement.counts();
  expect([allocHits, freeHits, freeMisses]).toEqual([stat('allochit'), stat('freehit'), stat('node_frees')]);
  expect([freeHits, freeMisses, stat('freemiss')]).toEqual([50, 150, 0]);
});

test('live bytes are those asked for, of caches as told, and go with the object', () => {
  const { allocator, cpu, run, cachep, measurement, alloc } = measuring();
  const first = alloc();
  const second = run(allocator.kmalloc(cpu, 33, GFP_KERNEL));
  const pages = run(allocator.get_free_pages(cpu, GFP_KERNEL, 1));
  expect(measurement.counts().liveBytes).toBe(90 + 33 + 8192);
  run(allocator.free(cpu, cachep, first));
  run(allocator.kfree(cpu, second));
  run(allocator.free_pages(cpu, pages, 1));
  expect(measurement.counts()).toMatchObject({ liveBytes: 0, peakLiveBytes: 90 + 33 + 8192 });
});

test('pages count from the beginning, and stay at their peak after they are given back', () => {
  const { allocator, cpu, run, measurement } = measuring();
  const pages = run(allocator.get_free_pages(cpu, GFP_KERNEL, 3));
  run(allocator.free_pages(cpu, pages, 3));
  expect(measurement.counts()).toMatchObject({ peakPages: 8, pages: 0, peakLiveBytes: 32_768, liveBytes: 0 });
});

test('live bytes at the peak of pages are those of the first time that it was reached', () => {
  const { allocator, cpu, run, measurement } = measuring();
  for (let round = 1; round <= 2; round++) {
    // The second comes from the slab that the first had grown: pages are as few as before, live bytes are more.
    run(allocator.kmalloc(cpu, 33, GFP_KERNEL));
    run(allocator.free_pages(cpu, run(allocator.get_free_pages(cpu, GFP_KERNEL, 3)), 3));
  }
  expect(measurement.counts()).toMatchObject({ peakLiveBytes: 33 + 32_768, liveBytes: 2 * 33 });
});

test('an object that was allocated before anybody looked, and NULL, are no live bytes', () => {
  const { machine, allocator } = booted();
  const cpu = machine.cpus[0]!;
  const object = machine.run(cpu, allocator.kmalloc(cpu, 50, GFP_KERNEL));
  const measurement = new Measurement(allocator);
  measurement.begin();
  machine.run(cpu, allocator.kfree(cpu, object));
  expect(machine.run(cpu, allocator.kmalloc(cpu, 1 << 20, GFP_KERNEL))).toBe(NULL);
  expect(measurement.counts()).toMatchObject({ liveBytes: 0, freeHits: 0, freeMisses: 0 });
});

describe('what the workload sets up before the beginning', () => {
  const settingUp = () => {
    const { machine, allocator } = booted();
    const cpu = machine.cpus[0]!;
    const run = <T>(program: Program<T>) => machine.run(cpu, program);
    const measurement = new Measurement(allocator);
    const cachep = run(allocator.create(cpu, { name: 'measured', size: 1024 }));
    const object = () => run(allocator.alloc(cpu, cachep, GFP_KERNEL));
    return { allocator, cpu, run, measurement, cachep, object };
  };

  test('is memory in use as what comes later, so replacing it wastes nothing', () => {
    const { allocator, cpu, run, measurement, cachep, object } = settingUp();
    const objects = Array.from({ length: 8 }, object);
    measurement.begin();
    const before = measurement.counts();
    for (const objp of objects) {
      run(allocator.free(cpu, cachep, objp));
      object();
    }
    expect(before).toMatchObject({ liveBytes: 8192, pages: 3 });
    expect(measurement.counts()).toMatchObject({ liveBytes: 8192, pages: 3 });
  });

  test('has a peak that no longer counts', () => {
    const { allocator, cpu, run, measurement } = settingUp();
    const pages = run(allocator.get_free_pages(cpu, GFP_KERNEL, 3));
    run(allocator.free_pages(cpu, pages, 3));
    measurement.begin();
    expect(measurement.counts()).toMatchObject({ peakPages: measurement.counts().pages, peakLiveBytes: 0 });
  });

  test('makes no calls that count, but its objects are freed by some', () => {
    const { allocator, cpu, run, measurement, cachep, object } = settingUp();
    const objects = [object(), object()];
    measurement.begin();
    for (const objp of objects) run(allocator.free(cpu, cachep, objp));
    expect(measurement.counts()).toMatchObject({ allocHits: 0, allocMisses: 0, freeHits: 2, freeMisses: 0 });
  });
});

test('the longest time with interrupts off is of the measured part', () => {
  const { machine, allocator } = booted();
  const cpu = machine.cpus[0]!;
  const off = (cycles: number) => {
    cpu.cli();
    cpu.clock += cycles;
    cpu.sti();
  };
  off(1_000_000);
  const measurement = new Measurement(allocator);
  measurement.begin();
  off(700);
  off(500);
  expect(measurement.counts()).toMatchObject({ longestInterruptsOff: 700, interruptsOffCycles: 1200, cycles: 1200 });
});
