/** A recorded trace of allocations, on caches of the names and sizes that it has. */
import { z } from 'zod';
import { replay } from './trace-replay.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'replay',
  summary: 'a trace of a real kernel or program, its threads on CPUs',
  parameters: { trace: z.string().describe('the file, relative to the specification') },
  uses: ['placement', 'touch'],
  cpus: 1,
  start(context) {
    const trace = context.trace!;
    return {
      caches: trace.caches,
      tookOverCaches: true,
      run: () => replay(context, { trace, caches: context.caches }),
    };
  },
});
