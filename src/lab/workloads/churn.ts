/** Objects come and go at random around a number of live ones; each CPU frees what it allocated itself. */

import { below, seeded } from '../../base/random.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { whole } from './parameter-types.ts';
import { defineWorkload, shareOf } from './workload.ts';

export default defineWorkload({
  name: 'churn',
  summary: 'allocations and frees at random around a number of live objects',
  parameters: {
    objects: whole(1, 1_000_000).default(1000).describe('live objects on all CPUs, about'),
    operations: whole(1, 100_000_000).default(20_000).describe('allocations and frees on all CPUs'),
  },
  cache: { name: 'churned', size: 128 },
  uses: ['object_size', 'touch'],
  cpus: 1,
  start(context, { objects, operations }) {
    const { cpus } = context;
    const live: addr_t[][] = cpus.map(() => []);
    return {
      *setUp(cpu) {
        const [cache] = context.caches;
        for (let i = 0; i < objects; i++) {
          const objp = yield* context.alloc(cpu, cache);
          if (objp !== NULL) live[i % cpus.length].push(objp);
        }
      },
      run() {
        const [cache] = context.caches;
        context.onEachCpu(function* (cpu) {
          const random = seeded(context.seed, `churn of cpu${cpu.id}`);
          const own = live[cpu.id];
          const aim = Math.max(1, shareOf(objects, cpu, cpus));
          for (let i = shareOf(operations, cpu, cpus); i > 0; i--) {
            context.think(cpu);
            if (cpu.isAhead) yield context.leave(cpu);
            context.enter(cpu);
            // As likely the one as the other where as many are live as there should be.
            if (own.length < 2 * aim * random()) {
              const objp = yield* context.alloc(cpu, cache);
              if (objp !== NULL) own.push(objp);
            } else {
              const index = below(random, own.length);
              const objp = own[index];
              own[index] = own.at(-1)!;
              own.pop();
              yield* context.free(cpu, cache, objp);
            }
            context.done();
          }
        });
      },
    };
  },
});
