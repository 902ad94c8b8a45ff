/** However a recording is mangled, what is replayed of it makes sense. */

import { expect, test } from 'vitest';
import { type AllocationTrace, skipReasons } from '../../../src/lab/traces/allocation-trace.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { linux2422 } from '../../../src/slab/linux-2.4.22/index.ts';
import fc from '../../fast-check.ts';
import { faultsOf } from './traces.ts';

const number = fc.integer({ min: 0, max: 9 });
const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5000 }) },
  { weight: 2, arbitrary: fc.constantFrom(131072, 131073, 2097152, 2097153) },
);

const mallocLine = fc.oneof(
  fc.tuple(number, size).map(([id, bytes]) => `a ${id} ${bytes}`),
  number.map((id) => `f ${id}`),
  fc.tuple(number, size).map(([id, bytes]) => `r ${id} ${bytes}`),
  fc.constantFrom('', '# a comment', 'noise'),
);

const kmemFields = fc.oneof(
  fc
    .tuple(number, size)
    .map(([n, bytes]) => `kmalloc: call_site=f ptr=f000000${n} bytes_req=${bytes} gfp_flags=GFP_KERNEL`),
  fc
    .tuple(number, size, fc.constantFrom('filp', 'dentry'))
    .map(
      ([n, bytes, name]) =>
        `kmem_cache_alloc: call_site=f ptr=f000000${n} name=${name} bytes_req=${bytes} gfp_flags=0xcc0`,
    ),
  number.map((n) => `kfree: call_site=f ptr=f000000${n}`),
  number.map((n) => `kmem_cache_free: call_site=f ptr=f000000${n}`),
  fc.constantFrom(
    'kfree: call_site=f ptr=(nil)',
    'kfree: call_site=f ptr=(ptrval)',
    'kfree: call_site=perf_event_mmap ptr=f0000001',
    'mm_page_free: page=1 pfn=1 order=0',
    'sched_switch: x',
  ),
);
const kmemLine = fc
  .tuple(number, fc.integer({ min: 0, max: 3 }), fc.constantFrom('.....', 'd.h1.'), kmemFields)
  .map(([tid, cpu, flags, fields]) => `a b-${tid} [00${cpu}] ${flags} 1.0: ${fields}`);

const first = 'a b-1 [000] ..... 1.0: kmalloc: call_site=f ptr=f0000000 bytes_req=1 gfp_flags=GFP_KERNEL';

/** The same mallocs, numbered without a gap: in the order of their first allocations. */
function renumbered(lines: readonly string[]): string[] {
  const numbers = new Map<string, number>();
  for (const line of lines) {
    const [event, number] = line.split(' ') as [string, string];
    if (event === 'a' && !numbers.has(number)) numbers.set(number, numbers.size);
  }
  // One that is never allocated stays as far off as it was.
  return lines.map((line) =>
    line.replace(/(?<=^. )\d+/, (number) => String(numbers.get(number) ?? 1000 + Number(number))),
  );
}

test.each([
  ['mallocs', 'a 0 1', mallocLine, renumbered],
  ['kmem events', first, kmemLine, (lines: readonly string[]) => lines],
] as const)(
  '%s in any order, repeated or missing, give operations that can be replayed',
  (_what, head, line, ordered) => {
    const reasonsMet = new Set<string>();
    const check = (trace: AllocationTrace) => {
      for (const reason of skipReasons(linux2422.limits)) if (trace.summary.skipped[reason] > 0) reasonsMet.add(reason);
      expect(faultsOf(trace)).toEqual([]);
    };
    fc.assert(
      // The last line, which could look cut, repeats the first.
      fc.property(fc.array(line, { maxLength: 60 }), (lines) =>
        check(readTrace(ordered([head, ...lines, head]), 'trace.txt')),
      ),
      { seed: 1, numRuns: 300 },
    );
    expect(reasonsMet.size).toBeGreaterThan(4);
  },
);
