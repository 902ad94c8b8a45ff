/** The random test: CPUs allocate and free objects of a few caches by seed, each object marked with a cookie. */

import { below, seeded } from '../../src/base/random.ts';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, NULL } from '../../src/hw/memory.ts';
import { Corruption } from '../../src/kernel/peek-list.ts';
import type { Slab24 } from '../../src/slab/linux-2.4/slab.ts';
import type { Booted } from '../machines.ts';
import { assertBuddy, assertCache } from './invariants.ts';

const sizes = [24, 128, 600, 2000];

export interface RandomRun {
  /** Live objects of each cache, with the cookie that each must still hold. */
  readonly live: readonly Map<addr_t, number>[];
  readonly check: () => void;
}

/** Runs `operations` on each CPU of a booted machine; frees may be of objects that another CPU allocated. */
export function randomRun({ machine, allocator, k }: Booted<Slab24>, seed: string, operations: number): RandomRun {
  const boss = machine.cpus[0]!;
  const caches = sizes.map((size) => machine.run(boss, allocator.create(boss, { name: `random-${size}`, size })));
  const live = caches.map(() => new Map<addr_t, number>());

  function* work(cpu: Cpu): Program {
    const random = seeded(seed, `cpu${cpu.id}`);
    for (let i = 0; i < operations; i++) {
      const cache = below(random, caches.length);
      const objects = live[cache]!;
      if (random() < 0.55 || objects.size === 0) {
        const objp = yield* allocator.alloc(cpu, caches[cache]!, allocator.version.gfp.GFP_KERNEL);
        if (objp === NULL) continue;
        if (objects.has(objp)) throw new Corruption(`object ${objp.toString(16)} was handed out twice`);
        const cookie = below(random, 1 << 30);
        objects.set(objp, cookie);
        cpu.store32(objp, cookie);
        cpu.store32(objp + sizes[cache]! - 4, cookie);
      } else {
        const victims = [...objects.keys()];
        const objp = victims[below(random, victims.length)]!;
        objects.delete(objp);
        yield* allocator.free(cpu, caches[cache]!, objp);
      }
    }
  }
  for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, work(cpu));
  machine.scheduler.run();

  const check = () => {
    const states = allocator.caches();
    caches.forEach((cachep, i) => {
      const state = states.find((cache) => cache.cachep === cachep)!;
      assertCache(allocator, state, live[i]!.keys());
      for (const [objp, cookie] of live[i]!) {
        const first = machine.memory.peek32(objp);
        const last = machine.memory.peek32(objp + sizes[i]! - 4);
        if (first !== cookie || last !== cookie) throw new Corruption(`object ${objp.toString(16)} lost its cookie`);
      }
    });
    assertBuddy(k);
  };
  return { live, check };
}
