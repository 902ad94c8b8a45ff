/** Recorded touches, replayed: all of them, none else, and in an order that makes no difference to any object. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { observe } from '../../../src/hw/observe.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { limitsOf, parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { recountPoint, recountText } from './recount.ts';

const versions = ['2.4.0', '2.4.22', '2.6.17-g4776874'];

const specificationOf = (...lines: string[]) => {
  const has = (key: string) => lines.some((line) => line.startsWith(key));
  return parseSpecification(
    [
      ...['name: x', 'alignment: word', 'colouring: on', 'seeds: 1', ...lines],
      ...(has('machine') ? [] : ['machine: { model: pentium-iii, memory: 16M }']),
      ...(has('workload') ? [] : ['workload: { name: replay, trace: t }']),
    ].join('\n'),
    'x.yaml',
    true,
  );
};
const firstPoint = (specification: ReturnType<typeof specificationOf>) => points(specification)[0]!;

const linesOf = (name: string) =>
  gunzipSync(readFileSync(new URL(`data/${name}.gz`, import.meta.url)))
    .toString()
    .trimEnd()
    .split('\n');
const limits = limitsOf(specificationOf(`kernel: { version: [${versions.join(', ')}] }`));

describe.each([
  ['cut-of-k-pipe', { r: 19_270, w: 8_685, x: 2_045 }],
  ['cut-of-u-redis', { r: 8_648, w: 6_292, x: 60 }],
])('%s', (name, kinds) => {
  const lines = linesOf(name);
  const trace = readTrace(lines, name, limits);
  const text = recountText(lines);

  test('holds what its header counts', () => {
    expect(text.kinds).toEqual(kinds);
  });

  test.each(
    versions.flatMap((version) => [1, 2, 4].map((cpus) => [version, cpus, cpus === 2 ? 'thread' : 'trace'] as const)),
  )('on %s and %i CPUs by %s is made access by access', (version, cpus, placement) => {
    const specification = specificationOf(
      `machine: { model: pentium-iii, memory: 16M, cpus: ${cpus} }`,
      ...[`kernel: { version: ${version} }`, `placement: ${placement}`],
    );
    const [recount, { operations, failed }] = recountPoint(specification, trace, firstPoint(specification));
    expect(recount.kinds).toEqual(kinds);
    expect(recount.objects()).toEqual(text.objects());
    expect([operations, failed]).toEqual([trace.operations.length, 0]);
  });

  test('is made once more by each pass that warms up', () => {
    const specification = specificationOf('workload: { name: replay, trace: t, warm_up: 1 }');
    const [recount] = recountPoint(specification, trace, firstPoint(specification));
    expect(recount.kinds).toEqual({ r: 2 * kinds.r, w: 2 * kinds.w, x: 2 * kinds.x });
    expect(recount.objects()).toEqual([...text.objects(), ...text.objects()].sort());
  });

  test('is not made by a model', () => {
    const counts = (touch: string) => {
      const specification = specificationOf(`touch: ${touch}`);
      return recountPoint(specification, trace, firstPoint(specification))[0].kinds;
    };
    expect(counts('init-head').x).toBe(0);
    expect(counts('[recorded, init-head]')).toEqual(kinds);
  });
});

/** Replays lines of a touch trace by the recorded CPUs; what was done to memory while it ran, in order, as `cpu0 w 8`. */
function replayed(lines: readonly string[], ...keys: string[]) {
  const trace = readTrace(['# touch trace 1', ...lines], 'touch.txt', limits);
  const specification = specificationOf('placement: trace', 'history: fresh', ...keys);
  const log: { cpu: number; kind: string; addr: number; bytes: number; clock: number }[] = [];
  const { counts } = runPoint(specification, trace, firstPoint(specification), {
    poweredOn: () => {},
    measured: ({ kernel }) => {
      for (const each of kernel.machine.cpus) {
        observe(each, ({ id, clock }, kind, addr, bytes) => {
          // No kernel here accesses 7 bytes.
          if (bytes === 7) log.push({ cpu: id, kind, addr, bytes, clock });
        });
      }
    },
  });
  return { log, counts, told: log.map(({ cpu, kind }) => `cpu${cpu} ${kind}`) };
}

/** Site 0 reads 7 bytes, 1 writes them, 2 does both, at 0; 3 keeps a CPU busy, which has an object of its number. */
const sites = ['s r 0 7 1', 's w 0 7 1', 's m 0 7 1', 's w 0 8 512'];
const busy = (own: 0 | 1) => Array.from({ length: 20 }, () => [`t ${own} ${own}`, `3 ${own}`]).flat();

