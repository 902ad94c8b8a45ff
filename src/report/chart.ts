/**
 * An experiment's answer as one self-contained SVG: the question, the answer in words, and a forest plot of what was compared along
 * the first axis. Does slab colouring reduce L1 misses on this workload? Where colouring was not compared, the same of another axis.
 */
import type { Comparison } from '../lab/results/compare.ts';
import type { MeasureName } from '../lab/results/measures.ts';
import type { Results } from '../lab/results/results.ts';
import type { Effect, Estimate } from '../lab/results/statistics.ts';
import { answerOf, differencesOf, questionOf, timeAnswerOf } from './answer.ts';
import { changeText, intervalOf, percentOf } from './figures.ts';
import { type Column, forest, HEADING, type Panel, rowsOf } from './forest.ts';
import { setsBlock } from './heat-map.ts';
import { band, mark, meaningOf, type Said, whisker } from './marks.ts';
import {
  type Block,
  gap,
  LEFT,
  line,
  move,
  page,
  paragraph,
  QUIET,
  RIGHT,
  RULE,
  stack,
  type TextStyle,
  text,
  VERMILION,
  widthOf,
} from './page.ts';
import {
  caveatOf,
  cyclesOf,
  factsOf,
  groupsOf,
  lastFigures,
  layoutOf,
  mainComparisons,
  missesOf,
  reachOf,
  secondLevelOf,
  seedsWarningOf,
  TOUCH_TITLE,
  verdictOf,
  warningsOf,
} from './wording.ts';

/** What a picture may show: what is judged, by its short name, or any other measure by its own. */
export type Plotted = 'misses' | 'cycles' | MeasureName;

/** `plotted`: one measure with all its figures, or several side by side. */
export function resultsChart(results: Results, plotted: readonly [Plotted, ...Plotted[]] = ['misses']): string {
  const { points } = results;
  const comparisons = mainComparisons(results.comparisons);
  const question = questionOf(comparisons);
  const answer = answerOf(comparisons);
  const warnings = [...warningsOf(points), ...seedsWarningOf(comparisons)];
  const time = timeAnswerOf(comparisons);
  const panels = comparisons.length === 0 ? [] : plotted.map((name) => panelOf(name, comparisons, plotted.length > 1));
  return page(`${question} ${answer}`, [
    paragraph(question, { size: 13, fill: QUIET }),
    gap(4),
    paragraph(answer, { size: 24, weight: 'bold' }),
    ...(time === '' ? [] : [gap(6), paragraph(`${time}.`, { size: 15 })]),
    ...differencesOf(comparisons).flatMap((sentence) => [gap(3), paragraph(sentence, { size: 12.5, fill: QUIET })]),
    gap(9),
    ...factsOf(results).map((fact) => paragraph(fact, { size: 11.5, fill: QUIET })),
    ...warnings.flatMap((warning) => [gap(9), paragraph(warning, WARNING)]),
    ...(comparisons.length === 0
      ? [gap(18), setsBlock(results)]
      : [
          gap(20),
          forest(comparisons, panels),
          gap(18),
          legend(comparisons, panels),
          gap(14),
          footnote(comparisons, results),
        ]),
  ]);
}

const WARNING: TextStyle = { size: 13, weight: 'bold', fill: VERMILION };

// --- What is plotted -----------------------------------------------------------------------------------------------

const FIGURE: TextStyle = { size: 12.5, anchor: 'end' };

function panelOf(name: Plotted, comparisons: readonly Comparison[], isOneOfSeveral: boolean): Panel {
  const effectOf = effectOfPlotted(name);
  const isJudged = name === 'misses' || name === 'cycles';
  const what = name === 'misses' ? 'L1 misses' : name === 'cycles' ? 'estimated cycles' : name;
  const said = (of: Comparison): Said => (isJudged ? verdictOf(of, effectOf) : 'shown');
  const columns = isOneOfSeveral ? [changeColumn(comparisons, effectOf, what)] : columnsOf(comparisons, effectOf, what);
  return { what, effectOf, said, columns, hints: hintsOf(name, comparisons) };
}

const effectOfPlotted = (name: Plotted): ((of: Comparison) => Effect | null) =>
  name === 'misses' ? missesOf : name === 'cycles' ? cyclesOf : ({ effects }) => effects[name];

function hintsOf(
  name: Plotted,
  [{ axis }]: readonly [Comparison, ...Comparison[]] | readonly Comparison[],
): Panel['hints'] {
  const what = name === 'misses' || name === 'cycles' ? ` ${name}` : '';
  const [helps, hurts] =
    axis === 'colouring' && what !== ''
      ? [[`← fewer${what}: colouring helps`], [`more${what}: colouring hurts →`]]
      : [[], []];
  const [fewer, more] = what === '' ? ['less', 'more'] : ['fewer', 'more'];
  return [
    [...helps, `← ${fewer}${what}`, `← ${fewer}`],
    [...hurts, `${more}${what} →`, `${more} →`],
  ];
}

