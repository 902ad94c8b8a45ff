/** A recorded trace of allocations, on caches of the names and sizes that it has. */
import { z } from 'zod';
import { whole } from './parameter-types.ts';
import { Replay } from './trace-replay.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'replay',
  summary: 'a trace of a real kernel or program, its threads on CPUs',
  parameters: {
    trace: z.string().describe('the file, relative to the specification'),
    warm_up: whole(0, 100).optional().describe('passes through the trace before the one that is counted; 0'),
  },
  uses: ['placement', 'touch'],
  cpus: 1,
  start(context, { warm_up = 0 }) {
    const trace = context.trace!;
    let next: Replay;
    const prepare = () => {
      const { caches, recordedTouches } = context;
      next = new Replay(context, { trace, caches, touches: recordedTouches ? trace.touches! : null });
      next.bear();
    };
    return {
      caches: trace.caches,
      tookOverCaches: true,
      warmUp() {
        prepare();
        for (let passes = warm_up; passes > 0; passes--) {
          next.run();
          next.freeAll();
          prepare();
        }
      },
      run: () => next.run(),
    };
  },
});
