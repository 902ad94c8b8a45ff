/** A recorded trace of allocations, on caches of the names and sizes that it has. */
import { z } from 'zod';
import { replay } from '../replay.ts';
import { type Cache, defineWorkload } from '../workload.ts';

export default defineWorkload({
  name: 'replay',
  summary: 'a trace of a real kernel or program, its threads on CPUs',
  parameters: { trace: z.string().describe('the file, relative to the specification') },
  uses: ['placement', 'touch'],
  cpus: 1,
  start(context) {
    const trace = context.trace!;
    const caches: Cache[] = [];
    return {
      *setUp(cpu) {
        for (const { name, size } of trace.caches) caches.push(yield* context.createCache(cpu, name, size));
      },
      run() {
        replay(context, { trace, caches });
      },
    };
  },
});
