import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { AllocationTrace } from '../../../src/lab/traces/allocation-trace.ts';
import { type Allocation, eachOperation } from '../../../src/lab/traces/operations.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { type Limits, limitsOfAll } from '../../../src/slab/kernel-facts.ts';
import { linux2422 } from '../../../src/slab/linux-2.4.22/index.ts';
import { faultsOf, story } from './traces.ts';

const trace = (...lines: string[]): AllocationTrace => readTrace(lines, 'trace.txt');
const operationsOf = ({ operations }: AllocationTrace) => [...eachOperation(operations)];

interface Where {
  readonly thread?: string;
  readonly cpu?: number;
  readonly flags?: string;
  readonly site?: string;
}
const event = (text: string, { thread = 'sh-1', cpu = 0, flags = '.....', site = 'f+0x1' }: Where = {}): string =>
  `${thread} [00${cpu}] ${flags} 1.000000: ${text.replace(':', `: call_site=${site}`)}`;
const kmalloc = (ptr: string, size: number, where?: Where, gfp = 'GFP_KERNEL') =>
  event(`kmalloc: ptr=${ptr} bytes_req=${size} bytes_alloc=${size} gfp_flags=${gfp}`, where);
const alloc = (ptr: string, name: string, size = 64, where?: Where) =>
  event(`kmem_cache_alloc: ptr=${ptr} name=${name} bytes_req=${size} bytes_alloc=64 gfp_flags=GFP_KERNEL`, where);
const kfree = (ptr: string, where?: Where) => event(`kfree: ptr=${ptr}`, where);
const cacheFree = (ptr: string, where?: Where) => event(`kmem_cache_free: ptr=${ptr} name=any`, where);

describe('objects', () => {
  test('are numbered in order of allocation, and never again by the same number', () => {
    const result = trace(alloc('a0', 'filp'), kmalloc('b0', 100), cacheFree('a0'), alloc('a0', 'filp'), kfree('b0'));
    expect(story(result)).toEqual(['filp 0', '100 bytes 1', 'kmem_cache_free 0', 'filp 2', 'kfree 1']);
    expect(result.objects).toBe(3);
  });

  test('of a named cache may be freed by kfree', () => {
    expect(story(trace(alloc('a0', 'filp'), kfree('a0')))).toEqual(['filp 0', 'kfree 0']);
  });

  test('of kmalloc are freed by kfree, even where the trace says kmem_cache_free', () => {
    expect(story(trace(kmalloc('a0', 8), cacheFree('a0')))).toEqual(['8 bytes 0', 'kfree 0']);
  });

  test('of a cache without a name are as if from kmalloc', () => {
    const unnamed = event('kmem_cache_alloc: ptr=a0 bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL');
    expect(story(trace(unnamed, cacheFree('a0')))).toEqual(['64 bytes 0', 'kfree 0']);
  });
});

test('what is too large for kmalloc is counted', () => {
  const result = trace(kmalloc('a0', 131072), kmalloc('b0', 131073), kfree('b0'));
  expect(story(result)).toEqual(['131072 bytes 0', '131073 bytes 1', 'kfree 1']);
  expect(result.summary.pageAllocations).toBe(1);
});

test.each([
  ['freed before', 1, [kmalloc('a0', 8), kfree('a0'), kfree('a0')]],
  ['not allocated in the trace', 2, [kmalloc('a0', 8), kfree('b0'), kfree('b0')]],
  ['whose allocation was skipped', 1, [kmalloc('a0', 8), kmalloc('b0', 2097153), kfree('b0')]],
])('a free that cannot be replayed is told apart: of an object %s', (which, times, lines) => {
  const { skipped } = trace(...lines, kmalloc('c0', 8)).summary;
  const frees = Object.entries(skipped).filter(
    ([reason, count]) => count > 0 && reason.startsWith('free of an object'),
  );
  expect(frees).toEqual([[`free of an object ${which}`, times]]);
});

describe('a pointer allocated again while live', () => {
  test.each([
    ['kmalloc', kmalloc('a0', 8), ['8 bytes 0', 'kfree 0', '16 bytes 1']],
    ['a cache', alloc('a0', 'filp'), ['filp 0', 'kmem_cache_free 0', '16 bytes 1']],
  ])('was freed unseen, as is right for %s', (_from, first, expected) => {
    const result = trace(first, kmalloc('a0', 16));
    expect(story(result)).toEqual(expected);
    expect(result.summary).toMatchObject({ allocations: 2, frees: 0, unseenFrees: 1, liveAtEnd: 1 });
  });

  test('is freed on the thread and CPU of the new allocation', () => {
    const result = trace(kmalloc('a0', 8), kmalloc('a0', 8, { thread: 'cc-2', cpu: 1 }));
    expect(operationsOf(result)[1]).toMatchObject({ kind: 'free', object: 0, thread: 1, cpu: 1 });
    expect(result.threads).toEqual(['sh-1', 'cc-2']);
  });
});

