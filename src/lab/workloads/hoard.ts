/** What cache-thrash and cache-scratch of Hoard's benchmarks share. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { NULL } from '../../hw/memory.ts';
import { whole } from './parameter-types.ts';
import type { Cache, WorkloadContext } from './workload.ts';

export const hoardParameters = {
  iterations: whole(1, 1_000_000).default(100).describe('objects of each CPU, one after the other'),
  repetitions: whole(1, 100_000_000).default(200).describe('how often each object is written, divided by the CPUs'),
};

/** Allocates an object, writes and reads each of its bytes again and again, frees it; so often. */
export function* allocateAndWrite(
  context: WorkloadContext,
  cpu: Cpu,
  cache: Cache,
  { iterations, repetitions }: { readonly iterations: number; readonly repetitions: number },
): Program {
  const ownRepetitions = Math.floor(repetitions / context.cpus.length);
  for (let i = 0; i < iterations; i++) {
    context.think(cpu);
    if (cpu.isAhead) yield context.leave(cpu);
    context.enter(cpu);
    const objp = yield* context.alloc(cpu, cache);
    if (objp !== NULL) {
      for (let repetition = 0; repetition < ownRepetitions; repetition++) {
        for (let at = objp; at < objp + cache.size; at++) {
          if (cpu.isAhead) yield;
          cpu.write(at, 1);
          cpu.read(at, 1);
        }
      }
      yield* context.free(cpu, cache, objp);
    }
    context.done();
  }
}
