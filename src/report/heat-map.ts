/**
 * Where in the L1 misses fall: for each case two strips, a cell for each set, before and after (colouring off and on, or the two sides
 * of another axis), in one scale, so that what is levelled is seen.
 */
import type { Comparison } from '../lab/results/compare.ts';
import { gini } from '../lab/results/measures.ts';
import { type AxisValue, combinationOf, keyOf, type PointResult } from '../lab/results/points.ts';
import type { Results } from '../lab/results/results.ts';
import { valuesInWords } from './axis-words.ts';
import { factsOf } from './chart.ts';
import { thousands } from './figures.ts';
import { HEADING } from './forest.ts';
import {
  at,
  BLUE,
  type Block,
  broken,
  gap,
  INK,
  LEFT,
  line,
  page,
  paragraph,
  QUIET,
  RIGHT,
  RULE,
  stack,
  text,
} from './page.ts';
import { contrastOf, groupsOf, layoutOf, mainComparisons } from './wording.ts';

const STRIP = 17;
const NAME = 180;
const FIGURES = 150;
const FROM = LEFT + NAME;
const TO = RIGHT - FIGURES;

/** Misses by set, means of a seed; null where they were not counted. */
interface Strip {
  readonly name: string;
  readonly misses: readonly number[];
}

export function setsChart({ points, comparisons, ...rest }: Results): string {
  const main = mainComparisons(comparisons);
  const { rowKeys, rowOf, groupKeys } = layoutOf(main);
  const cases = groupsOf(main).flatMap(({ names, members }) =>
    members.map((of) => ({
      name:
        groupKeys === ''
          ? names.join(' = ')
          : `${names.join(' = ')}, ${rowKeys === 'touch model' ? '' : `${rowKeys} `}${rowOf(of)}`,
      strips: [of.base, of.variant].map((value) => stripOf(points, of, value)),
    })),
  );
  const drawn = cases.filter((each): each is { name: string; strips: [Strip, Strip] } => !each.strips.includes(null));
  const title = main.length === 0 ? '' : `: ${contrastOf(main)}`;
  return page(`Where in the L1 misses fall${title}`, [
    paragraph(`Where in the L1 misses fall${title}`, { size: 13, fill: QUIET }),
    gap(4),
    paragraph(answerOf(drawn.map(({ strips }) => strips)), { size: 24, weight: 'bold' }),
    gap(9),
    ...factsOf({ points, comparisons, ...rest }).map((fact) => paragraph(fact, { size: 11.5, fill: QUIET })),
    gap(18),
    ...(drawn.length === 0 ? [] : [heads(), ...drawn.map(caseBlock), gap(10), scale(), gap(14), FOOT]),
  ]);
}

function stripOf(points: readonly PointResult[], { axis, fixed }: Comparison, value: AxisValue): Strip | null {
  const key = keyOf({ ...fixed, [axis]: value });
  const found = points.filter(({ point }) => keyOf(combinationOf(point)) === key);
  const [first] = found;
  if (first?.sets === undefined) return null;
  const misses = first.sets.misses.map(
    (_, set) => found.reduce((sum, { sets }) => sum + (sets?.misses[set] ?? 0), 0) / found.length,
  );
  return { name: valuesInWords(axis, [value]), misses };
}

/** By the Gini coefficient, which tables have too. */
function answerOf(pairs: readonly (readonly [Strip, Strip])[]): string {
  if (pairs.length === 0) return 'Misses by set were not counted on both sides of a comparison';
  const changes = pairs.map(([before, after]) => (gini(after.misses) ?? 0) - (gini(before.misses) ?? 0));
  const range = (side: 0 | 1) => {
    const all = pairs.map((pair) => (gini(pair[side].misses) ?? 0).toFixed(2)).sort();
    return all[0] === all.at(-1) ? all[0]! : `${all[0]} to ${all.at(-1)}`;
  };
  const evenly = changes.filter((change) => change < -EVEN).length;
  const unevenly = changes.filter((change) => change > EVEN).length;
  const verdict =
    unevenly === 0 && evenly === pairs.length
      ? 'More evenly'
      : evenly === 0 && unevenly === pairs.length
        ? 'Less evenly'
        : evenly + unevenly === 0
          ? 'As evenly as before'
          : `More evenly in ${evenly}, less in ${unevenly} of ${pairs.length} cases`;
  return `${verdict}: Gini ${range(0)} before, ${range(1)} after`;
}

