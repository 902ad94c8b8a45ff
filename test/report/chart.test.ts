import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/lab/results/compare.ts';
import type { Results } from '../../src/lab/results/results.ts';
import type { Effect } from '../../src/lab/results/statistics.ts';
import { resultsChart } from '../../src/report/chart.ts';
import {
  aligned,
  comparison as compare,
  estimate,
  fewer,
  more,
  negligible,
  ofOneSeed,
  point,
  results,
  unclear,
} from './results.ts';

const comparison = (touch: string, misses: Effect | null, rest: Parameters<typeof compare>[3] = {}) =>
  compare(touch, 'word', misses, rest);
const chart = (comparisons: Comparison[], parts: Partial<Results> = {}) =>
  resultsChart(results({ comparisons, ...parts }));

/** A strict little XML reader: throws on what is not well-formed; gives the texts of all elements of a name. */
function textsOf(svg: string, element: string): string[] {
  const attributes = String.raw`(?: [\w:-]+="[^"<&]*(?:&(?:amp|lt|gt|quot|apos);[^"<&]*)*")*`;
  const token = new RegExp(String.raw`<(\w+)${attributes}(/?)>|</(\w+)>|((?:[^<>&]|&(?:amp|lt|gt|quot|apos);)+)`, 'uy');
  const open: string[] = [];
  const texts: string[] = [];
  while (token.lastIndex < svg.length) {
    const at = token.lastIndex;
    const [, start, empty, end, text] = token.exec(svg) ?? fail(`not well-formed at ${svg.slice(at, at + 40)}`);
    if (start !== undefined && empty === '') open.push(start);
    if (end !== undefined && open.pop() !== end) fail(`</${end}> closes another element`);
    if (text !== undefined && open.at(-1) === element) texts.push(unescaped(text));
    if (open.length === 0 && token.lastIndex < svg.trimEnd().length) fail('more than one root');
    if (open.length === 0) break;
  }
  return open.length === 0 ? texts : fail(`${open.at(-1)} is not closed`);
}

function fail(message: string): never {
  throw new Error(message);
}

const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescaped = (text: string) => text.replace(/&(\w+);/g, (_, name: string) => characters[name]);
const labels = (svg: string) => textsOf(svg, 'text');
const all = (svg: string) => labels(svg).join(' ');

