import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type addr_t, MiB, PAGE_SHIFT } from '../../src/hw/memory.ts';
import { booted, booted240 } from '../machines.ts';
import { booted26 } from '../slab/linux-2.6.17/booted.ts';
import { nameIn26, nameOf, narrate } from './narration.ts';

const document = readFileSync(new URL('../../docs/one-allocation.md', import.meta.url), 'utf8');
const [half, half240, half26] = document.split(/^# The same allocation in .*$/m) as [string, string, string];
const blocksOf = (text: string) => [...text.matchAll(/```\n(load[\s\S]*?)\n```/g)].map((match) => match[1]!);

/** The run that the document tells of: a cache of 200-byte objects, its first allocation, and the second. */
function story<Booted extends Pick<ReturnType<typeof booted>, 'machine' | 'allocator'>>(
  boot: Booted,
  name: (boot: Booted, cachep: addr_t, address: addr_t) => string,
) {
  const { machine, allocator } = boot;
  const cpu = machine.cpus[0];
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'story', size: 200 }));
  const returned: string[] = [];
  const allocate = () => {
    const objp = machine.run(cpu, allocator.alloc(cpu, cachep, allocator.version.gfp.GFP_KERNEL));
    returned.push(machine.describe(objp));
  };
  const before = { clock: cpu.clock, misses: cpu.l1.counters.misses };
  const first = narrate(cpu, (address) => name(boot, cachep, address), allocate);
  const cycles = cpu.clock - before.clock;
  const misses = cpu.l1.counters.misses - before.misses;
  const second = narrate(cpu, (address) => name(boot, cachep, address), allocate);
  const cache = allocator.caches().find((each) => each.cachep === cachep)!;
  const took = `makes ${first.length} accesses, ${misses} of them misses, and takes ${cycles} cycles`;
  return { first, second, took, returned, cache, slab: cache.slabs[0]! };
}

describe('docs/one-allocation.md', () => {
  const { first, second, took, returned, cache, slab } = story(
    booted({ memory: 64 * MiB }),
    ({ k, allocator }, cachep, at) => nameOf(k, allocator.caches().find((each) => each.cachep === cachep)!, at),
  );

  test('tells the accesses of an allocation that the array serves', () => {
    expect(blocksOf(half)[0]).toBe(second.join('\n'));
  });

  test('tells how an allocation begins that nothing can serve', () => {
    expect(blocksOf(half)[1]).toBe(first.slice(0, 10).join('\n'));
  });

  test('states what the first allocation took', () => {
    expect(half).toContain(took);
  });

  test('names the slab, its page and the object as they are', () => {
    expect(half).toContain(`(0 of ${cache.colour};`);
    expect(half).toContain(`a bufctl for each of ${cache.num} objects`);
    expect(half).toContain(`begin at 0x0${slab.s_mem.toString(16)}`);
    expect(half).toContain(`The last one taken, ${returned[0]},`);
  });
});

describe('docs/one-allocation.md, of 2.4.0,', () => {
  const { first, second, took } = story(booted240({ memory: 64 * MiB }), ({ k, allocator }, cachep, at) =>
    nameOf(k, allocator.caches().find((each) => each.cachep === cachep)!, at),
  );

  test('tells the accesses of an allocation that the array serves', () => {
    expect(blocksOf(half240)[0]).toBe(second.join('\n'));
  });

  test('tells how an allocation begins that nothing can serve', () => {
    expect(blocksOf(half240)[1]).toBe(first.slice(0, 10).join('\n'));
  });

  test('states what the first allocation took', () => {
    expect(half240).toContain(took);
  });
});

describe('docs/one-allocation.md, of 2.6.17,', () => {
  const boot = booted26({ memory: 64 * MiB });
  const { first, second, took, returned, cache, slab } = story(boot, ({ allocator }, _, at) => nameIn26(allocator, at));

  test('tells the accesses of an allocation that the array serves', () => {
    expect(blocksOf(half26)[0]).toBe(second.join('\n'));
  });

  test('tells how an allocation begins that nothing can serve, up to where it lets go of the lock', () => {
    const unlock = first.findIndex((line) => /^store.*l3->list_lock$/.test(line));
    expect(blocksOf(half26)[1]).toBe(first.slice(0, unlock + 1).join('\n'));
  });

  test('states what the first allocation took', () => {
    expect(half26).toContain(took);
  });

  test('states what it missed: management of the slab, and the array', () => {
    const missed = first.filter((line) => / miss /.test(line)).map((line) => line.split(/ {2}/).at(-1)!.trim());
    expect(missed.map((name) => name.replace(/(->|\[).*/, ''))).toEqual([
      // Before its s_mem is stored nobody can tell that a struct slab stands here.
      'object',
      ...Array(3).fill('slab_bufctl(slabp)'),
      'ac',
      'ac',
    ]);
  });

  test('names the slab, its page and the object as they are', () => {
    const pfn = slab.s_mem >>> PAGE_SHIFT;
    expect(half26).toContain(`(0 of ${cache.colour})`);
    expect(half26).toContain(`${cache.num} bufctls, objects from 0x0${slab.s_mem.toString(16)} on`);
    expect(half26.split(`mem_map[${pfn}]`)).toHaveLength(3);
    expect(half26).toContain(`The last one taken, ${returned[0]}, is the answer; 15 wait in the array`);
    expect(slab).toMatchObject({ list: 'partial', inuse: 16 });
  });
});