/** Less is no difference that one would see. */
const EVEN = 0.01;

const heads = (): Block => ({
  height: 22,
  svg: [
    text(FROM, 12, 'set 0', HEADING),
    text(TO, 12, 'last set', { ...HEADING, anchor: 'end' }),
    text(RIGHT - 62, 12, 'misses', { ...HEADING, anchor: 'end' }),
    text(RIGHT, 12, 'Gini', { ...HEADING, anchor: 'end' }),
    line(LEFT, 19, RIGHT, 19, RULE),
  ].join('\n'),
});

function caseBlock({ name, strips }: { readonly name: string; readonly strips: readonly [Strip, Strip] }): Block {
  const names = broken(name, RIGHT - LEFT, { size: 13, weight: 'bold' });
  const top = 6 + 17 * names.length;
  // Each side's own mean is what an even spread would give every set; the scale is of both.
  const most = Math.max(...strips.flatMap(({ misses }) => misses));
  return {
    height: top + strips.length * (STRIP + 3) + 10,
    svg: [
      ...names.map((words, i) => text(LEFT, 17 + 17 * i, words, { size: 13, weight: 'bold' })),
      ...strips.flatMap(({ name, misses }, i) => {
        const y = top + 4 + i * (STRIP + 3);
        const total = misses.reduce((sum, each) => sum + each, 0);
        return [
          text(LEFT + 12, y + 13, name, { size: 12.5 }),
          `<g fill="${BLUE}" shape-rendering="crispEdges">${cells(misses, most, y)}</g>`,
          `<rect x="${at(FROM)}" y="${at(y)}" width="${at(TO - FROM)}" height="${STRIP}" fill="none" stroke="${RULE}"/>`,
          text(RIGHT - 62, y + 13, thousands(total), { size: 12.5, anchor: 'end' }),
          text(RIGHT, y + 13, (gini(misses) ?? 0).toFixed(2), { size: 12.5, anchor: 'end', fill: INK }),
        ];
      }),
    ].join('\n'),
  };
}

const LEVELS = 20;

/** A rectangle for each run of sets of one shade. */
function cells(misses: readonly number[], most: number, y: number): string {
  const width = (TO - FROM) / misses.length;
  const levels = misses.map((each) => (most === 0 ? 0 : Math.round((LEVELS * each) / most)));
  const runs: string[] = [];
  for (let from = 0; from < levels.length; ) {
    let to = from + 1;
    while (to < levels.length && levels[to] === levels[from]) to++;
    const level = levels[from]!;
    if (level > 0) {
      runs.push(
        `<rect x="${at(FROM + from * width)}" y="${at(y)}" width="${at((to - from) * width)}" height="${STRIP}" fill-opacity="${level / LEVELS}"/>`,
      );
    }
    from = to;
  }
  return runs.join('');
}

function scale(): Block {
  const steps = Array.from({ length: LEVELS + 1 }, (_, level) => level);
  return {
    height: 18,
    svg: [
      text(LEFT, 13, 'no misses', HEADING),
      `<g fill="${BLUE}" shape-rendering="crispEdges">${steps
        .map(
          (level) =>
            `<rect x="${at(LEFT + 70 + 6 * level)}" y="3" width="6" height="12" fill-opacity="${level / LEVELS}"/>`,
        )
        .join('')}</g>`,
      text(LEFT + 70 + 6 * (LEVELS + 1) + 8, 13, 'most misses of a set, of both sides of the case', HEADING),
    ].join('\n'),
  };
}

const FOOT = stack([
  { svg: line(LEFT, 0, RIGHT, 0, RULE), height: 10 },
  paragraph(
    'Misses by L1 set, means of a seed, all CPUs together. Gini: 0 where all sets miss alike, towards 1 where few miss all. An even ' +
      'spread does not mean few misses.',
    { size: 11, fill: QUIET },
  ),
]);
