/** `slabscope c2c` as a user has it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PointResult } from '../../src/lab/results/points.ts';
import { slabscope } from './slabscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-c2c-'));
const specification = join(folder, 'small.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** Objects that one thread allocates and another frees. */
const trace = Array.from({ length: 200 }, (_, i) => {
  const ptr = (n: number) => (0xf000_0000 + 256 * n).toString(16);
  const alloc = `sh-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr(i)} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
  return i < 20 ? [alloc] : [alloc, `cc-2 [001] ..... 1.0: kmem_cache_free: call_site=f ptr=${ptr(i - 20)} name=filp`];
}).flat();

beforeAll(() => {
  writeFileSync(join(folder, 'trace.txt'), `${trace.join('\n')}\n`);
  writeFileSync(
    specification,
    `{ name: small, workload: { name: replay, trace: trace.txt }, machine: { model: pentium-iii, memory: 8M }, history: fresh, placement: trace, seeds: 2 }`,
  );
});

const c2c = (...args: string[]) => slabscope('c2c', specification, ...args);

test('prints the point, its misses by owner, and the cache-to-cache report', async () => {
  const { status, stdout, stderr } = await c2c('--point', 'touch=init-all,colouring=off', '--top', '5');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /^small: touch=init-all,alignment=word,colouring=off,seed=0\nPentium III \(Coppermine\), 2 CPUs/,
  );
  expect(stdout).toMatch(/ 100\.00% [^\n]+ all\n.+ 100\.00% [^\n]+ all\n/s);
  expect(stdout).toMatch(/Shared Data Cache Line Table.+ filp object \+0x0.+Shared Cache Line Distribution Pareto/s);
});

describe('with --json', () => {
  const pointsOf = async (...args: string[]) => {
    const { stdout } = await c2c('--json', ...args);
    return (JSON.parse(stdout) as { points: PointResult[] }).points;
  };

  test('every miss of the point has one owner', async () => {
    const [{ counts, owners, sharing }, ...others] = (await pointsOf()) as [PointResult];
    expect(others).toEqual([]);
    expect(owners!.reduce((sum, { misses }) => sum + misses, 0)).toBe(counts.misses);
    expect(owners!.reduce((sum, { hitm }) => sum + hitm, 0)).toBe(sharing!.hitm);
    expect(sharing!.hitm).toBeGreaterThan(100);
  });

  test('--seeds runs so many seeds, from that of the point on', async () => {
    const points = await pointsOf('--seeds', '2', '--point', 'seed=1');
    expect(points.map(({ point }) => point.seed)).toEqual([1, 2]);
  });
});

test('tables are as wide as 80 columns where there is no terminal, and as they need to be with --wide', async () => {
  const [narrow, wide] = await Promise.all([c2c('--top', '5'), c2c('--top', '5', '--wide')]);
  const widest = ({ stdout }: { stdout: string }) => Math.max(...stdout.split('\n').map(({ length }) => length));
  expect([widest(narrow) <= 80, widest(wide) > 100]).toEqual([true, true]);
  expect(narrow.stdout).toContain('--wide shows');
});

test('--sort puts the owners first that have most of it', async () => {
  const { stdout } = await c2c('--sort', 'upgrades', '--wide', '--point', 'touch=init-all');
  const rows = stdout.slice(stdout.indexOf('Misses by owner')).split('\n').slice(6);
  const upgrades = rows.slice(0, 5).map((row) => Number(row.trim().split(/ +/)[8]!.replaceAll(',', '')));
  expect(upgrades).toEqual(upgrades.toSorted((a, b) => b - a));
});

describe('--try', () => {
  test('runs the changed layout under the same seeds, and tells what it saves', async () => {
    const { status, stdout } = await c2c('--try', 'alignment=whole-line,filp:+0x0@0x20', '--seeds', '2');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n--try alignment=whole-line,filp:\+0x0@0x20/);
    expect(stdout).toMatch(/\na seed, of 2 +as it is +tried +change +95 % interval\nmisses +[\d,]+ /);
    expect(stdout).toMatch(/\nIt changes misses: .+; cycles an operation: .+\.\n$/);
  });

  test('as JSON has both sides and the changes', async () => {
    const { stdout } = await c2c('--try', 'filp:+0x0@0x20', '--json');
    const { points, tried, changes } = JSON.parse(stdout);
    expect([points.length, tried.length, changes[0].label]).toEqual([1, 1, 'misses']);
    expect([changes[0].base, changes[0].tried]).toEqual([points[0].counts.misses, tried[0].counts.misses]);
  });

  test('of a field that nobody names is refused', async () => {
    const { status, stderr } = await c2c('--try', 'f_count@0x20');
    expect([status, stderr]).toEqual([
      2,
      'slabscope: --try: no field f_count; name fields in the specification, or the bytes by their offset: CACHE:+OFFSET@OFFSET\n',
    ]);
  });
});

describe('of a memory trace', () => {
  const recorded = new URL('../golden/data/mt-fs.mp.gz', import.meta.url).pathname;

  test('every sharing miss that `slabscope cache` counts is in a pair', async () => {
    const [shared, counted] = await Promise.all([
      slabscope('c2c', recorded, '--json'),
      slabscope('cache', recorded, '--classes', '--json'),
    ]);
    const { counts, sharing } = JSON.parse(shared.stdout);
    const { total } = JSON.parse(counted.stdout);
    expect(counts).toEqual(total);
    const paired = (which: string) =>
      sharing.pairs
        .filter(({ sharing: of }: { sharing: string }) => of === which)
        .reduce((sum: number, { misses }: { misses: number }) => sum + misses, 0);
    expect([paired('trueSharing'), paired('falseSharing')]).toEqual([total.trueSharing, total.falseSharing]);
  });

  test('lines and words have their addresses', async () => {
    const { status, stdout } = await slabscope('c2c', recorded, '--top', '1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/150,000 accesses, 4 CPUs\n/);
    expect(stdout).toMatch(/Misses by line\n.+ 0x165240\n/s);
    expect(stdout).toMatch(/ 0x165260\n +3 {2}<- 0x165270\n/);
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  test('options of points are refused, and those of traces for a specification', async () => {
    const [point, l1] = await Promise.all([slabscope('c2c', recorded, '--point', 'seed=1'), c2c('--l1', '8K/2/32')]);
    expect([point.status, point.stderr]).toEqual([
      2,
      'slabscope: --point: means nothing to a memory trace, which has no points; leave it out, or name a specification\n',
    ]);
    expect([l1.status, l1.stderr]).toEqual([
      2,
      'slabscope: --l1: means nothing to a specification, which has its machine; leave it out, or name a memory trace\n',
    ]);
  });
});

describe('of a trace with recorded touches', () => {
  /** Two CPUs pass a filp to and fro: cpu1 counts in f_count, cpu0 reads f_mode beside it; and a pipe from a general cache. */
  const touched = [
    ...['# touch trace 1', 'c 1 64 filp', 'c 2 192 kmalloc-192', 'n 1 get_empty_filp', 'n 2 fget', 'n 3 vfs_read'],
    ...['n 4 alloc_pipe_info', 't 1 0', 'a 0 1 64 - 1', 's w 0 8 8 1', '0', 'a 1 2 168 - 4', 's w 0 8 21 4', '1'],
    ...['s m 8 4 1 2', 's r 12 4 1 3', 's w 80 4 1 2', 's r 84 4 1 3'],
    ...Array.from({ length: 200 }, () => ['t 2 1', '2 0', '4 1', 't 1 0', '3 0', '5 1']).flat(),
  ];
  const layouts = {
    filp: {
      ...{ struct: 'file', size: 64 },
      fields: ['f_ops', '', 'f_count', 'f_mode'].flatMap((name, i) =>
        name === '' ? [] : [{ name, offset: 4 * i, size: name === 'f_ops' ? 8 : 4, type: 'int' }],
      ),
    },
    'kmalloc:pipe_inode_info': {
      ...{ struct: 'pipe_inode_info', allocated_by: 'alloc_pipe_info', size: 168 },
      fields: [
        { name: 'head', offset: 80, size: 4 },
        { name: 'tail', offset: 84, size: 4 },
      ],
    },
  };
  const beside = join(folder, 'beside');
  const yaml = join(beside, 'touched.yaml');
  const text = (more: string) =>
    `{ name: touched, workload: { name: replay, trace: t.txt }, touch: recorded, colouring: on, alignment: word, placement: trace,
       machine: { model: pentium-iii, memory: 8M }, history: fresh, seeds: 1${more} }`;
  beforeAll(() => {
    mkdirSync(beside);
    writeFileSync(join(beside, 't.txt'), `${touched.join('\n')}\n`);
    writeFileSync(join(beside, 'layouts.json'), JSON.stringify(layouts));
    writeFileSync(yaml, text(''));
  });

  test('the layouts beside it name fields, and the trace the functions of both sides', async () => {
    const { status, stdout, stderr } = await slabscope('c2c', yaml, '--json');
    expect([status, stderr]).toEqual([0, '']);
    const [{ sharing }] = JSON.parse(stdout).points;
    const told = sharing.pairs.map(({ sharing: of, victim, taker }: Record<string, { name: string; fn: string }>) =>
      [of, victim!.name, victim!.fn, taker?.name, taker?.fn].join(' | '),
    );
    expect(told).toEqual(
      expect.arrayContaining([
        'falseSharing | filp object +0xc (f_mode) | vfs_read | filp object +0x8 (f_count) | fget',
        'falseSharing | pipe_inode_info object +0x54 (tail) | vfs_read | pipe_inode_info object +0x50 (head) | fget',
      ]),
    );
  });

  test('the verdict says who, and what to try, which parts them', async () => {
    const { stdout } = await slabscope('c2c', yaml);
    const words = stdout.replaceAll(/\s+/g, ' ');
    expect(words).toContain(
      '- filp: stores of CPU 1 to f_count (fget) take the line of f_mode (vfs_read) from CPU 0: 200 misses. --try',
    );
    const [, trial] = /--try '(filp:[^']+)'/.exec(words)!;
    const { stdout: tried } = await slabscope('c2c', yaml, '--try', trial!);
    expect(tried).toMatch(/ {2}false sharing +401 +201 +-49\.9 %/);
  });

  test('--layouts comes before what lies beside it', async () => {
    const other = join(folder, 'other.h');
    writeFileSync(other, 'struct file { int a; int b; int refs; int mode; int rest[12]; };');
    const { stdout } = await slabscope('c2c', yaml, '--layouts', other, '--top', '3');
    expect(stdout).toContain('filp object +0x8 (refs)');
    expect(stdout).not.toContain('f_count');
  });

  test('layouts that the specification names are read, and one that does not fit is told', async () => {
    writeFileSync(join(beside, 'k.h'), 'struct file { int a; };');
    const named = join(beside, 'named.yaml');
    writeFileSync(named, text(', layouts: { file: k.h, abi: i386 }'));
    const { stdout } = await slabscope('c2c', named, '--top', '3');
    expect(stdout).toMatch(/\nnot named: filp: struct file \(.*k\.h:1\) has 4 bytes, objects have 64\n/);
  });

  test('what is wrong with a file of layouts is told with its line', async () => {
    const wrong = join(folder, 'wrong.txt');
    writeFileSync(wrong, 'struct file {\n\tint a; /* 0 4 */\n\tint b;\n};\n');
    const { status, stderr } = await slabscope('c2c', yaml, '--layouts', wrong);
    expect([status, stderr]).toEqual([
      2,
      `slabscope: ${wrong}:3: no member of a structure: "int b;"; each ends with /* OFFSET SIZE */, as pahole writes it\n`,
    ]);
  });
});

const hasAnnotate = spawnSync('callgrind_annotate', ['--version']).error === undefined;

describe('export --format callgrind', () => {
  const out = join(folder, 'callgrind.out.small');
  const exported = () =>
    slabscope('export', specification, '--format', 'callgrind', '--out', out, '--point', 'touch=init-all', '--json');

  // Skipped where valgrind's callgrind_annotate is not installed: it is what reads the file.
  test.skipIf(!hasAnnotate)('callgrind_annotate finds all misses, functions and what they missed', async () => {
    const { misses } = JSON.parse((await exported()).stdout);
    const { stdout } = spawnSync('callgrind_annotate', ['--inclusive=yes', '--threshold=100', out], {
      encoding: 'utf8',
    });
    expect(stdout).toContain(`${misses.toLocaleString('en-GB')} (100.0%)`);
    expect(stdout).toMatch(/ PROGRAM TOTALS\n/);
    expect(stdout).toMatch(/ workload:workload: initialisation \[code\]\n/);
    expect(stdout).toMatch(/ kernel:kmem_cache_alloc\w* \[code\]\n/);
    expect(stdout).toMatch(/ filp:filp object \+0x0 \[object\]\n/);
  });

  test('results, which do not have the functions, are refused', async () => {
    const { status, stderr } = await slabscope('export', 'r.json', '--format', 'callgrind', '--out', out);
    expect([status, stderr]).toEqual([
      2,
      'slabscope: r.json: results do not have the functions that missed; name the specification (YAML)\n',
    ]);
  });
});

test('a point that is none gives one line that names what may be chosen, and status 2', async () => {
  const { status, stdout, stderr } = await c2c('--point', 'touch=init-some');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe(
    'slabscope: --point: no point has touch=init-some; choose from touch=init-all|init-head|hot-fields\n',
  );
});
