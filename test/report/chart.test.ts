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

/** Of two colours, as WCAG 2 has it: 1 to 21. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

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

  test('answers in words, of misses and of time', () => {
    const words = all(chart([comparison('init-all', fewer), comparison('hot-fields', more)]));
    expect(words).toContain('It depends on the touch model: init-all: 25 % fewer L1 misses; hot-fields: 25 % more');
    expect(words).toContain(
      'Estimated cycles: depends on the touch model: init-all: 25 % fewer; hot-fields: 25 % more.',
    );
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
    const other = compare('init-all', 'line', fewer, rest);
    const shown = labels(chart([comparison('init-all', fewer, rest), comparison('hot-fields', more), other]));
    expect(shown).toEqual(expect.arrayContaining(['word', 'line', ...row]));
  });

  test('says n/a where that share is not told', () => {
    expect(labels(chart([comparison('a', fewer)]))).toContain('n/a');
  });

  test('shows what gave the same once', () => {
    const comparisons = ['line-fraction', 'whole-line', 'word'].map((alignment, i) =>
      compare('a', alignment, { ...fewer, variant: Math.floor(i / 2) }),
    );
    const shown = labels(chart(comparisons));
    expect(shown).toContain('line-fraction = whole-line');
    expect(shown.filter((label) => label === '−25.0 %')).toHaveLength(4);
    expect(shown.join(' ')).toContain('What = stands between gave the same counts.');
  });

  test('warns where memory ran out', () => {
    const points = [point('a word on', 0, { failed: 3 })];
    expect(all(chart([comparison('a', fewer)], { points }))).toContain('3 allocations found no memory');
  });

  test('marks zero on the axis even where all changes are to one side of it', () => {
    expect(labels(chart([comparison('a', fewer)]))).toContain('0');
  });

  test('has a shape for each reading, in its legend too, and tells only of those that it shows', () => {
    const meanings = [
      'told: fewer L1 misses',
      'told: more L1 misses',
      'no change: interval within 1 %',
      'too few seeds to tell',
      'no interval',
    ];
    const readings = [fewer, more, negligible, unclear, ofOneSeed(-0.1)];
    const shapes = readings.map((misses, i) => {
      const svg = chart([comparison('a', misses)]);
      expect(meanings.filter((meaning) => labels(svg).includes(meaning))).toEqual([meanings[i]]);
      const [, legend] = /<g transform="translate\(36 10\)">(.*?)<text/.exec(svg)!;
      return legend!.replace(/(?:fill|stroke)="#\w+"/g, '');
    });
    // Whatever their colours.
    expect(new Set(shapes).size).toBe(5);
  });

  test('shows cycles in place of misses, or beside them, where it is asked to', () => {
    const of = [comparison('a', fewer, { cycles: more }), comparison('b', fewer, { cycles: negligible })];
    const titles = (svg: string) =>
      labels(svg).filter((label) => label.startsWith('change of') && label.includes(' ', 10));
    const cycles = resultsChart(results({ comparisons: of }), ['cycles']);
    expect(titles(cycles)).toEqual(['change of estimated cycles, colouring on against off']);
    expect(labels(cycles)).toContain('told: more estimated cycles');
    const both = resultsChart(results({ comparisons: of }), ['misses', 'cycles']);
    expect(titles(both)).toHaveLength(2);
    expect(labels(both)).toEqual(expect.arrayContaining(['told: fewer', 'told: more', '−25.0 %', '+25.0 %']));
  });

  test('says nothing of measures that are not judged', () => {
    const svg = resultsChart(results({ comparisons: [comparison('a', fewer)] }), ['peakPages']);
    expect(labels(svg)).toContain('not judged');
    expect(all(svg)).not.toContain('told: fewer');
  });

  test('tells of manifold changes as times', () => {
    expect(labels(chart([comparison('a', estimate(40, 39, 41))]))).toEqual(
      expect.arrayContaining(['×\u200941', '×\u200940 to ×\u200942']),
    );
  });

  test('shows no whisker of one seed', () => {
    const shown = labels(chart([comparison('a', ofOneSeed(-0.1), { seeds: 1 })]));
    expect(shown).toContain('no interval');
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

  test('breaks long names, and cuts none', () => {
    const name = 'a touch model with a name that is far too long for its column';
    const group =
      'and an alignment of so many words that no column at all would have the room that it takes to write them'.repeat(
        2,
      );
    const words = all(chart([comparison(name, fewer), compare(name, group, fewer, {}), comparison('b', more)]));
    expect(words).toContain(name);
    expect(words).toContain(group);
    expect(words).not.toContain('…');
  });

  test('leaves the hyphens of names alone', () => {
    expect(labels(chart([comparison('size-32', fewer)]))).toContain('size-32');
  });

  test('paints its own background, and has a dark one, with other inks, where pages are dark', () => {
    const svg = chart([comparison('a', fewer), comparison('b', more), comparison('c', negligible)]);
    expect(svg).toMatch(/<rect width="900" height="[\d.]+" fill="#ffffff"\/>/);
    const dark = new Map(
      [...svg.matchAll(/\[fill="(#\w+)"\]\{fill:(#\w+)\}/g)].map(([, light, dark]) => [light!, dark!]),
    );
    const used = new Set([...svg.matchAll(/(?:fill|stroke)="(#\w+)"[^\]]/g)].map(([, colour]) => colour!));
    expect([...used].filter((colour) => !dark.has(colour))).toEqual([]);
    expect(contrast('#ffffff', '#1b1f24')).toBeGreaterThan(16);
    // WCAG: 4.5 for text, 3 for marks.
    for (const [light, other] of dark) {
      if (['#ffffff', '#dde1e6'].includes(light)) continue;
      expect(contrast(light, '#ffffff')).toBeGreaterThan(4.5);
      expect(contrast(other, dark.get('#ffffff')!)).toBeGreaterThan(4.5);
    }
  });

  test('is the same bytes for the same results', () => {
    expect(chart([comparison('a', fewer)])).toBe(chart([comparison('a', fewer)]));
  });
});
