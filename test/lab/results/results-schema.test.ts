import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { compareAll } from '../../../src/lab/results/compare.ts';
import { measureNames } from '../../../src/lab/results/measures.ts';
import type { Results } from '../../../src/lab/results/results.ts';
import { resultsJsonSchema, resultsSchema } from '../../../src/lab/results/results-schema.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { resultsJson } from '../../../src/report/json.ts';
import { results } from '../../report/results.ts';
import { zeroCounts } from './counts.ts';

const document = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

/** Results of a small experiment, as they are read back from their file. */
const written = (() => {
  const lines = Array.from({ length: 60 }, (_, i) => {
    const ptr = (0xf0000000 + 64 * i).toString(16);
    return `sh-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
  });
  const trace = readTrace(lines, 'trace.txt');
  const text =
    'name: x\nworkload: { name: replay, trace: t }\nmachine: { model: pentium-iii, memory: 8M }\ntouch: [init-head]\nseeds: 2';
  const specification = parseSpecification(text, 'x.yaml');
  const computed = points(specification).map((point) => runPoint(specification, trace, point));
  const comparisons = compareAll(computed);
  return JSON.parse(resultsJson(results({ specification, points: computed, comparisons }))) as Results;
})();

describe('the schema of results.json', () => {
  test('holds of what an experiment gives', () => {
    expect(resultsSchema.safeParse(written).error).toBeUndefined();
    expect(written.comparisons.length).toBeGreaterThan(2);
  });

  test('names every count, every measure and every member', () => {
    const { shape } = resultsSchema;
    const namesOf = ({ shape }: { shape: object }) => Object.keys(shape).sort();
    const [point, comparison] = [shape.points.element, shape.comparisons.element];
    expect(namesOf(resultsSchema)).toEqual(['clocks', 'traces', ...Object.keys(written)].sort());
    expect(namesOf(point)).toEqual(['missesByRole', ...Object.keys(written.points[0]!)].sort());
    const known = ['remoteMisses', ...Object.keys(written.points[0]!.counts)];
    expect(namesOf(point.shape.counts)).toEqual(known.sort());
    expect(namesOf(comparison)).toEqual(Object.keys(written.comparisons[0]!).sort());
    expect(namesOf(comparison.shape.effects)).toEqual([...measureNames].sort());
  });

  test.each<[string, (value: Results) => unknown]>([
    ['another version', (value) => ({ ...value, schema: 'slabscope-results/1' })],
    ['a point without its seed', (value) => ({ ...value, points: [{ ...value.points[0], point: {} }] })],
    [
      'a count that is text',
      ({ points: [first], ...value }) => ({
        ...value,
        points: [{ ...first, counts: { ...first!.counts, misses: '7' } }],
      }),
    ],
    [
      'a reading that is none',
      (value) => ({ ...value, comparisons: [{ ...value.comparisons[0], effects: { misses: { reading: 'maybe' } } }] }),
    ],
  ])('refuses %s', (_, change) => {
    expect(resultsSchema.safeParse(change(written)).success).toBe(false);
  });

  test('is docs/results.schema.json', () => {
    expect(JSON.parse(document('results.schema.json'))).toEqual(JSON.parse(JSON.stringify(resultsJsonSchema())));
  });
});

test('docs/measures.md tells of every count and every measure', () => {
  const text = document('measures.md');
  const untold = [...Object.keys(zeroCounts), ...measureNames].filter((name) => !text.includes(`\`${name}\``));
  expect(untold).toEqual([]);
});

test('results.json keeps a list of numbers on one line, and is the same value', () => {
  expect(resultsJson(written)).toMatch(/^ +"misses": \[\d+(, \d+)*\]$/m);
  expect(JSON.parse(resultsJson(written))).toEqual(written);
  const odd = results({ name: '[\n 1, 2 \n]', machine: '[ 1, 2 ]' });
  expect(JSON.parse(resultsJson(odd))).toEqual(odd);
});
