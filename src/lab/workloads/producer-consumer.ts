/**
 * Objects are allocated on one CPU and freed on another, handed over through a ring in memory: the producer's per-CPU array
 * runs empty and the consumer's runs full, so both go to the slabs again and again. CPUs stand in pairs, each with the next (0
 * and 1, 2 and 3), or with one of the other half (of four, 0 and 2, 1 and 3); one that is left over does nothing.
 */
import type { addr_t } from '../../hw/memory.ts';
import { NULL } from '../../hw/memory.ts';
import { oneOf, whole } from './parameter-types.ts';
import { defineWorkload } from './workload.ts';

const HEAD = 0;
/** The consumer's index stands 128 bytes, the longest line there is, from the producer's. */
const TAIL = 128;
const SLOTS = 256;

export default defineWorkload({
  name: 'producer-consumer',
  summary: 'objects allocated on one CPU, handed over through a ring, freed on another',
  parameters: {
    objects: whole(1, 10_000_000).default(10_000).describe('objects that each pair of CPUs hands over'),
    pairs: oneOf(['next', 'across'])
      .optional()
      .describe('next: each CPU with the next; across: with one of the other half, on two nodes of the other; next'),
    ring: whole(1, 16_384).default(64).describe('slots of the ring'),
  },
  cache: { name: 'handed-over', size: 256 },
  uses: ['object_size', 'touch'],
  cpus: 2,
  start(context, { objects, ring, pairs }) {
    const { kernel, version } = context.allocator;
    const { memory } = kernel.machine;
    const rings: addr_t[] = [];
    const half = context.cpus.length >>> 1;
    const pairOf = (id: number) => (pairs === 'across' ? id % half : id >>> 1);
    const isProducer = (id: number) => (pairs === 'across' ? id < half : id % 2 === 0);
    return {
      *setUp(cpu) {
        for (let pair = 0; pair < half; pair++) {
          const at = yield* context.allocator.kmalloc(cpu, SLOTS + 4 * ring, version.gfp.GFP_KERNEL);
          cpu.store32(at + HEAD, 0);
          cpu.store32(at + TAIL, 0);
          rings.push(at);
        }
      },
      run() {
        const [cache] = context.caches;
        context.onEachCpu(function* (cpu) {
          if (cpu.id >= 2 * half) return;
          const at = rings[pairOf(cpu.id)];
          // Waiting is a sleep, not a spin: what a waker would see in memory is looked at by peek.
          const waiting = () => memory.peek32(at + HEAD) - memory.peek32(at + TAIL);
          const produces = isProducer(cpu.id);
          const ready = produces ? () => waiting() < ring : () => waiting() > 0;
          for (let i = 0; i < objects; i++) {
            yield* context.waitUntil(cpu, ready);
            context.think(cpu);
            if (cpu.isAhead) yield context.leave(cpu);
            context.enter(cpu);
            const slot = at + SLOTS + 4 * (i % ring);
            if (produces) {
              const objp = yield* context.alloc(cpu, cache);
              if (cpu.isAhead) yield;
              cpu.storePtr(slot, objp);
              cpu.store32(at + HEAD, i + 1);
            } else {
              cpu.load32(at + HEAD);
              const objp = cpu.loadPtr(slot);
              cpu.store32(at + TAIL, i + 1);
              if (objp !== NULL) yield* context.free(cpu, cache, objp);
            }
            context.done();
          }
        });
      },
    };
  },
});
