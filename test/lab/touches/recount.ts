/**
 * Counts the touches of a trace twice, by ways that share nothing: from its text, and from what the emulated CPUs did to the
 * memory that the emulated allocator gave out. What was done to an object is kept as a number of accesses and two hashes: of its
 * writes in their order, and of its reads, each by what had been written before. So an access at another offset, of another
 * width, lost, or on the wrong side of a write shows.
 */
import { interpose } from '../../../src/hw/interpose.ts';
import type { addr_t } from '../../../src/hw/memory.ts';
import { type AccessKind, observe } from '../../../src/hw/observe.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import type { Counts } from '../../../src/lab/results/counts.ts';
import type { Point } from '../../../src/lab/results/points.ts';
import type { Specification } from '../../../src/lab/specification/specification.ts';
import type { AllocationTrace } from '../../../src/lab/traces/allocation-trace.ts';
import type { SlabAllocator } from '../../../src/slab/allocator.ts';

const mix = (hash: number, code: number): number => {
  const product = Math.imul(hash ^ code, 0x9e3779b1);
  return Math.imul(product ^ (product >>> 15), 0x85ebca6b) >>> 0;
};

/** What was done to objects, by number. */
class Recount {
  readonly kinds = { r: 0, w: 0, x: 0 };
  readonly #accesses: number[] = [];
  readonly #writes: number[] = [];
  readonly #reads: number[] = [];

  access(object: number, kind: AccessKind, offset: number, bytes: number): void {
    this.kinds[kind]++;
    const code = offset * 32 + bytes * 2 + (kind === 'x' ? 1 : 0);
    const written = this.#writes[object] ?? 0;
    this.#accesses[object] = (this.#accesses[object] ?? 0) + 1;
    if (kind === 'r') this.#reads[object] = ((this.#reads[object] ?? 0) + mix(written + 1, code)) >>> 0;
    else this.#writes[object] = mix(written, code);
  }

  /** How often which was done to an object: objects that nobody touched are none, and which is which does not matter. */
  objects(): string[] {
    const told = Object.keys(this.#accesses).map(Number);
    return told.map((i) => `${this.#accesses[i]} ${this.#writes[i] ?? 0} ${this.#reads[i] ?? 0}`).sort();
  }
}

/** From the text of a touch trace. */
export function recountText(lines: Iterable<string>): Recount {
  const recount = new Recount();
  const sites: { kind: AccessKind; offset: number; bytes: number; count: number }[] = [];
  let object = -1;
  for (const line of lines) {
    const fields = line.split(' ');
    const [head, first] = fields as [string, string];
    if (head === 'a' || head === 'b') object = Number(first);
    else if (head === 's') {
      const [offset, bytes, count] = fields.slice(2).map(Number) as [number, number, number];
      sites.push({ kind: first === 'm' ? 'x' : (first as AccessKind), offset, bytes, count });
    } else if (line.charCodeAt(0) <= 57 && head !== '#') {
      if (fields.length === 2) object = Number(first);
      const { kind, offset, bytes, count } = sites[Number(head)]!;
      for (let i = 0; i < count; i++) recount.access(object, kind, offset + i * bytes, bytes);
    }
  }
  return recount;
}

/** From what the CPUs of a point do to objects while these live. */
export function recountPoint(specification: Specification, trace: AllocationTrace, point: Point): [Recount, Counts] {
  const recount = new Recount();
  let objectAt = new Int32Array(0);
  const starts: addr_t[] = [];
  const lives = (objp: addr_t, bytes: number) => {
    if (objp !== 0) objectAt.fill(starts.push(objp), objp >>> 2, (objp + bytes) >>> 2);
  };
  const dies = (objp: addr_t) => {
    const object = objectAt[objp >>> 2]!;
    for (let word = objp >>> 2; objectAt[word] === object; word++) objectAt[word] = 0;
  };
  const booted = (allocator: SlabAllocator) => {
    objectAt = new Int32Array(allocator.kernel.machine.memory.size >>> 2);
    const sizes = new Map<addr_t, number>();
    const sizeOf = (cachep: addr_t): number => {
      if (!sizes.has(cachep)) for (const cache of allocator.caches()) sizes.set(cache.cachep, cache.objsize);
      return sizes.get(cachep)!;
    };
    interpose(allocator, {
      alloc: (below) =>
        function* (cpu, cachep, flags) {
          const objp = yield* below(cpu, cachep, flags);
          lives(objp, sizeOf(cachep));
          return objp;
        },
      kmalloc: (below) =>
        function* (cpu, size, flags) {
          const objp = yield* below(cpu, size, flags);
          lives(objp, (size + 7) & ~7);
          return objp;
        },
      get_free_pages: (below) =>
        function* (cpu, flags, order) {
          const objp = yield* below(cpu, flags, order);
          lives(objp, 4096 << order);
          return objp;
        },
      free: (below) => (cpu, cachep, objp) => {
        dies(objp);
        return below(cpu, cachep, objp);
      },
      kfree: (below) => (cpu, objp) => {
        dies(objp);
        return below(cpu, objp);
      },
      free_pages: (below) => (cpu, objp, order) => {
        dies(objp);
        return below(cpu, objp, order);
      },
    });
    for (const each of allocator.kernel.machine.cpus) {
      observe(each, (_, kind, addr, bytes) => {
        const object = objectAt[addr >>> 2]!;
        if (kind !== 'p' && object !== 0) recount.access(object, kind, addr - starts[object - 1]!, bytes);
      });
    }
  };
  const { counts } = runPoint(specification, trace, point, { poweredOn: () => {}, booted, measured: () => {} });
  return [recount, counts];
}
