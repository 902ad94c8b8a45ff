/**
 * Users of an allocator hand objects to each other: whoever frees an object has it from whoever allocated it. In a test or a
 * trace the hand-over is host code, of which the race detector must be told.
 */
import { interpose } from '../../hw/interpose.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { RaceDetector } from './race-detector.ts';

/** Tells `races` that the stores of an object's user come before its free, until the function returned is called. */
export function watchHandovers(allocator: SlabAllocator, races: RaceDetector): () => void {
  return interpose(allocator, {
    alloc: (below) =>
      function* (cpu, cachep, flags) {
        const objp = yield* below(cpu, cachep, flags);
        races.publish(cpu, objp);
        return objp;
      },
    free: (below) =>
      function* (cpu, cachep, objp) {
        races.receive(cpu, objp);
        yield* below(cpu, cachep, objp);
      },
    kmalloc: (below) =>
      function* (cpu, size, flags) {
        const objp = yield* below(cpu, size, flags);
        races.publish(cpu, objp);
        return objp;
      },
    kfree: (below) =>
      function* (cpu, objp) {
        races.receive(cpu, objp);
        yield* below(cpu, objp);
      },
  });
}
