/** Runs that were stopped, torn, shared out and merged: what they come to is, byte for byte, what one run comes to. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { below, seeded } from '../../src/base/random.ts';
import { sha256 } from '../../src/cli/experiment.ts';
import { PointStore } from '../../src/cli/store.ts';
import { storeLine } from '../../src/lab/results/store.ts';
import { point } from '../report/results.ts';
import { ended, slabscope, startSlabscope } from './slabscope.ts';
import { smallExperiment } from './small-experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-resume-'));
afterAll(() => rmSync(folder, { recursive: true }));
const SEEDS = 6;
const POINTS = 4 * SEEDS;

let specification: string;
beforeAll(async () => {
  specification = smallExperiment(folder, SEEDS);
  const { status, stderr } = await slabscope('run', specification, '--workers', '1', '--out', join(folder, 'whole'));
  expect([status, stderr]).toEqual([0, '']);
}, 60_000);

const fileOf = (out: string, name: string) => join(folder, out, name);
const linesOf = (out: string, name = 'points.jsonl'): string[] =>
  existsSync(fileOf(out, name)) ? readFileSync(fileOf(out, name), 'utf8').split('\n').slice(0, -1) : [];
const run = (out: string, ...args: string[]) => slabscope('run', specification, '--out', join(folder, out), ...args);

function expectWhole(out: string): void {
  for (const name of ['results.json', 'small.svg']) {
    expect(readFileSync(fileOf(out, name), 'utf8')).toBe(readFileSync(fileOf('whole', name), 'utf8'));
  }
}

/** Resolves when the store has so many lines, or the process is over. */
async function stored(out: string, lines: number, over: () => boolean): Promise<void> {
  while (linesOf(out).length < lines && !over()) await pause(2);
}
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('killed again and again, it goes on where it was, and no point that was stored is computed twice', async () => {
  const random = seeded('kill', 'moments');
  let kills = 0;
  for (let already = 0; already < POINTS - 6; already = linesOf('killed').length) {
    const child = startSlabscope(['run', specification, '--workers', '2', '--out', join(folder, 'killed')]);
    const end = ended(child);
    await stored('killed', already + 1 + below(random, 8), () => child.exitCode !== null);
    await pause(below(random, 30));
    child.kill('SIGKILL');
    const { signal, stderr } = await end;
    if (signal === 'SIGKILL') kills++;
    expect(stderr).toContain(already > 0 ? `${already} of ${POINTS} points found` : '');
  }
  expect(kills).toBeGreaterThan(0);
  const { status } = await run('killed');
  expect(status).toBe(0);
  expectWhole('killed');
  const keys = linesOf('killed').map((line) => JSON.stringify(JSON.parse(line).point));
  expect([keys.length, new Set(keys).size]).toEqual([POINTS, POINTS]);
}, 120_000);

test.each(['SIGINT', 'SIGTERM'] as const)(
  'stopped by %s, it says what is kept and ends with the status of that signal',
  async (signal) => {
    const child = startSlabscope(['run', specification, '--workers', '1', '--out', join(folder, signal)]);
    const end = ended(child);
    await stored(signal, 1, () => child.exitCode !== null);
    child.kill(signal);
    const { status, stdout, stderr } = await end;
    expect([status, stdout]).toEqual([signal === 'SIGINT' ? 130 : 143, '']);
    const kept = linesOf(signal).length;
    expect(stderr).toBe(
      `\nslabscope: ${signal}: ${kept} of ${POINTS} points are in ${fileOf(signal, 'points*.jsonl')}; the same command goes on from there\n`,
    );
  },
);

test('a torn last line is told, cut off and computed again', async () => {
  mkdirSync(join(folder, 'torn'));
  const whole = readFileSync(fileOf('whole', 'points.jsonl'), 'utf8');
  writeFileSync(fileOf('torn', 'points.jsonl'), whole.slice(0, -100));
  const { status, stderr } = await run('torn');
  expect([status, stderr.trimEnd().split('\n')]).toEqual([
    0,
    [
      `slabscope: ${fileOf('torn', 'points.jsonl')}:${POINTS} is not a whole line: what it tells counts as not computed`,
      `slabscope: ${POINTS - 1} of ${POINTS} points found in ${fileOf('torn', 'points*.jsonl')}: delete it to compute them anew`,
    ],
  ]);
  expectWhole('torn');
  expect(readFileSync(fileOf('torn', 'points.jsonl'), 'utf8')).toBe(whole);
});

test('at every byte at which a line may tear, the next one appended stands for itself', () => {
  const identity = { slabscope: '1', specificationHash: 'ab' };
  const [first, second, third] = [0, 1, 2].map((seed) => point('init-all word on', seed));
  const out = join(folder, 'bytes');
  mkdirSync(out);
  const open = () => new PointStore(out, 'points.jsonl', identity);
  const store = open();
  store.append(first!);
  const end = readFileSync(store.path).length;
  store.append(second!);
  store.close();
  const bytes = readFileSync(store.path);
  for (let kept = end; kept < bytes.length; kept++) {
    writeFileSync(store.path, bytes.subarray(0, kept));
    const torn = open();
    expect([torn.get(first!.point), torn.get(second!.point)]).toEqual([first, undefined]);
    torn.append(third!);
    torn.close();
    const again = open();
    expect([again.notes, again.get(first!.point), again.get(third!.point)]).toEqual([[], first, third]);
  }
});

