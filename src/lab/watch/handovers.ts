/**
 * An allocator whose users hand objects to each other: whoever frees an object has it from whoever allocated it. In a test
 * or a trace the hand-over is host code, of which the race detector must be told.
 */
import type { SlabAllocator } from '../../slab/allocator.ts';
import type { RaceDetector } from './race-detector.ts';

/** `allocator`, telling `races` that the stores of an object's user come before its free. */
export function withHandovers(allocator: SlabAllocator, races: RaceDetector): SlabAllocator {
  const told: Pick<SlabAllocator, 'alloc' | 'free' | 'kmalloc' | 'kfree'> = {
    *alloc(cpu, cachep, flags) {
      const objp = yield* allocator.alloc(cpu, cachep, flags);
      races.publish(cpu, objp);
      return objp;
    },
    *free(cpu, cachep, objp) {
      races.receive(cpu, objp);
      yield* allocator.free(cpu, cachep, objp);
    },
    *kmalloc(cpu, size, flags) {
      const objp = yield* allocator.kmalloc(cpu, size, flags);
      races.publish(cpu, objp);
      return objp;
    },
    *kfree(cpu, objp) {
      races.receive(cpu, objp);
      yield* allocator.kfree(cpu, objp);
    },
  };
  return Object.assign(Object.create(allocator) as SlabAllocator, told);
}
