/** `slabscope run` as a user has it: a process, files, exit statuses. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Results } from '../../src/lab/results/results.ts';
import { type Outcome, slabscope } from './slabscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file of the test; its path. */
function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const traceLines = Array.from({ length: 120 }, (_, i) => {
  const ptr = (n: number) => (0xf000_0000 + 64 * n).toString(16);
  const alloc = `sh-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr(i)} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
  return i < 20 ? [alloc] : [alloc, `cc-2 [001] ..... 1.0: kmem_cache_free: call_site=f ptr=${ptr(i - 20)} name=filp`];
}).flat();
const trace = `${traceLines.join('\n')}\n`;

interface Changes {
  readonly trace?: string;
  readonly model?: string;
  readonly memory?: string;
  readonly seeds?: string;
}
const specificationOf = ({ trace = 'trace.txt', model = 'pentium-iii', memory = '8M', seeds = '2' }: Changes = {}) => `
name: small
workload: { name: replay, trace: ${trace} }
machine:
  model: ${model}
  memory: ${memory}
touch: [init-head]
alignment: [word]
seeds: ${seeds}
`;

beforeAll(() => {
  file('trace.txt', trace);
  file('trace.txt.gz', gzipSync(trace));
  file('small.yaml', specificationOf());
});

describe('a run', () => {
  const ran: Record<string, Outcome> = {};
  const runs = {
    first: ['--workers', '1'],
    second: ['--workers', '1'],
    workers: ['--workers', '2'],
    json: ['--json', '--seeds', '1'],
  };
  beforeAll(async () => {
    for (const [name, args] of Object.entries(runs)) {
      ran[name] = await slabscope('run', join(folder, 'small.yaml'), '--out', join(folder, name), ...args);
    }
  }, 60_000);
  /** All but the store, whose points stand in the order in which they got done. */
  const written = (name: string) =>
    readdirSync(join(folder, name))
      .filter((entry) => entry !== 'points.jsonl')
      .map((entry) => [entry, readFileSync(join(folder, name, entry), 'utf8')]);
  const resultsOf = (name: string) => JSON.parse(readFileSync(join(folder, name, 'results.json'), 'utf8')) as Results;

  test('ends well, and says on stdout what it found and where it stands', () => {
    const { status, stdout, stderr } = ran.first!;
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('colouring on against off');
    expect(stdout).toContain(`written: ${join(folder, 'first', 'results.json')}, `);
  });

  test('writes results.json and one SVG into --out', () => {
    const [[json, text], [svg, picture], ...others] = written('first') as [string, string][];
    expect([json, svg, others]).toEqual(['results.json', 'small.svg', []]);
    expect(JSON.parse(text!)).toMatchObject({ schema: 'slabscope-results/3', name: 'small', seed: 'slabscope' });
    expect(picture).toMatch(/^<svg .+<\/svg>\s*$/s);
  });

  test('has every combination under every seed, and nothing that failed', () => {
    const { points, trace } = resultsOf('first');
    expect(points.map(({ point }) => `${point.colouring} ${point.seed}`)).toEqual(['on 0', 'off 0', 'on 1', 'off 1']);
    expect(points.every(({ counts }) => counts.operations === traceLines.length && counts.failed === 0)).toBe(true);
    expect(trace).toMatchObject({ name: 'trace.txt', events: traceLines.length, allocations: 120, frees: 100 });
  });

  test('again writes the same bytes', () => {
    expect(written('second')).toEqual(written('first'));
  });

  test('on another number of workers writes the same bytes', () => {
    expect(written('workers')).toEqual(written('first'));
  });

  test('with as many seeds as it takes stops at the look at which all is told', async () => {
    const out = join(folder, 'auto');
    const { status, stdout } = await slabscope(
      'run',
      file('auto.yaml', specificationOf({ seeds: 'auto' })),
      '--out',
      out,
      '--brief',
    );
    const { points, comparisons, specification } = resultsOf('auto');
    expect([status, specification]).toMatchObject([0, { seeds: { at_most: 160 } }]);
    expect(comparisons.flatMap(({ effects }) => effects.missesPerOperation!.reading)).not.toContain('too-few-seeds');
    expect([20, 40, 80, 160]).toContain(points.length);
    expect(stdout).toMatch(/^small\n(.*\n)+seeds {10}\d+ of at most 160, until every comparison was told/);
  });

  test('with --seeds has so many seeds instead', () => {
    expect(resultsOf('json').points.map(({ point }) => point.seed)).toEqual([0, 0]);
  });

  test('with --json prints the very results.json, and nothing else', () => {
    expect(ran.json!.stdout).toBe(readFileSync(join(folder, 'json', 'results.json'), 'utf8'));
    expect(ran.json!.stderr).toBe('');
  });
});

test('a trace may be packed: the results are the same but for its name and hash', async () => {
  const packed = file('packed.yaml', specificationOf({ trace: 'trace.txt.gz', seeds: '1' }));
  const { stdout } = await slabscope('run', packed, '--json', '--out', join(folder, 'packed'));
  const plain = await slabscope(
    'run',
    join(folder, 'small.yaml'),
    '--json',
    '--seeds',
    '1',
    '--out',
    join(folder, 'plain'),
  );
  expect((JSON.parse(stdout) as Results).points).toEqual((JSON.parse(plain.stdout) as Results).points);
});

const inlineModel = '{ l1: { size: 6K, ways: 4, line: 48 }, cycles: { l1: 1, l2: 2, memory: 3, transfer: 4 } }';

describe('bad input gives one line that names the place, and status 2', () => {
  test.each<[what: string, changes: Changes, line: RegExp]>([
    [
      'an unknown machine',
      { model: 'pentium-9' },
      /bad\.yaml:5: machine\.model: must be one of pentium, pentium-pro, /,
    ],
    ['malformed YAML', { seeds: '[1' }, /bad\.yaml:\d+: .+; write well-formed YAML$/],
    ['a negative size', { memory: '-8M' }, /bad\.yaml:6: machine\.memory: -8M is no size: write bytes, or 16K, /],
    ['lines of 48 bytes', { model: inlineModel }, /bad\.yaml:5: a line of 48 bytes .+ must be a power of two /],
    ['a trace that is missing', { trace: 'nowhere.txt' }, /nowhere\.txt: no such file; name one that exists$/],
    ['a trace that is not gzip', { trace: 'text.gz' }, /text\.gz: not gzip data; /],
    ['a trace whose gzip is cut', { trace: 'cut.gz' }, /cut\.gz: the gzip data is cut short or damaged; /],
    [
      'a broken line in the trace',
      { trace: 'broken.txt' },
      /broken\.txt:7: this kmem_cache_alloc event has a malformed ptr=oops; /,
    ],
    ['a trace that is cut', { trace: 'cut.txt' }, /cut\.txt:220: the last line is cut; /],
  ])('%s', async (_what, changes, line) => {
    const packed = gzipSync(trace);
    file('text.gz', trace);
    file('cut.gz', packed.subarray(0, packed.length / 2));
    file('broken.txt', traceLines.with(6, traceLines[6]!.replace(/ptr=\w+/, 'ptr=oops')).join('\n'));
    file('cut.txt', trace.slice(0, -' name=filp\n'.length));
    const out = join(folder, 'bad');
    const outcome = await slabscope('run', file('bad.yaml', specificationOf(changes)), '--out', out);
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^slabscope: [^\n]+\n$/);
    expect(outcome.stderr.trimEnd()).toMatch(line);
    expect(readdirSync(folder)).not.toContain(basename(out));
  });

  const fieldsOf = (fields: string) => specificationOf({ seeds: `1\nfields:\n  ${fields}` });
  test.each([
    [
      'of a cache that there is not',
      'lookedup: [{ name: a, offset: 0, size: 4 }]',
      'no cache of the workload has this name',
    ],
    [
      'beyond the object',
      'filp: [{ name: a, offset: 200, size: 4 }]',
      'a ends at byte 204; an object of filp has 200 bytes',
    ],
  ])('fields %s, in each command that runs a point', async (_what, fields, problem) => {
    const path = file('fields.yaml', fieldsOf(fields));
    for (const args of [
      ['run', path, '--out', join(folder, 'fields')],
      ['c2c', path],
      ['record', path, join(folder, 'f.mp')],
    ]) {
      const { status, stdout, stderr } = await slabscope(...args);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`fields.yaml:11: fields.${fields.split(':')[0]}: ${problem}`);
    }
    expect(readdirSync(folder)).not.toContain('f.mp');
  });

  test.each([
    ['a file', 'small.yaml', /small\.yaml: is no folder; name a folder, or one that is to be made$/],
    ['below a file', 'small.yaml/x', /small\.yaml: is no folder; /],
    ['a device', '/dev/full', /\/dev\/full: is no folder; /],
    ['nowhere', '', /'': cannot be written \(ENOENT\); /],
  ])('--out %s', async (_what, out, line) => {
    const { status, stdout, stderr } = await slabscope(
      'run',
      join(folder, 'small.yaml'),
      '--out',
      out && resolve(folder, out),
    );
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(line);
  });

  test.each([
    [
      '--seeds 0',
      ['--seeds', '0'],
      "slabscope: option '--seeds <n>' argument '0' is invalid. it must be a whole number ",
    ],
    [
      '--workers of no number',
      ['--workers', 'all'],
      "slabscope: option '--workers <n>' argument 'all' is invalid. it must ",
    ],
    ['an unknown option', ['--sedes', '3'], "slabscope: unknown option '--sedes' (Did you mean --seeds?)"],
  ])('%s', async (_what, args, line) => {
    const { status, stdout, stderr } = await slabscope('run', join(folder, 'small.yaml'), ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(line);
  });
});
