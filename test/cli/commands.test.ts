/** `slabscope` diff, export, list and init, and what all commands share: help, exit statuses, ends of pipes. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { protocols } from '../../src/hw/cache/coherence.ts';
import { policyNames } from '../../src/hw/cache/replacement.ts';
import { cpuModels } from '../../src/hw/cpu-models.ts';
import type { ResultsDiff } from '../../src/lab/results/diff.ts';
import type { PointResult } from '../../src/lab/results/points.ts';
import type { Results } from '../../src/lab/results/results.ts';
import { columnsOf, pointRows } from '../../src/lab/results/rows.ts';
import { parseSpecification, tracesOf } from '../../src/lab/specification/specification.ts';
import { workloads } from '../../src/lab/workloads/all.ts';
import { touchNames } from '../../src/lab/workloads/touch.ts';
import { COMMAND } from '../command-build.ts';
import { point } from '../report/results.ts';
import { ended, type Outcome, slabscope, startSlabscope } from './slabscope.ts';
import { smallExperiment } from './small-experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

let results: string;
let points: readonly PointResult[];
beforeAll(async () => {
  const specification = smallExperiment(folder, 2);
  await slabscope('run', specification, '--out', join(folder, 'out'));
  results = join(folder, 'out', 'results.json');
  ({ points } = JSON.parse(readFileSync(results, 'utf8')) as Results);
}, 60_000);

/** What a wrong input must come to. */
function expectOneLine({ status, stdout, stderr }: Outcome, line: RegExp): void {
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
  expect(stderr.trimEnd()).toMatch(line);
}

describe('diff', () => {
  test('of a file with itself: identical, status 0', async () => {
    const { status, stdout, stderr } = await slabscope('diff', results, results);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('identical: 8 points, and every count of each is the same\n');
  });

  test('of a folder, or a store, with the results beside it: identical', async () => {
    const out = join(folder, 'out');
    for (const other of [out, join(out, 'points.jsonl')]) {
      const { status, stdout } = await slabscope('diff', other, results);
      expect([status, stdout]).toEqual([0, expect.stringContaining('identical: 8 points')]);
    }
  });

  test('of one count changed: status 1, and --json tells which', async () => {
    const document = JSON.parse(readFileSync(results, 'utf8'));
    document.points[3].counts.misses += 7;
    const { status, stdout } = await slabscope('diff', results, file('b.json', JSON.stringify(document)), '--json');
    const { identical, points, counts } = JSON.parse(stdout) as ResultsDiff;
    expect([status, identical, points.different]).toEqual([1, false, 1]);
    expect(counts.map(({ count, a, b }) => [count, b - a])).toEqual([['misses', 7 / 8]]);
  });

  test.each([
    ['a file that is missing', () => join(folder, 'nowhere.json'), /nowhere\.json: no such file; /],
    ['no name', () => '', /slabscope: '': no such file; name one that exists$/],
    [
      'results of an older form',
      () => file('older.json', readFileSync(results, 'utf8').replace('slabscope-results/3', 'slabscope-results/2')),
      /older\.json: results of schema version 2; 3 is read here: run the experiment again$/,
    ],
    [
      'a folder of something else',
      () => {
        mkdirSync(join(folder, 'else'));
        return join(folder, 'else');
      },
      /else: holds no results\.json, and no points\*\.jsonl; name the folder that a run wrote to$/,
    ],
    ['no JSON', () => file('no.json', '{'), /no\.json: not JSON: /],
    ['no JSON, of several lines', () => file('lines.json', 'a\nb\n'), /lines\.json: not JSON: /],
    [
      'other JSON',
      () => file('other.json', '[1]'),
      /other\.json: no results: it is not of the form; a results\.json is /,
    ],
    [
      'results with a broken point',
      () => file('broken.json', readFileSync(results, 'utf8').replace('"hits": ', '"hits": null, "x": ')),
      /broken\.json: no results: points\.0\.counts\.hits is not as it must be; /,
    ],
  ])('%s: one line, status 2', async (_what, path, line) => {
    expectOneLine(await slabscope('diff', results, path()), line);
  });
});

