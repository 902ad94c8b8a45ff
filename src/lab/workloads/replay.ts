/** A recorded trace of allocations, on caches of the names and sizes that it has. */
import * as z from 'zod';
import { whole } from './parameter-types.ts';
import { replay } from './trace-replay.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'replay',
  summary: 'a trace of a real kernel or program, its threads on CPUs',
  parameters: {
    trace: z.string().describe('the file, relative to the specification'),
    warm_up: whole(0, 100).optional().describe('passes through the trace before the one that is counted; 0'),
  },
  cache: null,
  uses: ['placement', 'touch'],
  cpus: 1,
  start(context, { warm_up = 0 }) {
    const trace = context.trace!;
    const pass = () => replay(context, { trace, caches: context.caches });
    return {
      caches: trace.caches,
      tookOverCaches: true,
      warmUp() {
        for (let passes = warm_up; passes > 0; passes--) pass().freeAll();
      },
      run: pass,
    };
  },
});