describe('the chart', () => {
  test.each([
    [
      'many comparisons',
      ['word', 'line'].flatMap((alignment) => ['a', 'b'].map((touch) => compare(touch, alignment, fewer))),
    ],
    ['one comparison', [comparison('a', fewer)]],
    ['one seed', [comparison('a', ofOneSeed(-0.1), { seeds: 1 })]],
    ['no change at all', [comparison('a', estimate(0, 0, 0))]],
    ['tiny and huge changes', [comparison('a', estimate(1e-6, -1e-6, 3e-6)), comparison('b', estimate(120, 90, 150))]],
    ['a change that cannot be told', [comparison('a', null)]],
    ['an axis of numbers', [comparison('', fewer, { axis: 'machine.cpus', base: 1, variant: 2, fixed: {} })]],
    ['no comparison', []],
  ])('is well-formed and without scripts, links and NaN: %s', (_, colouring) => {
    const svg = chart(colouring);
    expect(labels(svg).length).toBeGreaterThan(3);
    expect(svg).not.toMatch(/script|href|url\(|NaN|Infinity|undefined/);
  });

  test('answers in words, and tells the range with its touch models', () => {
    const words = all(chart([comparison('init-all', fewer), comparison('hot-fields', more)]));
    expect(words).toContain('It depends on the touch model: init-all: 25 % fewer L1 misses; hot-fields: 25 % more');
    expect(words).toContain('−25.0 % (init-all) to +25.0 % (hot-fields)');
  });

  test('asks of colouring where that was compared, else of the first axis', () => {
    const along = aligned('a', 'whole-line', more);
    expect(labels(chart([comparison('a', fewer), along]))).toContain(
      'Does slab colouring reduce L1 misses on this workload?',
    );
    const words = labels(chart([along]));
    expect(words).toContain('Does alignment change L1 misses?');
    expect(words).toContain('change of L1 misses, alignment whole-line against word');
    expect(words.join(' ')).not.toMatch(/colouring helps|[Ee]ffectiveness/);
  });

  test('warns where the seeds are too few, and says how many would do', () => {
    expect(all(chart([comparison('a', unclear)]))).toContain('in 1 of 1 cases: about 400 would do');
    expect(all(chart([comparison('a', fewer)]))).not.toContain('would do');
  });

  test('names the experiment where there is no trace', () => {
    expect(all(chart([comparison('a', fewer)], { trace: null }))).toContain('Pentium III, 2 CPUs  ·  colouring');
  });

  test('names machine, trace, seeds and specification', () => {
    const words = all(chart([comparison('a', fewer)]));
    for (const fact of [
      'Pentium III, 2 CPUs',
      'trace tar-extract.ftrace.txt.gz',
      "drawn from 'any'",
      'specification 0123456789ab',
    ]) {
      expect(words).toContain(fact);
    }
  });

  test('labels each row with touch model, change, interval, cycles and the share of what an even spread saves', () => {
    const rest = { cycles: estimate(-0.1, -0.12, -0.08), effectivenessHashed: estimate(0.9, 0.8, 1) };
    const row = ['init-all', '−25.0 %', '−30.0 to −20.0', '−10.0 %', '90.0 %'];
    expect(labels(chart([comparison('init-all', fewer, rest)]))).toEqual(expect.arrayContaining(['word', ...row]));
  });

  test('says n/a where that share is not told', () => {
    expect(labels(chart([comparison('a', fewer)]))).toContain('n/a');
  });

  test('says which alignments were alike', () => {
    const comparisons = ['line-fraction', 'whole-line'].map((alignment) => compare('a', alignment, fewer));
    expect(all(chart(comparisons))).toMatch(/Here line-fraction and whole-line laid every object out alike\./);
  });

  test('warns where memory ran out', () => {
    const points = [point('a word on', 0, { failed: 3 })];
    expect(all(chart([comparison('a', fewer)], { points }))).toContain('3 allocations found no memory');
  });

  test('marks zero on the axis even where all changes are to one side of it', () => {
    expect(labels(chart([comparison('a', fewer)]))).toContain('0');
  });

  test('shows dots of several kinds, and tells only of those that it shows', () => {
    const words = (misses: Effect) => all(chart([comparison('a', misses)]));
    expect(words(fewer)).toContain('told: fewer misses');
    expect(words(fewer)).not.toContain('told: more misses');
    expect(words(more)).toContain('told: more misses');
    expect(words(unclear)).toContain('too few seeds to tell');
    expect(words(negligible)).toContain('interval within 1 %');
  });

  test('shows no whisker of one seed', () => {
    const shown = labels(chart([comparison('a', ofOneSeed(-0.1), { seeds: 1 })]));
    expect(shown).toContain('one seed, no interval');
    expect(shown).not.toContain('95 % interval');
  });

  test('says what an interval speaks of, and that cycles are estimates', () => {
    const words = all(chart([comparison('a', fewer)]));
    expect(words).toContain('not of other workloads');
    expect(words).toContain('Cycles are estimates');
  });

  test('escapes what XML would take for its own', () => {
    const svg = chart([comparison(`<b> & "c" 'd'`, fewer)], { machine: 'a\u0007 b\ud800' });
    expect(labels(svg)).toContain(`<b> & "c" 'd'`);
    expect(all(svg)).toContain('a\ufffd b\ufffd');
  });

  test('clips long names, and shows them whole on hover', () => {
    const name = 'a touch model with a name that is far too long for its column';
    const svg = chart([comparison(name, fewer)]);
    expect(labels(svg).some((label) => /^a touch .*…$/.test(label))).toBe(true);
    expect(textsOf(svg, 'title')).toContain(name);
  });

  test('leaves the hyphens of names alone', () => {
    expect(labels(chart([comparison('size-32', fewer)]))).toContain('size-32');
  });

  test('paints its own background, so that it reads on a dark page', () => {
    expect(chart([])).toMatch(/<rect width="900" height="[\d.]+" fill="#ffffff"\/>/);
  });

  test('is the same bytes for the same results', () => {
    expect(chart([comparison('a', fewer)])).toBe(chart([comparison('a', fewer)]));
  });
});
