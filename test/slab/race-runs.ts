/** Runs for the race detector: CPUs and interrupt handlers that share caches, and what an administrator may do meanwhile. */
import { below, type Random, seeded } from '../../src/base/random.ts';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL } from '../../src/hw/memory.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { watchHandovers } from '../../src/lab/watch/handovers.ts';
import { detectRaces, type RaceDetector, type RaceDetectorOptions } from '../../src/lab/watch/race-detector.ts';
import type { SlabAllocator } from '../../src/slab/allocator.ts';
import { type Booted, type BootOptions, bootedKernel } from '../machines.ts';
import { stressedVersion } from './stressed-versions.ts';
import { watched } from './watched.ts';

const DEVICE = 0x41;
const MOST_OBJECTS = 600;
/** Cycles in which objects become more, then fewer, by turns: in long ones slabs come and go, in short ones arrays run empty and full. */
const TIDES = [300_000, 300_000, 60_000, 60_000] as const;
const sizes = [40, 600];
/** Slower than in a stress run: watching takes its time. */
const PACE = 7;

/** Of a version by its name, by seed; watched as it is told. */
export type RaceRun = (name: string, seed: string, watching: RaceDetectorOptions) => RaceDetector;

/** An allocator for programs in place of the kernel's own, which handlers use: a faulty double. */
export type Double = (allocator: SlabAllocator) => SlabAllocator;

/** Tasks and handlers allocate from two caches and free what others allocated, by tides; the last CPU administrates meanwhile. */
export const raceRun =
  (build: BootOptions, double: Double = (allocator) => allocator): RaceRun =>
  (name, seed, watching) => {
    const booted = bootedKernel(name, build);
    const { machine, allocator, k } = booted;
    const version = stressedVersion(name);
    const { GFP_KERNEL, GFP_ATOMIC } = allocator.version.gfp;
    const [boss] = machine.cpus;
    const caches = sizes.map((size) => machine.run(boss, allocator.create(boss, { name: `shared-${size}`, size })));
    const races = detectRaces(k, (addr) => allocator.place(addr), watching);
    const ofTasks = double(allocator);
    for (const each of new Set([allocator, ofTasks])) watchHandovers(each, races);
    const pool: [addr_t, addr_t][] = [];

    function* allocateOrFree(from: SlabAllocator, cpu: Cpu, random: Random, flags: number): Program {
      if (cpu.isAhead) yield;
      const rising = isRising(cpu.clock);
      if (random() < (rising ? 0.7 : 0.3) && pool.length < MOST_OBJECTS) {
        const cachep = caches[below(random, caches.length)]!;
        const objp = yield* from.alloc(cpu, cachep, flags);
        if (objp === NULL) return;
        cpu.store32(objp, cpu.id);
        pool.push([cachep, objp]);
      } else if (pool.length > 0) {
        const [[cachep, objp]] = pool.splice(below(random, pool.length), 1) as [[addr_t, addr_t]];
        yield* from.free(cpu, cachep, objp);
      }
    }
    function* work(cpu: Cpu): Program {
      const random = seeded(seed, `cpu${cpu.id}`);
      if (cpu.id > 0 && cpu.id === machine.cpus.length - 1) {
        for (let round = 0; round < 60; round++) {
          if (round % 5 === 0) version.passTime(booted);
          yield* administrate(booted, cpu, caches, random);
        }
        return;
      }
      for (let i = 0; i < 3000; i++) {
        yield* allocateOrFree(ofTasks, cpu, random, GFP_KERNEL);
        if (i % 40 === 0) yield* allocator.reap(cpu, GFP_KERNEL);
      }
    }
    const ofHandlers = machine.cpus.map(({ id }) => seeded(seed, `handler${id}`));
    allocator.request_irq(DEVICE, function* (cpu) {
      const random = ofHandlers[cpu.id]!;
      for (let i = below(random, 4); i >= 0; i--) yield* allocateOrFree(allocator, cpu, random, GFP_ATOMIC);
    });
    version.startTime(booted, PACE);
    for (const cpu of machine.cpus) {
      machine.startTimer(cpu, DEVICE, cpu.clock + 500 * (cpu.id + 1), 3000);
      machine.scheduler.spawn(cpu, work(cpu));
    }
    machine.scheduler.run();
    races.stop();
    return races;
  };

function isRising(clock: number): boolean {
  const [rise, fall, shortRise, shortFall] = TIDES;
  const at = clock % (rise + fall + shortRise + shortFall);
  return at < rise || (at >= rise + fall && at < rise + fall + shortRise);
}

/** One act. Limits stay above all batchcounts: 2.4 stores the new batchcount while the old arrays are in use. */
function* administrate({ allocator }: Booted<Kernel>, cpu: Cpu, caches: readonly addr_t[], random: Random): Program {
  const { version } = allocator;
  const { GFP_KERNEL } = version.gfp;
  const number = below(random, caches.length);
  switch (below(random, 7)) {
    case 0:
    case 1:
      yield* allocator.tune(cpu, version.tuning(`shared-${sizes[number]}`, 60 + below(random, 60), 30));
      break;
    case 2:
      yield* allocator.shrink(cpu, caches[number]!);
      break;
    case 3:
      yield* allocator.slabinfo(cpu);
      break;
    case 4: {
      const passing = yield* allocator.create(cpu, { name: 'passing', size: 100 });
      const objp = yield* allocator.alloc(cpu, passing, GFP_KERNEL);
      yield* allocator.free(cpu, passing, objp);
      yield* allocator.destroy(cpu, passing);
      break;
    }
    default:
      yield* allocator.reap(cpu, GFP_KERNEL);
  }
}

