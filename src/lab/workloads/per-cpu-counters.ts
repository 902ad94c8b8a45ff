/**
 * Statistics that each CPU keeps for itself, in objects allocated one after the other: neighbours stand in one line unless
 * objects are aligned to lines, and then every increment takes the line from another CPU (false sharing).
 */
import { type addr_t, NULL } from '../../hw/memory.ts';
import { whole } from './parameter-types.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'per-cpu-counters',
  summary: 'each CPU increments counters of its own, which stand beside those of the others',
  parameters: {
    counters: whole(1, 10_000).default(4).describe('how many each CPU has'),
    increments: whole(1, 100_000_000).default(20_000).describe('how many each CPU makes'),
  },
  cache: { name: 'counter', size: 8 },
  uses: ['object_size'],
  cpus: 1,
  start(context, { counters, increments }) {
    /** By counter, and CPU. */
    const objects: addr_t[][] = [];
    return {
      *setUp(cpu) {
        const [cache] = context.caches;
        for (let i = 0; i < counters; i++) {
          const row: addr_t[] = [];
          for (const _ of context.cpus) {
            const objp = yield* context.alloc(cpu, cache);
            if (objp !== NULL) cpu.store32(objp, 0);
            row.push(objp);
          }
          objects.push(row);
        }
      },
      run() {
        context.onEachCpu(function* (cpu) {
          for (let i = 0; i < increments; i++) {
            context.think(cpu);
            if (cpu.isAhead) yield context.leave(cpu);
            context.enter(cpu);
            const counter = objects[i % counters][cpu.id];
            if (counter !== NULL) cpu.store32(counter, cpu.load32(counter) + 1);
            context.done();
          }
        });
      },
    };
  },
});
