/**
 * `npm run touch-models -- RESULTS.json...`: how far touch models are from what was recorded, as the table of docs/workloads.md. Of
 * results with `touch: [recorded, ...]`: accesses and misses an operation and the classes of misses without colours, as shares
 * of what the recorded touches have; and the change of misses by colouring, with its interval.
 */
import { readFileSync } from 'node:fs';
import { groupBy } from '../src/base/group-by.ts';
import { compareAll } from '../src/lab/results/compare.ts';
import { combinationOf, keyOf, type PointResult, RECORDED } from '../src/lab/results/points.ts';
import { knownResults } from '../src/lab/results/read-results.ts';

const percent = (value: number, digits = 0) => `${(100 * value).toFixed(digits)} %`;
const classes = ['cold', 'capacity', 'conflict'] as const;

for (const file of process.argv.slice(2)) {
  const { points, trace } = knownResults(JSON.parse(readFileSync(file, 'utf8')), file);
  const comparisons = compareAll(points);
  const off = points.filter(({ point }) => point.colouring === 'off');
  const others = ({ point }: PointResult) => keyOf({ ...combinationOf(point), touch: '' });
  console.log(`\n${trace?.name ?? file}\n`);
  console.log('| touch | accesses | misses | cold | capacity | conflict | sharing | by colouring |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const group of groupBy(off, others).values()) {
    const of = (touch: string, count: (counts: PointResult['counts']) => number) =>
      group.filter(({ point }) => point.touch === touch).reduce((sum, { counts }) => sum + count(counts), 0);
    const { touch: _, colouring: __, ...rest } = combinationOf(group[0]!.point);
    if (Object.keys(rest).length > 0) console.log(`| **${Object.values(rest).join(', ')}** | | | | | | | |`);
    for (const touch of new Set(group.map(({ point }) => String(point.touch)))) {
      const against = (count: (counts: PointResult['counts']) => number) =>
        percent(of(touch, count) / of(RECORDED, count));
      const figures =
        touch === RECORDED
          ? [(c: PointResult['counts']) => c.accesses, (c: PointResult['counts']) => c.misses]
              .map((count) => (of(touch, count) / of(touch, (c) => c.operations)).toFixed(1))
              .concat(classes.map((name) => percent(of(touch, (c) => c[name]) / of(touch, (c) => c.misses))))
              .concat(percent(of(touch, (c) => c.trueSharing + c.falseSharing) / of(touch, (c) => c.misses), 1))
          : [
              against((c) => c.accesses),
              against((c) => c.misses),
              ...classes.map((name) => against((c) => c[name])),
              against((c) => c.trueSharing + c.falseSharing),
            ];
      const effect = comparisons.find(
        ({ axis, fixed }) => axis === 'colouring' && keyOf(fixed) === keyOf({ ...rest, touch }),
      )?.effects.missesPerOperation;
      const [low, high] = effect?.interval ?? [Number.NaN, Number.NaN];
      const change = effect == null ? '' : `${percent(effect.value, 1)} [${percent(low, 1)}, ${percent(high, 1)}]`;
      console.log(`| ${touch} | ${figures.join(' | ')} | ${change} |`);
    }
  }
}