/** Tasks reap, and handlers take pages and whole slabs, and give back what those of other CPUs took. */
export const reapRun =
  (build: BootOptions): RaceRun =>
  (name, seed, watching) => {
    const booted = bootedKernel(name, build);
    const { machine, allocator, k } = booted;
    const version = stressedVersion(name);
    const { GFP_KERNEL, GFP_ATOMIC } = allocator.version.gfp;
    const [boss] = machine.cpus;
    const cachep = machine.run(boss, allocator.create(boss, { name: 'large', size: 3000 }));
    machine.run(boss, allocator.tune(boss, allocator.version.tuning('large', 2, 1, 0)));
    const races = detectRaces(k, (addr) => allocator.place(addr), watching);
    watchHandovers(allocator, races);
    const objects: addr_t[] = [];
    const pages: addr_t[] = [];
    const randoms = machine.cpus.map(({ id }) => seeded(seed, `handler${id}`));
    allocator.request_irq(DEVICE, function* (cpu) {
      const random = randoms[cpu.id]!;
      for (let i = below(random, 6); i >= 0; i--) {
        const takes = random() < (objects.length + pages.length < 20 ? 0.7 : 0.3);
        if (random() < 0.5) {
          const objp = takes ? yield* allocator.alloc(cpu, cachep, GFP_ATOMIC) : objects.shift();
          if (takes && objp) objects.push(objp);
          else if (objp) yield* allocator.free(cpu, cachep, objp);
        } else {
          const page = takes ? yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0) : pages.shift();
          if (takes && page) {
            races.publish(cpu, page);
            pages.push(page);
          } else if (page) {
            races.receive(cpu, page);
            yield* allocator.free_pages(cpu, page, 0);
          }
        }
      }
    });
    function* reaps(cpu: Cpu): Program {
      for (let i = 0; i < 12; i++) {
        version.passTime(booted);
        yield* allocator.reap(cpu, GFP_KERNEL);
        if (cpu.isAhead) yield;
      }
    }
    version.startTime(booted, PACE);
    for (const cpu of machine.cpus) {
      machine.startTimer(cpu, DEVICE, cpu.clock + 500 * (cpu.id + 1), 2000 + 100 * cpu.id);
      machine.scheduler.spawn(cpu, reaps(cpu));
    }
    machine.scheduler.run();
    races.stop();
    return races;
  };

/** A stress run, which must come to no harm. */
export const stressRun =
  (build: BootOptions): RaceRun =>
  (name, seed, watching) => {
    const { detector, harm } = watched(name, build, { seed, operations: 4000 }, watching);
    if (harm !== null) throw harm;
    return detector;
  };

/** Pages run short while free slabs hold many: each CPU takes pages for which slabs must be reclaimed. */
export const pressureRun: RaceRun = (name, seed, watching) => {
  const { machine, allocator, k } = bootedKernel(name, { cpus: 4, memory: 8 * MiB });
  const { GFP_KERNEL, GFP_ATOMIC } = allocator.version.gfp;
  const boss = machine.cpus[0]!;
  const cachep = machine.run(boss, allocator.create(boss, { name: 'spare', size: 1000 }));
  function* fillSlabs(): Program {
    const objects: addr_t[] = [];
    for (let i = 0; i < 1200; i++) objects.push(yield* allocator.alloc(boss, cachep, GFP_KERNEL));
    for (const objp of objects) yield* allocator.free(boss, cachep, objp);
  }
  machine.run(boss, fillSlabs());
  while (allocator.nr_free_pages() > 64) machine.run(boss, allocator.get_free_pages(boss, GFP_ATOMIC, 0));

  const races = detectRaces(k, (addr) => allocator.place(addr), watching);
  watchHandovers(allocator, races);
  function* work(cpu: Cpu): Program {
    const random = seeded(seed, `cpu${cpu.id}`);
    const pages: addr_t[] = [];
    for (let i = 0; i < 150; i++) {
      if (pages.length < 45 && random() < 0.7) {
        const page = yield* allocator.get_free_pages(cpu, GFP_KERNEL, 0);
        if (page !== NULL) pages.push(page);
      } else if (pages.length > 0) yield* allocator.free_pages(cpu, pages.pop()!, 0);
    }
    for (const page of pages) yield* allocator.free_pages(cpu, page, 0);
  }
  allocator.request_irq(DEVICE, function* (cpu) {
    const objp = yield* allocator.alloc(cpu, cachep, GFP_ATOMIC);
    if (objp !== NULL) yield* allocator.free(cpu, cachep, objp);
    const page = yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0);
    if (page !== NULL) yield* allocator.free_pages(cpu, page, 0);
  });
  for (const cpu of machine.cpus) {
    machine.startTimer(cpu, DEVICE, cpu.clock + 500 * (cpu.id + 1), 30_000);
    machine.scheduler.spawn(cpu, work(cpu));
  }
  machine.scheduler.run();
  races.stop();
  return races;
};
