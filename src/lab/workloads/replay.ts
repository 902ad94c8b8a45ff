/** A recorded trace of allocations, on caches of the names and sizes that it has. */
import { z } from 'zod';
import type { Cpu, Program } from '../../hw/cpu.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { replay } from './trace-replay.ts';
import { type Cache, defineWorkload, type Workload, type WorkloadContext } from './workload.ts';

class TraceReplay implements Workload {
  readonly #context: WorkloadContext;
  readonly #trace: AllocationTrace;
  readonly #caches: Cache[] = [];

  constructor(context: WorkloadContext) {
    this.#context = context;
    this.#trace = context.trace!;
  }

  *setUp(cpu: Cpu): Program {
    for (const { name, size } of this.#trace.caches)
      this.#caches.push(yield* this.#context.createCache(cpu, name, size));
  }

  run(): void {
    replay(this.#context, { trace: this.#trace, caches: this.#caches });
  }
}

export default defineWorkload({
  name: 'replay',
  summary: 'a trace of a real kernel or program, its threads on CPUs',
  parameters: { trace: z.string().describe('the file, relative to the specification') },
  uses: ['placement', 'touch'],
  cpus: 1,
  start: (context) => new TraceReplay(context),
});