test('shares store apart and say what remains; a run without a share then computes nothing', async () => {
  const told = [];
  for (const share of ['1/3', '2/3']) told.push((await run('shares', '--shard', share)).stdout.split('\n'));
  expect(told.map(([first, second]) => [first, second])).toEqual([
    [
      `share 1 of 3 (--shard) is computed: ${fileOf('shares', 'points.1-of-3.jsonl')}`,
      `16 of 24 points remain; once the other shares' points*.jsonl stand beside it:`,
    ],
    [
      `share 2 of 3 (--shard) is computed: ${fileOf('shares', 'points.2-of-3.jsonl')}`,
      `8 of 24 points remain; once the other shares' points*.jsonl stand beside it:`,
    ],
  ]);
  expect(existsSync(fileOf('shares', 'results.json'))).toBe(false);
  const array = { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_MIN: '5', SLURM_ARRAY_TASK_COUNT: '3' };
  const args = ['run', specification, '--json', '--out', join(folder, 'shares')];
  const { stdout } = await ended(startSlabscope(args, array));
  const file = fileOf('shares', 'points.3-of-3.jsonl');
  expect(JSON.parse(stdout)).toEqual({
    ...{ share: 3, of: 3, source: 'SLURM_ARRAY_TASK_ID', file, points: POINTS, remaining: 0 },
  });
  const { stderr } = await run('shares');
  expect(stderr).toContain(`slabscope: ${POINTS} of ${POINTS} points found in `);
  expect(existsSync(fileOf('shares', 'points.jsonl'))).toBe(false);
  expectWhole('shares');
}, 60_000);

test('files that were put one after the other merge, whatever they share', async () => {
  mkdirSync(join(folder, 'merged'));
  const lines = readFileSync(fileOf('whole', 'points.jsonl'), 'utf8').split(/(?<=\n)/);
  const merged = [...lines.slice(10), ...lines.slice(0, 15)].reverse();
  writeFileSync(fileOf('merged', 'points.jsonl'), merged.join(''));
  expect((await run('merged')).status).toBe(0);
  expectWhole('merged');
});

test('points of another specification are let be, and kept', async () => {
  mkdirSync(join(folder, 'other'));
  copyFileSync(fileOf('whole', 'points.jsonl'), fileOf('other', 'points.jsonl'));
  const changed = join(folder, 'changed.yaml');
  writeFileSync(changed, `${readFileSync(specification, 'utf8')}seed: another\n`);
  const { status, stderr } = await slabscope('run', changed, '--seeds', '1', '--out', join(folder, 'other'));
  expect([status, stderr]).toEqual([
    0,
    `slabscope: ${POINTS} points in ${join(folder, 'other')} are of another specification or version: let be\n`,
  ]);
  expect(linesOf('other')).toHaveLength(POINTS + 4);
});

test('fewer or more seeds are the same points as far as they go', async () => {
  mkdirSync(join(folder, 'seeds'));
  copyFileSync(fileOf('whole', 'points.jsonl'), fileOf('seeds', 'points.jsonl'));
  const { stderr } = await run('seeds', '--seeds', String(SEEDS + 1));
  expect(stderr).toContain(`${POINTS} of ${POINTS + 4} points found in `);
});

test('a line whose figures were changed is told, its point computed anew, and all comes to what one run comes to', async () => {
  mkdirSync(join(folder, 'damaged'));
  const lines = linesOf('whole');
  const damaged = lines.with(4, lines[4]!.replace(/"misses":\d/, '"misses":9'));
  for (const [name, of] of [
    ['points.1-of-2.jsonl', damaged.slice(0, 12)],
    ['points.2-of-2.jsonl', damaged.slice(12)],
  ] as const) {
    writeFileSync(fileOf('damaged', name), of.map((line) => `${line}\n`).join(''));
  }
  const { status, stderr } = await run('damaged');
  expect([status, stderr.trimEnd().split('\n')]).toEqual([
    0,
    [
      `slabscope: ${fileOf('damaged', 'points.1-of-2.jsonl')}:5 was changed: it does not fit its checksum: what it tells counts as not computed`,
      `slabscope: ${POINTS - 1} of ${POINTS} points found in ${fileOf('damaged', 'points*.jsonl')}: delete it to compute them anew`,
    ],
  ]);
  expectWhole('damaged');
  expect(linesOf('damaged')).toEqual([lines[4]]);
});

test('a store of before there were checksums is told in a line, kept, and computed anew', async () => {
  mkdirSync(join(folder, 'old'));
  const old = linesOf('whole').map((line) => `${line.replace(/,"sha256":"\w+"/, '')}\n`);
  writeFileSync(fileOf('old', 'points.jsonl'), old.join(''));
  const { status, stderr } = await run('old');
  const file = fileOf('old', 'points.jsonl');
  expect([status, stderr]).toEqual([
    0,
    `slabscope: ${file}: ${POINTS} lines from line 1 on have no checksum: what it tells counts as not computed\n`,
  ]);
  expectWhole('old');
  expect(linesOf('old')).toHaveLength(2 * POINTS);
});

test('a point that whole lines tell in two ways: one line that names both places, and status 2', async () => {
  mkdirSync(join(folder, 'contradiction'));
  const path = fileOf('contradiction', 'points.jsonl');
  copyFileSync(fileOf('whole', 'points.jsonl'), path);
  const { slabscope, specificationHash, ...first } = JSON.parse(linesOf('contradiction')[0]!);
  const result = { point: first.point, counts: { ...first.counts, misses: 1 }, sets: first.sets };
  appendFileSync(path, storeLine({ slabscope, specificationHash }, result, sha256));
  const { status, stdout, stderr } = await run('contradiction');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^slabscope: \S+points\.jsonl:25: tells point \{.*\} in another way than \S+:1; [^\n]+\n$/);
});
