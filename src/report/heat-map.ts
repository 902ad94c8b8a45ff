/**
 * Where in the L1 misses fall: for each case two strips, a cell for each set, before and after (colouring off and on, or the two sides
 * of another axis), in one scale, so that what is levelled is seen.
 */
import { assignments } from '../base/assignments.ts';
import { groupBy } from '../base/group-by.ts';
import { gini } from '../lab/results/measures.ts';
import { combinationOf, keyOf, type PointResult } from '../lab/results/points.ts';
import type { Results } from '../lab/results/results.ts';
import { valuesInWords } from './axis-words.ts';
import { thousands } from './figures.ts';
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
import { contrastOf, factsOf, groupsOf, layoutOf, mainComparisons, TOUCH_TITLE } from './wording.ts';

const HEADING = { size: 11.5, fill: QUIET };

const STRIP = 17;
const NAME = 180;
const FIGURES = 150;
const FROM = LEFT + NAME;
const TO = RIGHT - FIGURES;

/** Misses by set, means of a seed; null where they were not counted. */
interface Strip {
  /** Empty where there is one. */
  readonly name: string;
  readonly misses: readonly number[];
}

export function setsChart(results: Results): string {
  const main = mainComparisons(results.comparisons);
  const title = main.length === 0 ? '' : `: ${contrastOf(main)}`;
  return page(`Where in the L1 misses fall${title}`, [
    paragraph(`Where in the L1 misses fall${title}`, { size: 13, fill: QUIET }),
    gap(4),
    paragraph(answerOf(casesOf(results)), { size: 24, weight: 'bold' }),
    gap(9),
    ...factsOf(results).map((fact) => paragraph(fact, { size: 11.5, fill: QUIET })),
    gap(18),
    setsBlock(results),
  ]);
}

/** The strips alone, with what explains them; nothing where misses by set were not counted. */
export function setsBlock(results: Results): Block {
  const cases = casesOf(results);
  return cases.length === 0 ? gap(0) : stack([heads(), ...cases.map(caseBlock), gap(10), scale(), gap(14), FOOT]);
}

/** Both sides of a comparison; where nothing is compared, what there is. */
interface Case {
  readonly name: string;
  readonly strips: readonly [Strip, ...Strip[]];
}

function casesOf({ points, comparisons }: Results): Case[] {
  const main = mainComparisons(comparisons);
  if (main.length === 0) {
    return [...groupBy(points, ({ point }) => keyOf(combinationOf(point))).values()].flatMap((group) => {
      const strip = stripOf(group, '');
      const name = assignments(combinationOf(group[0]!.point), ', ');
      return strip === null ? [] : [{ name, strips: [strip] as const }];
    });
  }
  const { rowKeys, rowOf, groupKeys } = layoutOf(main);
  return groupsOf(main).flatMap(({ names, members }) =>
    members.flatMap((of): Case[] => {
      const row = `${rowKeys === TOUCH_TITLE ? '' : `${rowKeys} `}${rowOf(of)}`;
      const [before, after] = [of.base, of.variant].map((value) => {
        const key = keyOf({ ...of.fixed, [of.axis]: value });
        const side = points.filter(({ point }) => keyOf(combinationOf(point)) === key);
        return stripOf(side, valuesInWords(of.axis, [value]));
      }) as [Strip | null, Strip | null];
      if (before === null || after === null) return [];
      return [{ name: groupKeys === '' ? names.join(' = ') : `${names.join(' = ')}, ${row}`, strips: [before, after] }];
    }),
  );
}

function stripOf(points: readonly PointResult[], name: string): Strip | null {
  const counted = points.flatMap(({ sets }) => (sets === undefined ? [] : [sets.misses]));
  const [first] = counted;
  if (first === undefined) return null;
  const misses = first.map((_, set) => counted.reduce((sum, of) => sum + of[set]!, 0) / counted.length);
  return { name, misses };
}

/** By the Gini coefficient, which tables have too. */
function answerOf(cases: readonly Case[]): string {
  if (cases.length === 0) return 'Misses by set were not counted on both sides of a comparison';
  const ginis = cases.map(({ strips }) => strips.map(({ misses }) => gini(misses) ?? 0));
  const range = (side: number) => {
    const all = ginis.map((of) => of[side]!.toFixed(2)).sort();
    return all[0] === all.at(-1) ? all[0]! : `${all[0]} to ${all.at(-1)}`;
  };
  if (ginis[0]!.length === 1) return `Gini ${range(0)}`;
  const changes = ginis.map(([before, after]) => after! - before!);
  const evenly = changes.filter((change) => change < -EVEN).length;
  const unevenly = changes.filter((change) => change > EVEN).length;
  const verdict =
    evenly === cases.length
      ? 'More evenly'
      : unevenly === cases.length
        ? 'Less evenly'
        : evenly + unevenly === 0
          ? 'As evenly as before'
          : `More evenly in ${evenly}, less in ${unevenly} of ${cases.length} cases`;
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

function caseBlock({ name, strips }: Case): Block {
  const names = broken(name, RIGHT - LEFT, { size: 13, weight: 'bold' });
  const top = 6 + 17 * names.length;
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
      text(LEFT + 70 + 6 * (LEVELS + 1) + 8, 13, 'most misses of a set in a case, of both its sides', HEADING),
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
