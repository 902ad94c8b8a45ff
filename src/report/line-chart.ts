/**
 * A measure against an axis: misses by the size of objects, by the number of CPUs. A line for each combination of all else that
 * varies, told apart by shape and dashes as well as by colour, with the interval of each value over seeds.
 */
import { scaleLinear, scaleLog } from 'd3-scale';
import { groupBy } from '../base/group-by.ts';
import { InputError } from '../base/input-error.ts';
import { type MeasureName, measures } from '../lab/results/measures.ts';
import { type AxisValue, combinationOf, type PointResult, valuesOf } from '../lab/results/points.ts';
import type { Results } from '../lab/results/results.ts';
import { type Estimate, estimateOf, ratioOfSums } from '../lab/results/statistics.ts';
import { nounOf, valuesInWords } from './axis-words.ts';
import { HEADING } from './forest.ts';
import {
  at,
  BLUE,
  type Block,
  broken,
  GREEN,
  gap,
  INK,
  LEFT,
  line,
  PURPLE,
  page,
  paragraph,
  QUIET,
  RIGHT,
  RULE,
  stack,
  text,
  VERMILION,
  widthOf,
} from './page.ts';
import { factsOf } from './wording.ts';

interface Series {
  readonly name: string;
  readonly values: readonly { readonly x: AxisValue; readonly estimate: Estimate }[];
}

/** What lines of one picture can be told apart by. */
const MOST = 8;
const COLOURS = [BLUE, VERMILION, GREEN, PURPLE] as const;

/** `place` names the choice of the axis in messages. */
export function measureChart(results: Results, axis: string, measure: MeasureName, place: string): string {
  const { points } = results;
  const series = seriesOf(points, axis, measure, place);
  const title = `${measure} (${measures[measure].unit}) by ${nounOf(axis)}`;
  return page(title, [
    paragraph(title, { size: 20, weight: 'bold' }),
    gap(6),
    ...factsOf(results).map((fact) => paragraph(fact, { size: 11.5, fill: QUIET })),
    gap(18),
    plot(
      series,
      axis,
      valuesOf(
        points.map(({ point }) => point),
        axis,
      ),
    ),
    gap(8),
    stack([
      { svg: line(LEFT, 0, RIGHT, 0, RULE), height: 10 },
      paragraph(
        'A value is that of all seeds together, its bar the 95 % interval over seeds, each value for itself: seeds are the same ' +
          'everywhere, so bars that overlap do not mean that there is no difference. Comparisons in pairs tell that.',
        { size: 11, fill: QUIET },
      ),
    ]),
  ]);
}

function seriesOf(points: readonly PointResult[], axis: string, measure: MeasureName, place: string): Series[] {
  const combinations = points.map(({ point }) => combinationOf(point));
  const keys = Object.keys(combinations[0] ?? {});
  if (!keys.includes(axis))
    throw new InputError(place, `no key ${axis} in these results`, `choose from ${keys.join(', ')}`);
  const others = keys.filter((key) => key !== axis && valuesOf(combinations, key).length > 1);
  const named = groupBy(points, ({ point }) => others.map((key) => valuesInWords(key, [point[key]!])).join(', '));
  const all = [...named].map(([name, of]): Series => {
    const values = [...groupBy(of, ({ point }) => point[axis]!)].flatMap(([x, at]) => {
      const figure = ratioOfSums(at.map((result) => measures[measure].of(result)));
      return figure === null ? [] : [{ x, estimate: estimateOf(figure) }];
    });
    return { name, values };
  });
  if (all.every(({ values }) => values.length === 0)) {
    throw new InputError(place, `${measure} is nowhere told`, 'choose another measure');
  }
  const alike = groupBy(all, ({ values }) => JSON.stringify(values));
  if (alike.size > MOST) {
    throw new InputError(place, `${alike.size} lines in one picture`, `choose some by --where: ${others.join(', ')}`);
  }
  return [...alike.values()].map((same) => ({ ...same[0]!, name: same.map(({ name }) => name).join(' = ') }));
}

const HEIGHT = 380;
const LEFT_ROOM = 64;

