/**
 * Points that need not run, since others do the same: an alignment that rounds up what is round already, a limit that is the kernel's
 * own choice, a kernel that knows nodes on a machine of one. What the keys below say is done when the kernel is built and its caches
 * are made, by bytes in memory, and asked for no more when the workload runs. So points of one seed that differ in nothing else, and
 * come to its first operation with the same bytes everywhere, the same clocks and counters, go on alike.
 *
 * That is looked at for one seed and one value of what only draws or touches; how caches are made depends on neither.
 */
import { groupBy } from '../../base/group-by.ts';
import { InputError } from '../../base/input-error.ts';
import { combinationOf, keyOf, type Point, valuesOf } from '../results/points.ts';
import type { Specification } from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { type PointSetUp, setUpPoint } from './point.ts';

const LAYOUT = ['alignment', 'colouring', 'limit', 'batchcount', 'shared', 'kernel.l1_cache_bytes', 'kernel.numa'];
/** What does nothing to how caches are made. */
const ELSE = ['touch', 'think', 'drawn', 'ageing', 'placement', 'interrupts', 'interference'];

/** Of these points those that need not run, each with the one that runs for it: the first that is like it. */
export function likeOthers(
  specification: Specification,
  traceOf: (point: Point) => AllocationTrace | null,
  points: readonly Point[],
): Map<Point, Point> {
  const combinations = points.map(combinationOf);
  const varying = LAYOUT.filter((key) => valuesOf(combinations, key).length > 1);
  const found = new Map<Point, Point>();
  if (varying.length === 0) return found;
  const only = (point: Point, isKept: (key: string) => boolean) =>
    keyOf(Object.fromEntries(Object.entries(point).filter(([key]) => isKept(key))));
  const isLayout = (key: string) => varying.includes(key);
  const isElse = (key: string) => key === 'seed' || ELSE.includes(key) || key.startsWith('interference.');
  for (const [, kind] of groupBy(points, (point) => only(point, (key) => !isLayout(key) && !isElse(key)))) {
    const layouts = groupBy(kind, (point) => only(point, isLayout));
    if (layouts.size < 2) continue;
    const [example] = kind;
    const stateOf = new Map(
      [...layouts].map(([layout, [{ ...own }]]) => {
        const values = Object.fromEntries(varying.map((key) => [key, own[key]]));
        return [layout, stateAt(specification, traceOf(example), { ...example, ...values }) ?? layout];
      }),
    );
    const withState = (point: Point) => `${stateOf.get(only(point, isLayout))} ${only(point, (key) => !isLayout(key))}`;
    for (const [first, ...others] of groupBy(kind, withState).values()) {
      for (const other of others) found.set(other, first);
    }
  }
  return found;
}

/** What all that follows depends on, beside the seed; null where the point cannot run, of which it will tell itself. */
function stateAt(specification: Specification, trace: AllocationTrace | null, point: Point): string | null {
  try {
    return stateOf(setUpPoint(specification, trace, point));
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

function stateOf({ allocator: { kernel } }: PointSetUp): string {
  const { machine, config } = kernel;
  return JSON.stringify([
    hashOf(machine.memory.bytes),
    machine.cpus.map(({ clock, counters }) => [clock, counters]),
    { ...config, colouring: null },
  ]);
}

/** 64 bits in two streams: each word is stirred in by a multiplication and a rotation (as MurmurHash3 does). */
function hashOf(bytes: Uint8Array): string {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  let [a, b] = [1, 2];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === 0) continue;
    a = Math.imul((a << 13) | (a >>> 19), 0x85ebca6b) ^ Math.imul(word, 0xcc9e2d51) ^ i;
    b = Math.imul((b << 15) | (b >>> 17), 0xc2b2ae35) + Math.imul(word ^ i, 0x1b873593);
  }
  return `${a >>> 0} ${(b | 0) >>> 0}`;
}