describe('between CPUs', () => {
  const own = ['t 0 0', 'a 0 0 4096 -', 't 1 1', 'a 1 0 4096 -'];

  test('nothing is touched before its allocation has returned', () => {
    const { told } = replayed([...sites, ...own, 't 0 0', ...busy(0), 'a 2 0 8 -', 't 1 1', '0 2', 't 0 0', '1 2']);
    expect(told).toEqual(['cpu1 r', 'cpu0 w']);
  });

  test('a read comes behind the writes before it, a write behind the reads', () => {
    const lines = [
      ...sites,
      ...own,
      't 0 0',
      'a 2 0 8 -',
      ...busy(0),
      '1 2',
      't 1 1',
      '0 2',
      ...busy(1),
      't 0 0',
      '2 2',
    ];
    const { told, log } = replayed([...lines, 't 1 1', '1 2']);
    expect(told).toEqual(['cpu0 w', 'cpu1 r', 'cpu0 x', 'cpu1 w']);
    const clocks = log.map(({ clock }) => clock);
    expect(clocks).toEqual(clocks.toSorted((a, b) => a - b));
  });

  test('reads have no order', () => {
    const { told } = replayed([...sites, ...own, 't 0 0', 'a 2 0 8 -', '1 2', ...busy(0), '0 2', 't 1 1', '0 2']);
    expect(told).toEqual(['cpu0 w', 'cpu1 r', 'cpu0 r']);
  });

  test('a free comes behind every touch', () => {
    // Object 3 gets the memory of object 2, so its touch would come first.
    const lines = [
      ...sites,
      ...own,
      't 0 0',
      'a 2 0 8 -',
      't 1 1',
      ...busy(1),
      '0 2',
      't 0 0',
      'f 2',
      'a 3 0 8 -',
      '1 3',
    ];
    const { told, log } = replayed(lines);
    expect(told).toEqual(['cpu1 r', 'cpu0 w']);
    expect(log[0]!.addr).toBe(log[1]!.addr);
  });
});

describe('objects that were there before', () => {
  const lines = [...sites, ...Array.from({ length: 40 }, (_, i) => `b ${i} 0 500`), 'a 40 0 8 -'];
  const touched = Array.from({ length: 40 }, (_, i) => `0 ${i}`);
  const addresses = (key: string) => replayed([...lines, ...touched], key).log.map(({ addr }) => addr);

  test('stand in an order that the seed draws', () => {
    const [first, second] = [addresses('seed: 1'), addresses('seed: 2')];
    expect(new Set(first).size).toBe(40);
    expect(addresses('seed: 1')).toEqual(first);
    expect(second).not.toEqual(first);
    // On a fresh kernel all seeds take the same places, give or take the CPU that allocates.
    expect(first).not.toEqual(first.toSorted((a, b) => a - b));
  });

  test('are no operations, and no accesses', () => {
    expect(replayed(lines).counts.operations).toBe(1);
  });

  test('need memory', () => {
    const many = Array.from({ length: 200 }, (_, i) => `b ${i} 0 100000`);
    expect(() => replayed([...many, 'a 200 0 8 -'])).toThrow(
      /touch\.txt: .*; (give the machine more|where memory is short, give the machine more)$/,
    );
  });
});

describe('caches passed over', () => {
  const lines = [
    ...['c 1 64 kept', 'c 2 128 task_struct', 'b 0 2 128', ...sites, 'a 1 1 64 -', '1', 'a 2 2 128 -', '1'],
    ...['1 0', 'f 1', 'f 2', 'f 0'],
  ];

  test('have neither objects nor touches', () => {
    const workload = (names: string) => `workload: { name: replay, trace: t, pass_over: ${names} }`;
    const all = replayed(lines, workload('none'));
    expect([all.counts.operations, all.told.length]).toEqual([5, 3]);
    const some = replayed(lines, workload('task_struct'));
    expect([some.counts.operations, some.told.length]).toEqual([2, 1]);
    const none = replayed(lines, workload('task_struct kept'));
    expect([none.counts.operations, none.told.length]).toEqual([0, 0]);
  });
});

test('two caches of one name are two caches', () => {
  const { log } = replayed(['c 1 64 twin', 'c 2 64 twin', ...sites, 'a 0 1 64 -', '1', 'a 1 2 64 -', '1']);
  expect(log[0]!.addr >>> 12).not.toBe(log[1]!.addr >>> 12);
});

test('what is too large for kmalloc is touched in whole pages', () => {
  const { log } = replayed(['s w 0 7 1', 's w 199990 7 1', 'a 0 0 200000 -', '0', '1']);
  expect(log[0]!.addr % 4096).toBe(0);
  expect(log[1]!.addr - log[0]!.addr).toBe(199_990);
});