describe('export', () => {
  const names = () => ['experiment', ...Object.keys(points[0]!.point), ...Object.keys(points[0]!.counts)];

  test('CSV: a heading, and a row for each point', async () => {
    const out = join(folder, 'points.csv');
    const { status, stdout } = await slabscope('export', results, '--format', 'csv', '--out', out);
    expect([status, stdout]).toEqual([0, `${out}: 8 rows, ${names().length} columns\n`]);
    const [heading, ...rows] = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(heading).toBe(names().join(','));
    const values = ({ point, counts }: PointResult) => [...Object.values(point), ...Object.values(counts)].join(',');
    expect(rows.map((row) => row.slice(row.indexOf(',') + 1))).toEqual(points.map(values));
  });

  test('Parquet: what another reader finds in it is every point', async () => {
    const out = join(folder, 'points.parquet');
    const { status } = await slabscope('export', results, '--format', 'parquet', '--out', out);
    expect(status).toBe(0);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(out) });
    const numbers = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
      ),
    );
    const { name, slabscope: version, specificationHash } = JSON.parse(readFileSync(results, 'utf8')) as Results;
    expect(numbers).toEqual(points.map(({ point, counts }) => ({ experiment: name, ...point, ...counts })));
    const { key_value_metadata } = await parquetMetadataAsync(await asyncBufferFromFile(out));
    expect(Object.fromEntries(key_value_metadata!.map(({ key, value }) => [key, value]))).toEqual({
      ...{ experiment: name, slabscope: version, specificationHash },
    });
  });

  test('a file of the store has the same rows without the name, in its own order; so has a folder with nothing else', async () => {
    const [store, alone] = [join(folder, 'out', 'points.jsonl'), join(folder, 'alone')];
    mkdirSync(alone);
    copyFileSync(store, join(alone, 'points.jsonl'));
    const rows = async (of: string) =>
      (await slabscope('export', of, '--format', 'csv', '--out', '-')).stdout.split('\n').sort();
    const ofResults = (await rows(results)).map((row) => row.replace(/^[^,]*,/, ''));
    expect(await rows(store)).toEqual(ofResults.sort());
    expect(await rows(alone)).toEqual(await rows(store));
    expect(await rows(join(folder, 'out'))).toEqual(await rows(results));
  });

  test('standard output has the table and nothing else', async () => {
    const out = join(folder, 'points.csv');
    await slabscope('export', results, '--format', 'csv', '--out', out);
    const { status, stdout, stderr } = await slabscope('export', results, '--format', 'csv', '--out', '-');
    expect([status, stderr, stdout]).toEqual([0, '', readFileSync(out, 'utf8')]);
  });

  const table = async (name: string) => {
    const { stdout } = await slabscope('export', results, '--format', 'csv', '--table', name, '--out', '-');
    const [heading, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split(','));
    return rows.map((row) => Object.fromEntries(row.map((value, i) => [heading![i]!, value])));
  };

  test('counts: a row for each count of each point', async () => {
    const told = points.flatMap(({ point, counts }) =>
      Object.entries(counts).map(([count, value]) => [String(point.seed), count, String(value)]),
    );
    expect((await table('counts')).map(({ seed, count, value }) => [seed, count, value])).toEqual(told);
  });

  test('measures: a row for each measure of each combination', async () => {
    const { measures } = JSON.parse(readFileSync(results, 'utf8')) as Results;
    const told = measures.flatMap(({ measures }) =>
      Object.entries(measures).map(([measure, value]) => [measure, value === null ? '' : String(value)]),
    );
    expect((await table('measures')).map(({ measure, value }) => [measure, value])).toEqual(told);
  });

  test('comparisons: a row for each measure that is compared, with its interval', async () => {
    const { comparisons } = JSON.parse(readFileSync(results, 'utf8')) as Results;
    const rows = await table('comparisons');
    const [{ axis, base, variant, effects, fixed }] = comparisons as [Results['comparisons'][number]];
    const { value, interval, reading } = effects.missesPerOperation!;
    expect(rows.find(({ measure }) => measure === 'missesPerOperation')).toMatchObject({
      ...{ axis, base, variant, ...fixed, reading },
      ...{ change: String(value), low: String(interval![0]), high: String(interval![1]) },
    });
    const compared = comparisons.flatMap(({ effects }) => Object.values(effects).filter((effect) => effect !== null));
    expect(rows).toHaveLength(compared.length);
  });

  test('a point that lacks an axis or a count has no value there', () => {
    const [a, b] = [point('init-all word on', 0), point('init-all word on', 1)];
    const { touch: _, ...without } = b.point;
    const rows = [a, { point: without, counts: { spins: 2 } } as unknown as PointResult];
    const columns = columnsOf(pointRows(rows.map((result) => ({ specificationHash: 'ab', result }))));
    const values = Object.fromEntries(columns.map(({ name, values }) => [name, values]));
    expect(values).toMatchObject({ touch: ['init-all', null], spins: [null, 2], misses: [a.counts.misses, null] });
  });

  test('points of several specifications are told apart by its hash', () => {
    const stored = ['ab', 'cd'].map((specificationHash) => ({
      specificationHash,
      result: point('init-all word on', 0),
    }));
    expect(pointRows(stored).map(({ specificationHash }) => specificationHash)).toEqual(['ab', 'cd']);
    expect(pointRows(stored.slice(1)).map(Object.keys)).not.toContain('specificationHash');
  });

  test.each([
    ['no format', ['--out', 'x'], /required option '--format <name>' not specified/],
    ['an unknown format', ['--format', 'xls', '--out', 'x'], /Allowed choices are csv, parquet, callgrind\./],
    ['an unknown table', ['--table', 'all', '--format', 'csv', '--out', 'x'], /Allowed choices are points, counts, /],
    ['a place that cannot be written', ['--format', 'csv', '--out', '/proc/x'], /\/proc\/x: cannot be written \(/],
    ['an empty place', ['--format', 'csv', '--out', ''], /slabscope: '': names no file; name one$/],
  ])('%s: one line, status 2', async (_what, args, line) => {
    expectOneLine(await slabscope('export', results, ...args), line);
  });
});

