/** The replay, on traces small enough to tell by hand what must happen. */
import { describe, expect, test } from 'vitest';
import { type addr_t, MiB } from '../../../src/hw/memory.ts';
import type { AllocationTrace, TraceSummary } from '../../../src/lab/traces/allocation-trace.ts';
import { type Free, type Operation, OperationWriter } from '../../../src/lab/traces/operations.ts';
import type { TouchModel } from '../../../src/lab/workloads/touch-model.ts';
import { Replay } from '../../../src/lab/workloads/trace-replay.ts';
import { WorkloadContext } from '../../../src/lab/workloads/workload.ts';
import { booted } from '../../machines.ts';
import { assertBuddy, assertCache } from '../../slab/invariants.ts';

const how = { atomic: false, dma: false };
const alloc = (object: number, cpu = 0, flags = how): Operation => ({
  ...{ kind: 'alloc', object, cache: 0, thread: cpu, cpu },
  ...flags,
});
const kmalloc = (object: number, size: number, cpu = 0, flags = how): Operation => ({
  ...{ kind: 'kmalloc', object, size, thread: cpu, cpu },
  ...flags,
});
const memcpy = (object: number, from: number, cpu = 0): Operation => ({
  kind: 'memcpy',
  object,
  from,
  thread: cpu,
  cpu,
});
const free = (object: number, cpu = 0, via: Free['via'] = 'kmem_cache_free'): Operation => ({
  ...{ kind: 'free', object, via, thread: cpu, cpu },
});

/** An event of the replay as its touch model sees it; the size tells kmalloc'ed objects apart. */
interface Seen {
  readonly event: 'allocated' | 'freeing';
  readonly cpu: number;
  readonly objp: addr_t;
  readonly size: number;
  readonly clock: number;
}

/** Replays `operations`, objects of cache 0 being of 200 bytes; each is written, which takes its time. */
function replayed(...operations: Operation[]) {
  const machine = booted({ memory: 20 * MiB });
  const [boss] = machine.machine.cpus;
  const writer = new OperationWriter();
  for (const operation of operations) writer.push(operation);
  const trace: AllocationTrace = {
    caches: [{ recordedName: 'traced', name: 'traced', size: 200 }],
    born: new OperationWriter().finish(),
    operations: writer.finish(),
    threads: ['zero-0', 'one-1'],
    cpus: 2,
    objects: 1 + Math.max(...operations.map(({ object }) => object)),
    summary: { file: 'big.txt' } as TraceSummary,
  };
  const seen: Seen[] = [];
  const note =
    (event: Seen['event']) => (cpu: (typeof machine.machine.cpus)[number], _: number, objp: addr_t, size: number) => {
      if (event === 'allocated') for (let at = objp; at < objp + size; at += 4) cpu.store32(at, size);
      seen.push({ event, cpu: cpu.id, objp, size, clock: cpu.clock });
    };
  const touch: TouchModel = { allocated: note('allocated'), freeing: note('freeing'), used: () => {} };
  let entered = 0;
  const context = new WorkloadContext({
    ...{ allocator: machine.allocator, seed: 'seed', touch, trace, cacheSettings: { alignment: 'word' } },
    placement: { cpuOf: ({ cpu }) => cpu },
    interference: {
      enter: () => {
        entered++;
      },
    },
    think: 0,
  });
  const traced = machine.machine.run(boss!, context.createCache(boss!, { name: 'traced', size: 200 }));
  context.startCounting();
  const pass = new Replay(context, { trace, caches: [traced], touches: null });
  pass.run();
  const { cachep } = traced;
  const result = { operations: context.operations, failed: context.failed };
  const cache = machine.allocator.caches().find((state) => state.cachep === cachep)!;
  return { ...machine, cache, cachep, seen, result, entered, pass };
}

/** Frees that began before the allocation of their object had returned, in simulated time. */
function tooEarly(seen: readonly Seen[]): Seen[] {
  const allocatedAt = new Map<addr_t, number>();
  return seen.filter(({ event, objp, clock }) => {
    if (event === 'freeing') return clock < allocatedAt.get(objp)!;
    allocatedAt.set(objp, clock);
    return false;
  });
}

describe('a free never begins before its allocation has returned', () => {
  const objects = Array.from({ length: 200 }, (_, i) => i);

  test('where one CPU allocates and the other frees', () => {
    const { seen, result } = replayed(...objects.flatMap((i) => [alloc(i, 0), free(i, 1)]));
    expect(tooEarly(seen)).toEqual([]);
    expect(result.operations).toBe(400);
  });

  test('where each frees what the other allocated', () => {
    const { seen } = replayed(...objects.flatMap((i) => [alloc(i, i % 2), free(i, (i + 1) % 2)]));
    expect(tooEarly(seen)).toEqual([]);
  });

  test('where a large object takes long to fill', () => {
    const { seen } = replayed(kmalloc(0, 100_000, 0), free(0, 1, 'kfree'), kmalloc(1, 8, 1));
    expect(seen.map(({ event, cpu, size }) => `cpu${cpu} ${event} ${size}`)).toEqual([
      'cpu0 allocated 100000',
      'cpu1 freeing 100000',
      'cpu1 allocated 8',
    ]);
    expect(tooEarly(seen)).toEqual([]);
  });
});

