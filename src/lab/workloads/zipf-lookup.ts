/**
 * Look-ups as in the inode and dentry caches: objects are used by Zipf's law (a few all the time, most hardly ever), and now
 * and then one that is used as seldom as any makes way for a new one.
 */

import * as z from 'zod';
import { below, seeded } from '../../base/random.ts';
import { zipf } from '../../base/zipf.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { whole } from './parameter-types.ts';
import { defineWorkload, shareOf } from './workload.ts';

export default defineWorkload({
  name: 'zipf-lookup',
  summary: 'look-ups of live objects by Zipf, with some replacement, as of inodes and dentries',
  parameters: {
    objects: whole(1, 1_000_000).default(2000).describe('live objects'),
    operations: whole(1, 100_000_000).default(20_000).describe('look-ups and replacements on all CPUs'),
    exponent: z.number().min(0).max(10).default(1).describe("of Zipf's law; 0 makes all objects alike"),
    replaced: z.number().min(0).max(1).default(0.05).describe('share of the operations that replace an object'),
  },
  // 480 bytes: an inode of 2.4 on i386.
  cache: { name: 'looked-up', size: 480 },
  uses: ['object_size', 'touch'],
  cpus: 1,
  start(context, { objects, operations, exponent, replaced }) {
    const { cpus } = context;
    /** By rank. NULL while it is replaced. */
    const live: addr_t[] = [];
    const rankBy = zipf(objects, exponent);
    return {
      *setUp(cpu) {
        const [cache] = context.caches;
        const random = seeded(context.seed, 'ranks of objects');
        for (let i = 0; i < objects; i++) {
          const objp = yield* context.alloc(cpu, cache);
          const rank = below(random, i + 1);
          live.push(live[rank] ?? objp);
          live[rank] = objp;
        }
      },
      run() {
        const [cache] = context.caches;
        context.onEachCpu(function* (cpu) {
          const random = seeded(context.seed, `look-ups of cpu${cpu.id}`);
          for (let i = shareOf(operations, cpu, cpus); i > 0; i--) {
            context.think(cpu);
            if (cpu.isAhead) yield context.leave(cpu);
            context.enter(cpu);
            if (random() < replaced) {
              const rank = below(random, objects);
              const old = live[rank];
              live[rank] = NULL;
              if (old !== NULL) yield* context.free(cpu, cache, old);
              const objp = yield* context.alloc(cpu, cache);
              // Another CPU may have filled the rank meanwhile.
              if (live[rank] === NULL) live[rank] = objp;
              else if (objp !== NULL) yield* context.free(cpu, cache, objp);
            } else {
              const objp = live[rankBy(random)];
              if (objp !== NULL) context.touch.used(cpu, cache.number, objp, cache.size);
            }
            context.done();
          }
        });
      },
    };
  },
});
