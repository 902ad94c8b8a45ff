/** `slabscope plot` as a user has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slabscope } from './slabscope.ts';
import { smallExperiment } from './small-experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-plot-'));
afterAll(() => rmSync(folder, { recursive: true }));

const out = join(folder, 'out');
const results = join(out, 'results.json');
const picture = (name: string) => readFileSync(join(out, name), 'utf8');
const plot = (...args: string[]) => slabscope('plot', results, ...args);

beforeAll(async () => {
  await slabscope('run', smallExperiment(folder, 2), '--out', out, '--workers', '1');
}, 60_000);

describe('a stored result', () => {
  test('is drawn as the run drew it', async () => {
    const before = picture('small.svg');
    const { status, stdout, stderr } = await plot('--out', join(out, 'again.svg'));
    expect([status, stdout, stderr]).toEqual([0, `written: ${join(out, 'again.svg')}\n`, '']);
    expect(picture('again.svg')).toBe(before);
  });

  test.each([
    ['--measure misses,cycles', 'small.misses-cycles.svg', 'change of estimated cycles'],
    ['--by colouring --measure peakPages', 'small.peakPages-by-colouring.svg', 'peakPages (pages) by colouring'],
    ['--sets --where touch=init-all', 'small.sets.svg', 'Where in the L1 misses fall: colouring on against off'],
  ])('is drawn with %s beside it', async (options, name, words) => {
    const { status, stdout } = await plot(...options.split(' '), '--json');
    expect([status, JSON.parse(stdout)]).toEqual([0, { file: join(out, name) }]);
    expect(picture(name)).toContain(words);
  });

  test.each([
    ['--measure nosuch', '--measure: no measure nosuch; choose from misses, cycles, '],
    ['--by limit', '--by: no key limit in these results; choose from touch, alignment, colouring'],
    ['--by colouring --measure misses,cycles', '--measure: several with --by; name one'],
    ['--by colouring --sets', '--by: with --sets; ask for one of them at a time'],
    ['--where touch=some', '--where: no point has touch=some; choose from touch=init-head|init-all'],
    ['--out', "option '--out <file>' argument missing"],
  ])('with %s is refused in a line', async (options, message) => {
    const { status, stdout, stderr } = await plot(...options.split(' '));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`slabscope: ${message}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('is not written over', async () => {
    expect((await plot('--out', results)).stderr).toBe(
      `slabscope: ${results}: is what was read; name another file to write\n`,
    );
  });

  test('without points is refused', async () => {
    const empty = join(folder, 'empty.json');
    writeFileSync(empty, JSON.stringify({ ...JSON.parse(readFileSync(results, 'utf8')), points: [] }));
    expect((await slabscope('plot', empty)).stderr).toBe(
      `slabscope: ${empty}: no point in it; name results with points\n`,
    );
  });
});
