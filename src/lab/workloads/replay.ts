/** A recorded trace of allocations, on caches of the names and sizes that it has. */
import * as z from 'zod';
import { cachesNamed, NONE_PASSED_OVER } from '../results/points.ts';
import type { TraceCache } from '../traces/allocation-trace.ts';
import { whole } from './parameter-types.ts';
import { Replay } from './trace-replay.ts';
import { defineWorkload } from './workload.ts';

export default defineWorkload({
  name: 'replay',
  summary: 'a trace of a real kernel or program, its threads on CPUs',
  parameters: {
    trace: z.string().describe('the file, relative to the specification'),
    pass_over: z
      .string()
      .optional()
      .describe('caches of the trace, parted by blanks, whose objects are neither allocated nor touched; none'),
    warm_up: whole(0, 100).optional().describe('passes through the trace before the one that is counted; 0'),
  },
  cache: null,
  uses: ['placement', 'touch'],
  cpus: 1,
  start(context, { pass_over = NONE_PASSED_OVER, warm_up = 0 }) {
    const trace = context.trace!;
    const passedOver = new Set(cachesNamed(pass_over));
    const isPassedOver = ({ recordedName }: TraceCache) => passedOver.has(recordedName);
    let next: Replay;
    const prepare = () => {
      let made = 0;
      const caches = trace.caches.map((cache) => (isPassedOver(cache) ? null : context.caches[made++]));
      next = new Replay(context, { trace, caches, touches: context.recordedTouches ? trace.touches! : null });
      next.bear();
    };
    return {
      caches: trace.caches.filter((cache) => !isPassedOver(cache)),
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