test.each([
  ['free of NULL', kfree('0000000000000000')],
  ['free of NULL', kfree('(nil)')],
  ['failed allocation', kmalloc('(nil)', 8)],
  ['free of an object not allocated in the trace', kfree('b0')],
  ['call of the recorder itself (perf_...)', kmalloc('b0', 4096, { site: 'perf_event_mmap+0x155' })],
  ['call of the recorder itself (perf_...)', kfree('a0', { site: 'perf_event_mmap+0x258' })],
  ['allocation above 2097152 bytes', kmalloc('b0', 2097153)],
  ['object of a cache, above 131072 bytes', alloc('b0', 'huge', 131073)],
  ["the recorded kernel's page allocator (mm_page_...)", event('mm_page_alloc: page=b0 pfn=0xb0 order=0')],
  ['pointer hidden by the kernel', kmalloc('(____ptrval____)', 8)],
] as const)('skipped and counted: %s', (reason, line) => {
  const { operations, summary } = trace(kmalloc('a0', 8), line, kmalloc('c0', 131072));
  expect(operations).toHaveLength(2);
  expect(summary.events).toBe(3);
  expect(Object.entries(summary.skipped).filter(([, count]) => count > 0)).toEqual([[reason, 1]]);
});

describe('gfp flags', () => {
  const flagsOf = (gfp: string, flags?: string) => {
    const result = trace(kmalloc('a0', 8, flags === undefined ? {} : { flags }, gfp));
    const { atomic, dma } = operationsOf(result)[0] as Allocation;
    return { atomic, dma, unknown: result.summary.unknownFlags };
  };

  test.each([
    ['GFP_KERNEL', false, false],
    ['GFP_KERNEL_ACCOUNT|__GFP_ZERO', false, false],
    ['GFP_NOFS|__GFP_ZERO|__GFP_NOFAIL', false, false],
    ['GFP_NOIO', false, false],
    ['GFP_USER', false, false],
    ['GFP_HIGHUSER', false, false],
    ['__GFP_RECLAIM', false, false],
    ['__GFP_DIRECT_RECLAIM|__GFP_IO', false, false],
    ['__GFP_WAIT', false, false],
    ['GFP_ATOMIC|__GFP_NOWARN', true, false],
    ['GFP_NOWAIT|__GFP_FS|__GFP_NORETRY', true, false],
    ['__GFP_HIGH|__GFP_NOWARN', true, false],
    ['none', true, false],
    ['GFP_KERNEL|GFP_DMA', false, true],
    ['GFP_KERNEL|__GFP_DMA', false, true],
    ['GFP_KERNEL|GFP_DMA32', false, false],
    ['GFP_ATOMIC|GFP_DMA', true, true],
  ])('%s: atomic is %s, dma is %s', (gfp, atomic, dma) => {
    expect(flagsOf(gfp)).toEqual({ atomic, dma, unknown: 0 });
  });

  test('as a number are unknown, so the allocation may wait', () => {
    expect(flagsOf('0xcc0')).toEqual({ atomic: false, dma: false, unknown: 1 });
  });

  test('of any kind are atomic in an interrupt', () => {
    expect(flagsOf('GFP_KERNEL', '..s1.').atomic).toBe(true);
  });
});

describe('caches', () => {
  const namesOf = (...recorded: string[]): string[] =>
    trace(...recorded.map((name, i) => alloc(`a${i}`, name))).caches.map((cache) => cache.name);

  test('have the largest size of their requests', () => {
    const { caches, summary } = trace(alloc('a0', 'filp', 64), alloc('b0', 'filp', 192), alloc('c0', 'filp', 128));
    expect(caches).toEqual([{ recordedName: 'filp', name: 'filp', size: 192 }]);
    expect(summary.cachesOfSeveralSizes).toBe(1);
  });

  test('have a size of at least a word', () => {
    expect(trace(alloc('a0', 'tiny', 1)).caches[0].size).toBe(4);
  });

  test.each([
    ['a name of 18 characters stays', ['abcdefghijklmnopqr'], ['abcdefghijklmnopqr']],
    ['a longer one is shortened', ['ext4_allocation_context'], ['ext4_allocation_c~']],
    [
      'two that begin alike differ',
      ['ext4_allocation_context', 'ext4_allocation_cache'],
      ['ext4_allocation_c~', 'ext4_allocation_~2'],
    ],
    [
      'a whole name is never taken, even if it comes later',
      ['ext4_allocation_context', 'ext4_allocation_c~'],
      ['ext4_allocation_~2', 'ext4_allocation_c~'],
    ],
    ["the names of 2.4's own caches are not free", ['kmem_cache', 'size-32(DMA)'], ['kmem_cache~', 'size-32(DMA)~']],
  ])('%s', (_what, recorded, names) => {
    expect(namesOf(...recorded)).toEqual(names);
  });

  test('of other names are counted', () => {
    expect(trace(alloc('a0', 'filp'), alloc('b0', 'ext4_allocation_context')).summary.renamedCaches).toBe(1);
  });
});

