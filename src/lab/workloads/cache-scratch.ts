/**
 * Hoard's cache-scratch (Berger, McKinley, Blumofe, Wilson: Hoard, ASPLOS 2000): the first CPU allocates one object for each
 * CPU, side by side; each CPU frees its own, and from then on allocates, writes and frees as in cache-thrash. Misses of
 * coherence mean that an allocator lets a CPU have the piece of a shared line again that it freed (passive false sharing).
 */
import { type addr_t, NULL } from '../../hw/memory.ts';
import { allocateAndWrite, hoardParameters } from './hoard.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'cache-scratch',
  summary: "Hoard's test of passive false sharing: as cache-thrash, after freeing an object of the first CPU",
  parameters: hoardParameters,
  cache: { name: 'scratched', size: 8 },
  uses: ['object_size'],
  cpus: 1,
  start(context, parameters) {
    const given: addr_t[] = [];
    return {
      *setUp(cpu) {
        const [cache] = context.caches;
        for (const _ of context.cpus) given.push(yield* context.alloc(cpu, cache));
      },
      run() {
        const [cache] = context.caches;
        context.onEachCpu(function* (cpu) {
          const first = given[cpu.id];
          context.think(cpu);
          context.enter(cpu);
          if (first !== NULL) yield* context.free(cpu, cache, first);
          yield* allocateAndWrite(context, cpu, cache, parameters);
        });
      },
    };
  },
});