function plot(series: readonly Series[], axis: string, xs: readonly AxisValue[]): Block {
  const names = series.flatMap(({ name }) => broken(name, WIDEST, NAME));
  const right = RIGHT - Math.max(0, ...names.map((name) => widthOf(name, NAME))) - LABEL;
  const left = LEFT + LEFT_ROOM;
  const xOf = placesOf(xs, left + 20, right - 20);
  const ends = series.flatMap(({ values }) =>
    values.flatMap(({ estimate }) => [estimate.value, ...(estimate.interval ?? [])]),
  );
  // What cannot be less than nothing is not shown so, though its interval may reach there.
  const isBelow = series.some(({ values }) => values.some(({ estimate }) => estimate.value < 0));
  const least = isBelow ? Math.min(...ends) : 0;
  const y = scaleLinear([least, Math.max(...ends) || 1], [HEIGHT, 10])
    .nice(6)
    .clamp(true);
  return {
    height: HEIGHT + 46,
    svg: [
      ...y.ticks(6).flatMap((tick) => [
        line(left, y(tick), right, y(tick), RULE),
        text(left - 8, y(tick) + 4, tick.toLocaleString('en-GB', { maximumFractionDigits: 6 }), {
          ...HEADING,
          anchor: 'end',
        }),
      ]),
      line(left, y(0), right, y(0), QUIET),
      ...xs.map((value) => text(xOf(value), HEIGHT + 18, String(value), { ...HEADING, anchor: 'middle', fill: INK })),
      text((left + right) / 2, HEIGHT + 38, axis, { ...HEADING, anchor: 'middle' }),
      ...series.map((each, i) => lineOf(each, i, xOf, y)),
      ...labels(series, y, right),
    ].join('\n'),
  };
}

/** Numbers where they belong, by powers where they are spread so; words evenly, in their order. */
function placesOf(xs: readonly AxisValue[], left: number, right: number): (value: AxisValue) => number {
  const numbers = xs.filter((x): x is number => typeof x === 'number');
  if (xs.length < 2 || numbers.length < xs.length) {
    const step = xs.length < 2 ? 0 : (right - left) / (xs.length - 1);
    return (value) => left + step * xs.indexOf(value);
  }
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const isByPowers = least > 0 && most / least >= 8;
  const scale = isByPowers ? scaleLog([least, most], [left, right]) : scaleLinear([least, most], [left, right]);
  return (value) => scale(value as number);
}

const NAME = { size: 12 };
const WIDEST = 220;
/** From the plot to the words of a label. */
const LABEL = 32;

const colourOf = (i: number): string => COLOURS[i % COLOURS.length]!;
const strokeOf = (i: number): string =>
  `fill="none" stroke="${colourOf(i)}" stroke-width="1.8"${i < COLOURS.length ? '' : ' stroke-dasharray="6 4"'}`;

function lineOf(
  { values }: Series,
  i: number,
  xOf: (value: AxisValue) => number,
  y: (value: number) => number,
): string {
  const colour = colourOf(i);
  const path = values.map(({ x, estimate }) => `${at(xOf(x))},${at(y(estimate.value))}`).join(' ');
  return [
    `<polyline points="${path}" ${strokeOf(i)}/>`,
    ...values.flatMap(({ x, estimate: { value, interval } }) => [
      ...(interval === null
        ? []
        : [
            line(xOf(x), y(interval[0]), xOf(x), y(interval[1]), colour, 1.5),
            ...interval.map((bound) => line(xOf(x) - 4, y(bound), xOf(x) + 4, y(bound), colour, 1.5)),
          ]),
      shape(i, xOf(x), y(value), colour),
    ]),
  ].join('\n');
}

/** Round, square, up, diamond. */
function shape(i: number, x: number, y: number, colour: string): string {
  const corners = [
    null,
    [-4.5, -4.5, 4.5, -4.5, 4.5, 4.5, -4.5, 4.5],
    [0, -6, 5.5, 4.5, -5.5, 4.5],
    [0, -6, 6, 0, 0, 6, -6, 0],
  ][i % COLOURS.length];
  if (corners === null || corners === undefined)
    return `<circle cx="${at(x)}" cy="${at(y)}" r="4.5" fill="${colour}"/>`;
  const points = corners.map((corner, j) => at(corner + (j % 2 === 0 ? x : y)));
  return `<polygon points="${points.join(' ')}" fill="${colour}"/>`;
}

const LEADING = 14;

/** Beside the ends of the lines, moved apart where they would meet, and up where they would leave the plot. */
function labels(series: readonly Series[], y: (value: number) => number, right: number): string[] {
  const placed = series
    .flatMap(({ name, values }, i) => {
      const last = values.at(-1);
      const lines = broken(name, WIDEST, NAME);
      return last === undefined || name === ''
        ? []
        : [{ i, lines, height: LEADING * lines.length + 4, at: y(last.estimate.value) }];
    })
    .sort((a, b) => a.at - b.at);
  const tops = placed.map(({ at }) => at);
  for (let i = 1; i < tops.length; i++) tops[i] = Math.max(tops[i]!, tops[i - 1]! + placed[i - 1]!.height);
  let limit = HEIGHT + 36;
  for (let i = tops.length - 1; i >= 0; i--) {
    tops[i] = Math.min(tops[i]!, limit - placed[i]!.height);
    limit = tops[i]!;
  }
  return placed.flatMap(({ i, lines }, row) => {
    const top = tops[row]!;
    return [
      `<path d="M${at(right + 2)} ${at(top)}h24" ${strokeOf(i)}/>`,
      shape(i, right + 14, top, colourOf(i)),
      ...lines.map((words, line) => text(right + LABEL, top + 4 + LEADING * line, words, NAME)),
    ];
  });
}
