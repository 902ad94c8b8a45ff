/**
 * Hoard's cache-thrash (Berger, McKinley, Blumofe, Wilson: Hoard, ASPLOS 2000): each CPU allocates an object, writes it again
 * and again, and frees it. Misses of coherence mean that the allocator gave pieces of one line to several CPUs (active
 * false sharing). The paper's arguments are P, 100 iterations, 8 bytes, 1,000,000 repetitions, which the CPUs share.
 */

import { allocateAndWrite, hoardParameters } from './hoard.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'cache-thrash',
  summary: "Hoard's test of active false sharing: each CPU allocates, writes, frees",
  parameters: hoardParameters,
  cache: { name: 'thrashed', size: 8 },
  uses: ['object_size'],
  cpus: 1,
  start(context, parameters) {
    return {
      run() {
        const [cache] = context.caches;
        context.onEachCpu((cpu) => allocateAndWrite(context, cpu, cache, parameters));
      },
    };
  },
});
