/** `slabscope cache` and `slabscope record` as a user has them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { CacheReport, SweepReport } from '../../src/lab/caches/cache-report.ts';
import type { Results } from '../../src/lab/results/results.ts';
import { COMMAND } from '../command-build.ts';

const root = new URL('../..', import.meta.url).pathname;
const golden = join(root, 'test/golden/data');
const folder = mkdtempSync(join(tmpdir(), 'slabscope-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function slabscope(args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn('node', [COMMAND, ...args], { cwd: root, timeout: 30_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}

const cache = (...args: string[]) => slabscope(['cache', ...args]);

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Two CPUs write words of one line in turn, then CPU 0 reads what CPU 1 wrote. */
const pingPong = '0 w 100 4\n1 w 104 4\n0 w 100 4\n1 w 104 4\n0 r 104 4\n0 r 13e 4\n';

test('the table says which caches these are, and counts by CPU and in total', async () => {
  const { status, stdout, stderr } = await cache(file('ping.mp', pingPong), '--l1', '1K/2/64', '--classes');
  expect([status, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n');
  expect(lines.slice(0, 4)).toEqual([
    'trace     ping.mp: 6 accesses, 2 CPUs',
    'cache     L1 data, one a CPU, 1 KB, 2 ways, 8 sets, lines of 64 bytes',
    'policy    lru; write-back, write-allocate; MESI on an atomic bus',
    "classes   capacity and conflict: Hill's 3C, against a fully associative LRU cache of the same size",
  ]);
  const row = (label: string) =>
    lines
      .find((line) => line.trimStart().startsWith(label))
      ?.trim()
      .split(/ {2,}/);
  expect(row('cpu0')).toEqual(['cpu0', 'cpu1', 'total']);
  expect(row('accesses')).toEqual(['accesses', '4', '2', '6']);
  expect(row('of more than one line')).toEqual(['of more than one line', '1', '0', '1', '16.67 % of accesses']);
  expect(row('read misses')).toEqual(['read misses', '2', '0', '2', '66.67 % of reads']);
  expect(row('coherence')).toEqual(['coherence', '2', '1', '3', '50.00 % of misses']);
  expect(row('true sharing, at the miss')?.slice(1)).toEqual(['1', '0', '1', '33.33 % of coherence misses']);
  expect(row('false sharing, at the miss')?.slice(1)).toEqual(['1', '1', '2', '66.67 % of coherence misses']);
});

test('the table of one CPU says nothing of coherence', async () => {
  const { stdout } = await cache(file('one.din', 'r 100 4\nw 100 4\ni 200 4\n'));
  expect(stdout).toContain(
    'trace     one.din: 2 accesses, 1 CPU\nleft out  1 instruction fetches\ncache     L1 data, 32 KB',
  );
  expect(stdout).not.toMatch(/cpu0|coherence|invalidations|MESI/);
});

test('the lines with most misses, with their classes and who missed them', async () => {
  const { stdout } = await cache(file('ping.mp', pingPong), '--l1', '1K/2/64', '--classes', '--lines', '1');
  expect(stdout.split('\n').slice(-4)).toEqual([
    'lines with most misses, 1 of the 2 that missed',
    'address  misses   of all  cold  capacity  conflict  true  false  CPUs',
    '100           5  83.33 %     2         0         0     1      2   0-1',
    '',
  ]);
});

test("valgrind's lackey from standard input: addresses of 64 bits are folded, and told as they stand there", async () => {
  const lackey = '==1== Lackey\nI  0401ab70,3\n S 1fff000688,8\n L 1fff0006bc,8\n M ffffffff81000004,4\n';
  const { status, stdout } = await slabscope(['cache', '-', '--json'], lackey);
  expect(status).toBe(0);
  const { foldedPages, instructionFetches, total, worstLines } = JSON.parse(stdout) as CacheReport;
  expect({ foldedPages, instructionFetches }).toEqual({ foldedPages: 2, instructionFetches: 1 });
  expect(total).toMatchObject({ accesses: 4, straddlingAccesses: 1, readMiss: 2, writeMiss: 1, writeHit: 1 });
  expect(worstLines.map(({ address }) => address)).toEqual(['ffffffff81000000', '1fff000680', '1fff0006c0']);
});

describe('--sweep', () => {
  /** 40 lines in turn, three times. */
  const turns = Array.from({ length: 120 }, (_, i) => `r ${((i % 40) * 64).toString(16)} 4\n`).join('');

  test('prints misses by size and ways, and draws them', async () => {
    const picture = join(folder, 'turns.svg');
    const { status, stdout } = await cache(file('turns.din', turns), '--sweep', '--picture', picture);
    expect(status).toBe(0);
    expect(stdout).toBe(
      [
        'trace     turns.din: 120 accesses, 1 CPU',
        'caches    LRU, lines of 64 bytes; write-back, write-allocate',
        'misses    in % of 120 line accesses; 33.333 % without bounds',
        'enough    for no more than 1 % beyond that:',
        '          4 KB with any ways',
        '',
        '        1 way   2 ways   4 ways   8 ways  16 ways     full',
        '1 KB  100.000  100.000  100.000  100.000  100.000  100.000',
        '2 KB   60.000   73.333  100.000  100.000  100.000  100.000',
        '4 KB   33.333   33.333   33.333   33.333   33.333   33.333',
        '',
      ].join('\n'),
    );
    expect(readFileSync(picture, 'utf8')).toMatch(/^<svg .+Enough: 4 KB with any ways\..+<\/svg>\n$/s);
  });

  test('--json gives all caches, with the counts of single runs', async () => {
    const path = file('turns.din', turns);
    const [{ caches, ...read }, { total }] = await Promise.all([
      cache(path, '--sweep', '--json', '--from', '41').then(({ stdout }) => JSON.parse(stdout) as SweepReport),
      cache(path, '--l1', '2K/2/64', '--json', '--from', '41').then(({ stdout }) => JSON.parse(stdout) as CacheReport),
    ]);
    expect(read).toEqual({
      ...{ schema: 'slabscope-sweep/1', trace: 'turns.din', from: 41, warmUp: 40, cpus: 1, line: 64 },
      ...{ instructionFetches: 0, otherRecords: 0, foldedPages: 0, accesses: 80, lineAccesses: 80, unboundedMisses: 0 },
    });
    expect(caches.find(({ sets, ways }) => sets === 16 && ways === 2)).toEqual({
      ...{ sets: 16, ways: 2, size: 2048, misses: total.readMiss },
    });
  });
});

test.each([
  ['packed', 'mt-fs.mp.gz', (packed: Buffer) => packed],
  ['plain', 'fs.mp', (packed: Buffer) => gunzipSync(packed)],
  [
    'in several gzip members',
    'members.mp.gz',
    (packed: Buffer) => {
      const text = gunzipSync(packed);
      return Buffer.concat([text.subarray(0, 1_000_001), text.subarray(1_000_001)].map((part) => gzipSync(part)));
    },
  ],
])('the same counts as independent simulators, from a trace %s', async (_what, name, form) => {
  const path = file(name, form(readFileSync(join(golden, 'mt-fs.mp.gz'))));
  const { stdout } = await cache(path, '--json', '--classes', '--l1', '16K/4/32', '--policy', 'plru-invalid-first');
  const report = JSON.parse(stdout) as CacheReport;
  expect(report).toMatchObject({
    ...{ schema: 'slabscope-cache/1', trace: name, cpus: 4, policy: 'tree-plru-invalid-first', protocol: 'mesi' },
    ...{ l1: { size: 16384, ways: 4, line: 32, sets: 128 }, classes: true, from: 1, warmUp: 0, instructionFetches: 0 },
  });
  const expected = JSON.parse(gunzipSync(readFileSync(join(golden, 'expected-coherence.json.gz'))).toString());
  const counts = expected.traces['mt-fs'].geometries['16K-4w-32 PentiumIII'].policies['plru-invalid-first'];
  const { missCoherence, trueSharing, readHit, c2cDirty, endM } = counts.total;
  expect(report.total).toMatchObject({ missCoherence, trueSharing, readHit, c2cDirty, endM });
  expect(report.perCpu[3]!.writebacksIntervRead).toBe(counts.perCpu[3].writebacksIntervRead);
});

test('standard input is a trace too', async () => {
  const { stdout } = await slabscope(['cache', '-', '--json'], pingPong);
  expect(JSON.parse(stdout)).toMatchObject({
    trace: 'standard input',
    total: { accesses: 6, writeMiss: 4, readMiss: 2 },
  });
});

test('--from counts from a line on; what is before it warms the caches', async () => {
  const { stdout } = await cache(file('ping.mp', pingPong), '--from', '5', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ from: 5, warmUp: 4 },
    total: { accesses: 2, readMiss: 2, writeMiss: 0, missCold: 1, missCoherence: 1 },
  });
});