describe('each CPU', () => {
  test('does its operations in the order of the trace', () => {
    const sizes = Array.from({ length: 100 }, (_, i) => i + 1);
    const { seen } = replayed(...sizes.map((size, i) => kmalloc(i, size, size % 3 === 0 ? 1 : 0)));
    const of = (cpu: number) => seen.filter((event) => event.cpu === cpu).map(({ size }) => size);
    expect(of(1)).toEqual(sizes.filter((size) => size % 3 === 0));
    expect(of(0)).toEqual(sizes.filter((size) => size % 3 !== 0));
  });

  test('keeps within 64 operations of the slowest', () => {
    // CPU 0 fills 16 KB a time, CPU 1 a few bytes; the size tells the operation.
    const sizes = Array.from({ length: 300 }, (_, i) => (i % 10 === 0 ? 16_000 + i : i));
    const { seen } = replayed(...sizes.map((size, i) => kmalloc(i, size, size < 1000 ? 1 : 0)));
    const order = seen.map(({ size }) => size % 16_000);
    const lead = order.map((i, done) => i - Math.min(...order.slice(done)));
    expect(Math.max(...lead)).toBe(63);
  });
});

describe('an object', () => {
  test('stays live to the end if the trace frees it nowhere', () => {
    const { allocator, cache, k, seen, result, entered } = replayed(alloc(0), alloc(1, 1), free(0, 1), alloc(2));
    const live = seen.filter(({ event }, i) => event === 'allocated' && i !== 0).map(({ objp }) => objp);
    assertCache(allocator, cache, live);
    assertBuddy(k);
    expect([result, entered]).toEqual([{ operations: 4, failed: 0 }, 4]);
  });

  test('left at the end of a pass is freed behind it, each on the CPU that allocated it', () => {
    const { allocator, cachep, k, seen, pass } = replayed(alloc(0), alloc(1, 1), free(0, 1), kmalloc(2, 8), alloc(3));
    const freedBefore = seen.filter(({ event }) => event === 'freeing').length;
    pass.freeAll();
    const freed = seen.filter(({ event }) => event === 'freeing').slice(freedBefore);
    expect(freed.map(({ cpu, size }) => `cpu${cpu} ${size}`).sort()).toEqual(['cpu0 200', 'cpu0 8', 'cpu1 200']);
    assertCache(allocator, allocator.caches().find((cache) => cache.cachep === cachep)!, []);
    assertBuddy(k);
  });

  test('of a named cache may go by kfree', () => {
    const { allocator, cache } = replayed(alloc(0), free(0, 0, 'kfree'));
    assertCache(allocator, cache, []);
    expect(cache.cpuArrays[0]!.entries).toHaveLength(cache.num);
  });

  test('that found no memory is counted as failed, and its free left out', () => {
    const { seen, result, entered } = replayed(kmalloc(0, 2 ** 23), alloc(1), free(0, 1, 'kfree'), free(1));
    expect(seen.map(({ event, size }) => `${event} ${size}`)).toEqual(['allocated 200', 'freeing 200']);
    expect([result, entered]).toEqual([{ operations: 2, failed: 1 }, 4]);
  });

  test('copied holds what the old one held, as far as it reaches', () => {
    const { machine, seen } = replayed(kmalloc(0, 40), kmalloc(1, 56), memcpy(1, 0), kmalloc(2, 10), memcpy(2, 1));
    const [small, large, least] = seen.map(({ objp }) => objp);
    const { memory } = machine;
    expect(memory.peek32(large!)).toBe(40);
    expect(memory.peek32(large! + 36)).toBe(40);
    expect(memory.peek32(large! + 40)).toBe(56);
    expect(memory.peek32(least! + 4)).toBe(memory.peek32(small! + 4));
  });

  test('is not copied before it is there, though another CPU allocates it', () => {
    const { seen, machine } = replayed(kmalloc(0, 100_000, 0), kmalloc(1, 8, 1), memcpy(1, 0, 1));
    const of = (size: number) => seen.find((event) => event.size === size)!;
    expect(machine.cpus[1]!.clock).toBeGreaterThan(of(100_000).clock);
  });

  test('too large for kmalloc takes whole pages, and gives them back', () => {
    const before = replayed(kmalloc(0, 8)).allocator.nr_free_pages();
    const held = replayed(kmalloc(0, 8), kmalloc(1, 131_073));
    expect(before - held.allocator.nr_free_pages()).toBe(64);
    const freed = replayed(kmalloc(0, 8), kmalloc(1, 131_073), free(1, 1, 'kfree'));
    expect(freed.allocator.nr_free_pages()).toBe(before);
    assertBuddy(freed.k);
  });

  test('of more pages than there are in one piece is counted as failed, and neither copied nor freed', () => {
    const { seen, result } = replayed(
      kmalloc(0, 8),
      kmalloc(1, 2 ** 23),
      memcpy(1, 0),
      free(0, 0, 'kfree'),
      free(1, 1, 'kfree'),
    );
    expect(seen.map(({ event, size }) => `${event} ${size}`)).toEqual(['allocated 8', 'freeing 8']);
    expect(result).toEqual({ operations: 2, failed: 1 });
  });

  test('for DMA lies below 16 MB if kmalloc gave it, but a named cache promises none', () => {
    const dma = { atomic: false, dma: true };
    const { seen } = replayed(kmalloc(0, 100, 0, dma), alloc(1, 0, dma));
    expect(seen.map(({ objp }) => objp < 16 * MiB)).toEqual([true, false]);
  });
});

test('a trace that needs more memory than there is stops with a message, not for ever', () => {
  const objects = Array.from({ length: 1500 }, (_, i) => kmalloc(i, 16_384, i % 2));
  expect(() => replayed(...objects)).toThrow(
    /^big\.txt: stopped after \d+ operations, with \d+ pages free: lockup: .*; where memory is short, give the machine more$/,
  );
});