const written = (estimate: Estimate | null, percent: (fraction: number) => string) =>
  estimate === null ? 'n/a' : changeText(estimate.value, percent);

function changeColumn(
  comparisons: readonly Comparison[],
  effectOf: (of: Comparison) => Estimate | null,
  what: string,
  style: TextStyle = { ...FIGURE, weight: 'bold' },
): Column {
  const percent = percentOf(comparisons.map(effectOf));
  const [short] = what.split(' ').toReversed();
  return { heading: ['change of', short!], style, cell: (of) => written(effectOf(of), percent) };
}

/** Of the only panel: its change and interval, and what else there is. */
function columnsOf(
  comparisons: readonly Comparison[],
  effectOf: (of: Comparison) => Effect | null,
  what: string,
): Column[] {
  const percent = percentOf(comparisons.map(effectOf));
  const others = [
    { heading: ['L1', 'misses'], effectOf: missesOf },
    { heading: ['L2', 'misses'], effectOf: secondLevelOf },
    { heading: ['cycles', '(estimate)'], effectOf: cyclesOf },
  ] as const;
  const [last] = lastFigures(comparisons);
  const lastPercent = percentOf(comparisons.map(last.figureOf), last.plus);
  return [
    changeColumn(comparisons, effectOf, what),
    {
      heading: ['95 %', 'interval'],
      style: { ...FIGURE, fill: QUIET },
      cell: (of) => {
        const estimate = effectOf(of);
        return estimate === null ? '' : intervalOf(estimate, percent, (bounds) => bounds.join(' to '));
      },
    },
    ...others
      .filter((other) => other.effectOf !== effectOf && comparisons.some((of) => other.effectOf(of) !== null))
      .map((other): Column => ({ ...changeColumn(comparisons, other.effectOf, '', FIGURE), heading: other.heading })),
    { heading: last.heading, style: FIGURE, cell: (of) => written(last.figureOf(of), lastPercent) },
  ];
}

// --- Legend and footnote -------------------------------------------------------------------------------------------

const SAID = ['fewer', 'more', 'none', 'unclear', 'untold', 'shown'] as const;

function legend(comparisons: readonly Comparison[], panels: readonly Panel[]): Block {
  const said = new Set(panels.flatMap((panel) => comparisons.map(panel.said)));
  const meaning = meaningOf(panels.length === 1 ? panels[0]!.what : '');
  const isInterval = comparisons.some((of) => panels.some(({ effectOf }) => (effectOf(of)?.interval ?? null) !== null));
  const { rowKeys } = layoutOf(comparisons);
  const isBand = rowsOf(comparisons).some(({ isRange }) => isRange);
  const entries: (readonly [mark: string, words: string])[] = [
    ...SAID.filter((each) => said.has(each)).map((each) => [mark(12, 0, each), meaning[each]] as const),
    ...(isInterval ? [[whisker(2, 22, 0, 'none'), '95 % interval'] as const] : []),
    ...(isBand
      ? [[band(2, -7, 20, 14), `range over ${rowKeys === TOUCH_TITLE ? 'touch models' : rowKeys}`] as const]
      : []),
  ];
  let [left, y] = [LEFT, 10];
  const placed = entries.map(([mark, words]) => {
    const width = 30 + widthOf(words, HEADING) + 16;
    if (left + width > RIGHT) [left, y] = [LEFT, y + 22];
    left += width;
    return move(left - width, y, `${mark}${text(30, 4, words, HEADING)}`);
  });
  return { svg: placed.join('\n'), height: y + 10 };
}

function footnote(comparisons: readonly Comparison[], results: Results): Block {
  const isAlike = groupsOf(comparisons).some(({ names }) => names.length > 1);
  const sentences = [
    'A mark is the change of all seeds together.',
    ...(isAlike ? ['What = stands between gave the same counts.'] : []),
    caveatOf(comparisons, results),
    ...reachOf(comparisons, results.measures),
    'Cycles are estimates.',
    ...(comparisons[0]?.axis === 'colouring' ? [EFFECTIVENESS] : []),
  ];
  const rule: Block = { svg: line(LEFT, 0, RIGHT, 0, RULE), height: 10 };
  return stack([rule, paragraph(sentences.join(' '), { size: 11, fill: QUIET })]);
}

const EFFECTIVENESS =
  'Of an even spread: the share that colouring removes of the misses beyond those of the same cache with its lines spread over the ' +
  'sets by a hash; n/a where these are under 1 % of the misses.';