test('the random policy repeats from its seed; another seed counts otherwise', async () => {
  const trace = Array.from({ length: 500 }, (_, i) => `r ${(((i * 37) % 100) * 64).toString(16)} 4\n`).join('');
  const path = file('random.din', trace);
  const misses = async (seed: string) => {
    const { stdout } = await cache(path, '--policy', 'random', '--l1', '4K/8/64', '--seed', seed, '--json');
    return (JSON.parse(stdout) as CacheReport).total.readMiss;
  };
  const [first, again, other] = await Promise.all(['a', 'a', 'd'].map(misses));
  expect(again).toBe(first);
  expect(other).not.toBe(first);
}, 20_000);

describe('bad input gives one line that names the place, and status 2', () => {
  const packed = readFileSync(join(golden, 'mt-fs.mp.gz'));
  test.each<[what: string, name: string, content: string | Buffer, args: string[], line: RegExp]>([
    ['a broken line', 'broken.mp', `${pingPong}0 r 1oo 4\n`, [], /broken\.mp:7: not a memory access: "0 r 1oo 4"; /],
    ['a CPU too many', 'ping.mp', pingPong, ['--cpus', '1'], /ping\.mp:2: CPU 1 of 1; CPUs are numbered from 0 to 0 /],
    [
      'gzip data cut short',
      'cut.gz',
      packed.subarray(0, 9e4),
      [],
      /cut\.gz: the gzip data is cut short or damaged behind /,
    ],
    [
      'a second member cut',
      'cut2.gz',
      Buffer.concat([packed, packed.subarray(0, 999)]),
      [],
      /cut2\.gz: the gzip data is /,
    ],
    [
      'zeros behind gzip data',
      'tail.gz',
      Buffer.concat([packed, Buffer.alloc(99)]),
      [],
      /tail\.gz: something else follows /,
    ],
    ['no gzip data', 'plain.gz', pingPong, [], /plain\.gz: not gzip data; a name in \.gz must /],
    ['gzip data of another name', 'packed.mp', packed, [], /packed\.mp: gzip data; give it a name in \.gz$/],
    ['an empty file', 'empty.mp', '', [], /empty\.mp: no access to data in it; each line of a trace is /],
    [
      'a start beyond the end',
      'ping.mp',
      pingPong,
      ['--from', '7'],
      /ping\.mp: no access from line 7 on; the trace has 6 /,
    ],
    ['half a geometry', 'ping.mp', pingPong, ['--l1', '32K'], /'--l1 .+ '32K' is invalid\. write SIZE\/WAYS\/LINE, /],
    [
      'a geometry that cannot be',
      'ping.mp',
      pingPong,
      ['--l1', '33K/8/64'],
      /L1: 33792 bytes in 8 ways .+ make 66 sets; /,
    ],
    [
      'an unknown policy',
      'ping.mp',
      pingPong,
      ['--policy', 'mru'],
      /'--policy .+'mru' is invalid\. it must be one of lru, /,
    ],
    ['a policy that every object has', 'ping.mp', pingPong, ['--policy', 'toString'], /it must be one of lru, /],
    [
      'ways that are too large for folded addresses',
      'wide.din',
      'r 7ffe12345678 8\n',
      ['--l1', '64M/2/64'],
      /wide\.din: its addresses of 64 bits are folded, and keep 24 bits: too few for ways of 32 MB; choose /,
    ],
    [
      'a picture of nothing',
      'ping.mp',
      pingPong,
      ['--picture', 'x.svg'],
      /--picture: there is nothing to draw; add --sweep/,
    ],
    ...[['--policy', 'fifo'], ['--classes'], ['--l2', '1M/8/64'], ['--protocol', 'write-through']].map(
      (args): [string, string, string, string[], RegExp] => [
        `a sweep with ${args[0]}`,
        'ping.mp',
        pingPong,
        ['--sweep', ...args],
        new RegExp(`${args[0]}: a sweep is of write-back LRU caches, and counts their misses alone; leave it out$`),
      ],
    ),
    ...[['--l2-policy', 'lru'], ['--l2-shared'], ['--inclusion', 'exclusive']].map(
      (args): [string, string, string, string[], RegExp] => [
        `${args[0]} without a second level`,
        'ping.mp',
        pingPong,
        args,
        new RegExp(`${args[0]}: there is no second level; add --l2 SIZE/WAYS/LINE, or leave it out$`),
      ],
    ),
  ])('%s', async (_what, name, content, args, line) => {
    const { status, stdout, stderr } = await cache(file(name, content), ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(line);
  });
});

describe('record', () => {
  const events = Array.from({ length: 60 }, (_, i) => {
    const ptr = (n: number) => (0xf000_0000 + 64 * n).toString(16);
    const alloc = `sh-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr(i)} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
    return i < 20
      ? [alloc]
      : [alloc, `cc-2 [001] ..... 1.0: kmem_cache_free: call_site=f ptr=${ptr(i - 20)} name=filp`];
  }).flat();
  file('trace.txt', `${events.join('\n')}\n`);
  const experiment = file(
    'small.yaml',
    `{ name: small, workload: { name: replay, trace: trace.txt }, machine: { model: pentium-iii, memory: 8M }, placement: trace,
       touch: [init-head, init-all], alignment: [word], seeds: 2 }`,
  );
  const point = 'touch=init-all,colouring=off,seed=1';

  test('the command that it prints gives the counts of results.json', async () => {
    const recorded = await slabscope(['record', experiment, join(folder, 'it.mp.gz'), '--point', point]);
    expect([recorded.status, recorded.stderr]).toEqual([0, '']);
    expect(recorded.stdout).toMatch(/^small: touch=init-all,alignment=word,colouring=off,seed=1\n/);
    const command = recorded.stdout.trimEnd().split('\n').at(-1)!.trim();
    expect(command).toMatch(
      new RegExp(
        '^slabscope cache \\S+it\\.mp\\.gz --l1 16K/4/32 --policy tree-plru --protocol mesi ' +
          '--l2 256K/8/32 --l2-policy tree-plru --inclusion neither --cpus 2 --classes --from \\d+$',
      ),
    );

    const { stdout } = await slabscope([...command.split(' ').slice(1), '--json']);
    const { total } = JSON.parse(stdout) as CacheReport;
    const whole = await slabscope(['run', experiment, '--json', '--out', join(folder, 'out')]);
    const { points } = JSON.parse(whole.stdout) as Results;
    const { counts } = points.find(
      (each) => each.point.touch === 'init-all' && each.point.colouring === 'off' && each.point.seed === 1,
    )!;
    expect({
      accesses: total.accesses,
      hits: total.readHit + total.writeHit,
      misses: total.readMiss + total.writeMiss,
      cold: total.missCold,
      conflict: total.conflict!.read + total.conflict!.write,
      trueSharing: total.trueSharing,
      falseSharing: total.falseSharing,
    }).toMatchObject({
      accesses: counts.accesses,
      hits: counts.hits,
      misses: counts.misses,
      cold: counts.cold,
      conflict: counts.conflict,
      trueSharing: counts.trueSharing,
      falseSharing: counts.falseSharing,
    });
  }, 60_000);

  test('--json says what was recorded; a plain file holds a line an access', async () => {
    const path = join(folder, 'it.mp');
    const { stdout } = await slabscope(['record', experiment, path, '--json']);
    const said = JSON.parse(stdout);
    expect(said.point).toEqual({ touch: 'init-head', alignment: 'word', colouring: 'on', seed: 0 });
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBe(said.accesses);
    expect(lines.filter((line) => !/^[01] [rwx] [0-9a-f]+ [124]$/.test(line))).toEqual([]);
    expect(said.warmUp + said.counts.accesses).toBe(said.accesses);
  });

  test.each<[what: string, args: string[], line: RegExp]>([
    [
      'an unknown key',
      ['x', '--point', 'colour=on'],
      /--point: no point has colour=on; choose from touch=init-head\|init-all, /,
    ],
    ['a value that no point has', ['x', '--point', 'seed=2'], /--point: no point has seed=2; choose from seed=0\|1$/],
    [
      'a key that every object has',
      ['x', '--point', 'toString=1'],
      /--point: no point has toString=1; choose from touch=/,
    ],
    ['no place', [], /missing required argument 'file'$/],
    ['a place that cannot be written', ['/nowhere/x'], /\/nowhere\/x: cannot be written \(ENOENT\); /],
    ['a device that is full', ['/dev/full'], /\/dev\/full: cannot be written \(ENOSPC\); name a place that can$/],
    ['the specification itself', [experiment], /small\.yaml: is what was read; name another file to write$/],
    ['the trace itself', [join(folder, 'trace.txt')], /trace\.txt: is what was read; name another file to write$/],
  ])('%s', async (_what, args, line) => {
    const { status, stdout, stderr } = await slabscope(['record', experiment, ...args]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(line);
  });
});