describe('threads', () => {
  const threadsOf = (...threads: Where[]) => {
    const result = trace(...threads.map((where, i) => kmalloc(`a${i}`, 8, where)));
    return { names: result.threads, numbers: operationsOf(result).map((operation) => operation.thread) };
  };

  test('stay the same over exec, and have the latest name', () => {
    expect(threadsOf({ thread: 'bash-7' }, { thread: 'sh-8' }, { thread: 'true-7' })).toEqual({
      names: ['true-7', 'sh-8'],
      numbers: [0, 1, 0],
    });
  });

  test('keep their name where ftrace forgot it', () => {
    expect(threadsOf({ thread: 'bash-7' }, { thread: '<...>-7' }).names).toEqual(['bash-7']);
  });

  test('of id 0 are one on each CPU', () => {
    expect(threadsOf({ thread: '<idle>-0' }, { thread: '<idle>-0', cpu: 1 }, { thread: '<idle>-0' })).toEqual({
      names: ['swapper/0-0', 'swapper/1-0'],
      numbers: [0, 1, 0],
    });
  });
});

test.each([
  ['from the header', ['# entries-in-buffer/entries-written: 1/1   #P:4', kmalloc('a0', 8)], 4],
  ['else from the highest number seen', [kmalloc('a0', 8, { cpu: 2 })], 3],
])('the number of CPUs is known %s', (_from, lines, cpus) => {
  const result = trace(...lines);
  expect(result.cpus).toBe(cpus);
  expect(result.summary.cpus).toBe(1);
});

test('what kernels refuse is left out and told by their limits: several replay what all of them take', () => {
  const small: Limits = {
    ...linux2422.limits,
    longestName: 6,
    largestObject: 4096,
    largestBlock: 8192,
    smallestObject: 8,
  };
  const limits = limitsOfAll([linux2422, { ...linux2422, limits: small }]);
  const lines = [alloc('a0', 'dentry_cache', 4), alloc('b0', 'huge', 4097), kmalloc('c0', 4097), kmalloc('d0', 8193)];
  const { caches, summary } = readTrace(lines, 'trace.txt', limits);
  expect(caches).toEqual([{ recordedName: 'dentry_cache', name: 'dentr~', size: 8 }]);
  expect(summary).toMatchObject({ allocations: 2, pageAllocations: 1 });
  expect(summary.skipped).toMatchObject({ 'object of a cache, above 4096 bytes': 1, 'allocation above 8192 bytes': 1 });
});

test('a trace without any allocation to replay is refused', () => {
  expect(() => trace(kfree('b0'), kfree('(nil)'))).toThrow(
    'trace.txt: has no allocation to replay among its 2 events: free of NULL (1), free of an object not allocated in the ' +
      'trace (1); allocations that can be replayed (kmem:kmalloc, kmem:kmem_cache_alloc) are needed',
  );
});

describe('the recording of tar', () => {
  const packed = readFileSync(new URL('../../../examples/tar-extract.ftrace.txt.gz', import.meta.url));
  const result = trace(...gunzipSync(packed).toString().split('\n'));

  test('has the counts that were measured when it was made', () => {
    expect(result.summary).toEqual({
      file: 'trace.txt',
      format: 'ftrace',
      lines: 46785,
      events: 46772,
      skipped: {
        'call of the recorder itself (perf_...)': 0,
        'free of NULL': 2919,
        'failed allocation': 0,
        'pointer hidden by the kernel': 0,
        "the recorded kernel's page allocator (mm_page_...)": 0,
        'object of a cache, above 131072 bytes': 0,
        'allocation above 2097152 bytes': 0,
        // Together the 77 frees of unknown pointers that were measured.
        'free of an object not allocated in the trace': 76,
        'free of an object freed before': 1,
        'free of an object whose allocation was skipped': 0,
        'resize of an object that is not live in the trace': 0,
      },
      otherTracepoints: 0,
      otherLines: 0,
      lostEvents: 0,
      bornBefore: 0,
      allocations: 23898,
      frees: 19878,
      resizes: 0,
      unseenFrees: 559,
      liveAtEnd: 3461,
      peakLiveBytes: 2286901,
      pageAllocations: 0,
      threads: 5,
      cpus: 2,
      caches: 33,
      renamedCaches: 3,
      cachesOfSeveralSizes: 0,
      unknownFlags: 0,
    });
  });

  test('can be replayed', () => {
    expect(faultsOf(result)).toEqual([]);
  });
});