test('export of what a store does not have: one line, status 2', async () => {
  const store = join(folder, 'out', 'points.jsonl');
  expectOneLine(
    await slabscope('export', store, '--table', 'measures', '--format', 'csv', '--out', '-'),
    /points\.jsonl: a store has no measures; name a results\.json$/,
  );
});

test('export onto its own input, by whatever name: one line, status 2, and the input is as it was', async () => {
  const before = readFileSync(results);
  const other = join(folder, 'other-name.json');
  symlinkSync(results, other);
  for (const out of [results, other]) {
    expectOneLine(
      await slabscope('export', results, '--format', 'csv', '--out', out),
      /\.json: is what was read; name another file to write$/,
    );
  }
  expect(readFileSync(results)).toEqual(before);
});

describe('list', () => {
  test('without a kind names everything that a specification may name', async () => {
    const { stdout } = await slabscope('list');
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => /^(\w+) +(.*)$/.exec(line)!.slice(1, 3) as [string, string]);
    expect(Object.fromEntries(told)).toEqual({
      machines: Object.keys(cpuModels).join(', '),
      workloads: [...workloads.keys()].join(', '),
      kernels: '2.4.0, 2.4.22, 2.6.17-g4776874',
      touch: touchNames.join(', '),
      policies: policyNames.join(', '),
      protocols: Object.keys(protocols).join(', '),
    });
  });

  test('of a kind tells each name with its meaning; of a name, that one', async () => {
    const [all, one] = [await slabscope('list', 'policies'), await slabscope('list', 'policies', 'fifo', '--json')];
    expect(all.stdout).toMatch(/^lru +least recently used$/m);
    expect(JSON.parse(one.stdout)).toEqual({ fifo: 'first in, first out' });
  });

  test('of a workload tells its parameters, its cache and which keys mean something to it', async () => {
    const { stdout } = await slabscope('list', 'workloads', 'zipf-lookup');
    expect(stdout).toMatch(/^zipf-lookup: look-ups of live objects by Zipf/);
    expect(stdout).toMatch(/^ {2}parameter +default +from +what it is$/m);
    expect(stdout).toMatch(/^ {2}objects +2000 +1 to 1000000 +live objects$/m);
    expect(stdout).toMatch(/^ {2}cache: looked-up, with objects of 480 bytes unless object_size says otherwise$/m);
    expect(stdout).toMatch(/^ {2}keys beside the parameters: object_size, touch$/m);
    const told = JSON.parse((await slabscope('list', 'workloads', 'producer-consumer', '--json')).stdout);
    expect(told).toMatchObject({ cache: { name: 'handed-over', size: 256 }, cpus: 2 });
    expect(told.parameters[1]).toMatchObject({ name: 'pairs', values: 'next, across', default: null });
  });

  test('of a kernel tells what it has, and what it takes', async () => {
    const { stdout } = await slabscope('list', 'kernels', '2.4.22');
    expect(stdout).toMatch(/^ {2}arrays of each CPU +of builds with SMP$/m);
    expect(stdout).toMatch(/^ {2}objects +4 to 131072 bytes$/m);
    const told = JSON.parse((await slabscope('list', 'kernels', '2.4.22', '--json')).stdout);
    expect(told).toMatchObject({ features: { nodes: false }, limits: { longestName: 18 } });
  });

  test('a name that is none: one line, status 2', async () => {
    expectOneLine(await slabscope('list', 'machines', 'sky-lake'), /no such name; did you mean skylake\?$/m);
    expectOneLine(
      await slabscope('list', 'touch', 'all'),
      /list touch all: no such name; known are recorded, init-all, /,
    );
    expectOneLine(await slabscope('list', 'machines', 'toString'), /list machines toString: no such name; known are /);
  });
});

