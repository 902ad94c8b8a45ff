import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MiB } from '../../src/hw/memory.ts';
import { GFP_KERNEL } from '../../src/mm/linux-2.4.22/gfp.ts';
import { booted } from '../machines.ts';
import { nameOf, narrate } from './narration.ts';

const document = readFileSync(new URL('../../docs/one-allocation.md', import.meta.url), 'utf8');
const blocks = [...document.matchAll(/```\n(load[\s\S]*?)\n```/g)].map((match) => match[1]!);

/** The run that the document tells of: a cache of 200-byte objects, its first allocation, and the second. */
const { machine, allocator, k } = booted({ memory: 64 * MiB });
const cpu = machine.cpus[0]!;
const cachep = machine.run(cpu, allocator.create(cpu, { name: 'story', size: 200 }));
const story = () => allocator.caches().find((cache) => cache.cachep === cachep)!;
const returned: string[] = [];
const allocate = () => {
  returned.push(machine.describe(machine.run(cpu, allocator.alloc(cpu, cachep, GFP_KERNEL))));
};
const before = { clock: cpu.clock, misses: cpu.l1.counters.misses };
const first = narrate(cpu, (address) => nameOf(k, story(), address), allocate);
const cycles = cpu.clock - before.clock;
const misses = cpu.l1.counters.misses - before.misses;
const second = narrate(cpu, (address) => nameOf(k, story(), address), allocate);

test('docs/one-allocation.md tells the accesses of an allocation that the array serves', () => {
  expect(blocks[0]).toBe(second.join('\n'));
});

test('docs/one-allocation.md tells how an allocation begins that nothing can serve', () => {
  expect(blocks[1]).toBe(first.slice(0, 10).join('\n'));
});

test('docs/one-allocation.md states what the first allocation took', () => {
  expect(document).toContain(`makes ${first.length} accesses, ${misses} of them misses, and takes ${cycles} cycles`);
});

test('docs/one-allocation.md names the slab, its page and the object as they are', () => {
  const { colour, num, s_mem } = { ...story(), ...story().slabs[0]! };
  expect(document).toContain(`(0 of ${colour};`);
  expect(document).toContain(`a bufctl for each of ${num} objects`);
  expect(document).toContain(`begin at 0x0${s_mem.toString(16)}`);
  expect(document).toContain(`The last one taken, ${returned[0]},`);
});
