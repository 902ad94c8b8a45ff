/**
 * Every object of a cache is visited for one field, again and again: Bonwick's reason for colouring (The Slab Allocator,
 * USENIX 1994). Objects of one cache lie at the same offsets in every slab, so the same field of all of them falls into
 * few sets of the cache; colouring moves each slab's objects by some lines. The objects are a list through that field,
 * in an order that the seed draws, as Drepper's (What Every Programmer Should Know About Memory, 2007, section 6.2).
 */
import { InputError } from '../../base/input-error.ts';
import { seeded, shuffle } from '../../base/random.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { whole } from './parameter-types.ts';
import { defineWorkload } from './workload.ts';

/** Bytes of an inode of 2.4 on i386. */
const INODE = 480;

export default defineWorkload({
  name: 'hot-field-walk',
  summary: 'every CPU visits the same field of many objects, again and again',
  parameters: {
    objects: whole(1, 1_000_000).default(160).describe('objects of the list'),
    passes: whole(1, 1_000_000).default(100).describe('how often each CPU goes through it'),
    offset: whole(0, 131_068).default(0).describe('of the field in the object, in bytes'),
  },
  cache: { name: 'walked', size: INODE },
  uses: ['object_size'],
  cpus: 1,
  start(context, { objects, passes, offset }, objectSize) {
    if (objectSize !== null && offset + 4 > objectSize) {
      throw new InputError(
        'workload.offset',
        `a field at ${offset} in ${objectSize} bytes`,
        'give object_size room for it',
      );
    }
    let first = NULL;
    return {
      caches: [{ name: 'walked', size: Math.max(objectSize ?? INODE, offset + 4) }],
      *setUp(cpu) {
        const [cache] = context.caches;
        const list: addr_t[] = [];
        for (let i = 0; i < objects; i++) {
          const objp = yield* context.alloc(cpu, cache);
          if (objp !== NULL) list.push(objp);
        }
        for (const objp of shuffle(list, seeded(context.seed, 'order of the list'))) {
          cpu.storePtr(objp + offset, first);
          first = objp;
        }
      },
      run() {
        context.onEachCpu(function* (cpu) {
          for (let pass = 0; pass < passes; pass++) {
            context.think(cpu);
            if (cpu.isAhead) yield context.leave(cpu);
            context.enter(cpu);
            for (let objp = first; objp !== NULL; objp = cpu.loadPtr(objp + offset)) {
              if (cpu.isAhead) yield;
            }
            context.done();
          }
        });
      },
    };
  },
});