describe('init', () => {
  test('writes a specification that is well as it stands, trace and all', async () => {
    const path = join(folder, 'my "own".yaml');
    const { status, stdout } = await slabscope('init', path);
    expect([status, stdout]).toEqual([0, `written: ${path}; edit it, then: slabscope run ${path}\n`]);
    const specification = parseSpecification(readFileSync(path, 'utf8'), path);
    expect([specification.name, existsSync(join(folder, tracesOf(specification)[0]!))]).toEqual(['my--own-', true]);
  });

  test('--json tells what was written as JSON', async () => {
    const path = join(folder, 'told.yaml');
    const { stdout } = await slabscope('init', path, '--json');
    expect([JSON.parse(stdout), existsSync(path)]).toEqual([{ file: path }, true]);
  });

  test('leaves a file alone that is there', async () => {
    const path = file('mine.yaml', 'precious');
    expectOneLine(
      await slabscope('init', path),
      /mine\.yaml: exists already; name a file that does not, or remove it$/,
    );
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });
});

describe('all commands', () => {
  test('have help with an example, and the program tells its exit statuses', async () => {
    const { stdout } = await slabscope('--help');
    expect(stdout).toMatch(/Exit status: 0 well; 1 .*; 2 the input is wrong/);
    expect(stdout).toContain('Colours and progress are shown on a terminal only; NO_COLOR=1 leaves colours out.');
    const known = 'run status record schema c2c cache replay list init diff plot export verify litmus'.split(' ');
    const [, commands] = /^Commands:\n((?: .*\n)+)/m.exec(stdout)!;
    expect([...commands!.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name)).toEqual([...known, 'help']);
    for (const name of known) {
      expect((await slabscope(name, '--help')).stdout).toMatch(/\nExamples?:\n {2}slabscope /);
    }
  }, 60_000);

  test('help for one is its --help; for none, a line', async () => {
    expect((await slabscope('help', 'diff')).stdout).toBe((await slabscope('diff', '--help')).stdout);
    expect((await slabscope('help')).stdout).toBe((await slabscope('--help')).stdout);
    expectOneLine(
      await slabscope('help', 'nosuch'),
      /'nosuch' is invalid for argument 'command'\. Allowed choices are run, /,
    );
  });

  test('end quietly when nobody reads any more', () => {
    const script = `node ${COMMAND} list machines 2>&1 | true; echo "\${PIPESTATUS[0]}"`;
    const root = new URL('../..', import.meta.url).pathname;
    expect(execFileSync('bash', ['-c', `(${script}) 2>&1`], { cwd: root, encoding: 'utf8' })).toBe('141\n');
  });

  // The table of results is the one that has any; test/cli/colour.test.ts has it on a terminal.
  test('use no colour where the output is no terminal', async () => {
    const child = startSlabscope(['replay', join(folder, 'trace.txt'), '--memory', '8M']);
    const { status, stdout } = await ended(child);
    expect([status, stdout.includes('touch model init-all'), stdout.includes('\u001b')]).toEqual([0, true, false]);
  });
});
