import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { below, seeded } from '../../src/base/random.ts';
import { type addr_t, NULL } from '../../src/hw/memory.ts';
import { GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import { booted } from '../machines.ts';

const builds = {
  'SMP on a Pentium III': () => booted({ cpus: 4 }),
  'SMP with DEBUG on an Athlon, for its lines': () =>
    booted({ cpus: 2, model: 'athlon', config: { CONFIG_DEBUG_SLAB: true, L1_CACHE_BYTES: 64 } }),
  'one for uniprocessors, on a Pentium': () => booted({ cpus: 1, model: 'pentium', config: upConfig }),
};

/** Allocations and frees by seed, one at each `next`; at the end what all of memory, and all counters, came to. */
function* life(build: () => ReturnType<typeof booted>): Generator<void, string> {
  const { machine, allocator } = build();
  const random = seeded('two kernels', 'operations');
  const objects: addr_t[] = [];
  for (let i = 0; i < 3000; i++) {
    const cpu = machine.cpus[below(random, machine.cpus.length)]!;
    const objp =
      random() < 0.55 || objects.length === 0
        ? machine.run(cpu, allocator.kmalloc(cpu, 1 + below(random, 3000), GFP_KERNEL))
        : (machine.run(cpu, allocator.kfree(cpu, objects.splice(below(random, objects.length), 1)[0]!)) ?? NULL);
    if (objp !== NULL) objects.push(objp);
    yield;
  }
  const counters = machine.cpus.map((cpu) => ({ ...cpu.counters, clock: cpu.clock }));
  return createHash('sha256').update(machine.memory.bytes).update(JSON.stringify(counters)).digest('hex');
}

/** Runs the lives turn by turn, to the end of each; what they came to. */
function together(lives: readonly Generator<void, string>[]): string[] {
  for (;;) {
    const turns = lives.map((life) => life.next());
    if (turns.every(({ done }) => done === true)) return turns.map(({ value }) => value as string);
  }
}

test('kernels in one process know nothing of each other: in turns each does what it does alone', () => {
  const alone = Object.values(builds).map((build) => together([life(build)])[0]!);
  expect(new Set(alone).size).toBe(3);
  expect(together(Object.values(builds).map(life))).toEqual(alone);
  const twice = builds['SMP on a Pentium III'];
  expect(together([life(twice), life(twice)])).toEqual([alone[0], alone[0]]);
});
