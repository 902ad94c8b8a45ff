/** Miss ratios of caches of all sizes as one self-contained SVG: a curve for each associativity, from 1 KB on. */
import { scaleLinear, scaleLog } from 'd3-scale';
import type { SweepReport } from '../lab/caches/cache-report.ts';
import { sizeText, thousands } from './figures.ts';
import {
  at,
  type Block,
  gap,
  INK,
  LEFT,
  line,
  move,
  page,
  paragraph,
  QUIET,
  RIGHT,
  RULE,
  type TextStyle,
  text,
  widthOf,
} from './page.ts';
import { type Curve, curvesOf, enoughText, shownSizes } from './sweep-curves.ts';

/** From Okabe and Ito's palette; dashes tell curves apart where colours do not. */
const strokes: readonly (readonly [colour: string, dashes: string])[] = [
  ['#d55e00', '2 4'],
  ['#e69f00', '6 4'],
  ['#009e73', '10 3 2 3'],
  ['#56b4e9', '14 4'],
  ['#0072b2', ''],
  [INK, ''],
];

const HEIGHT = 360;
const HEADING: TextStyle = { size: 11.5, fill: QUIET };

export function sweepChart(report: SweepReport): string {
  const { trace, accesses, lineAccesses, unboundedMisses, cpus, line: lineBytes } = report;
  const curves = curvesOf(report);
  const facts = [
    `trace ${trace}: ${thousands(accesses)} accesses`,
    ...(cpus === 1 ? [] : [`${cpus} CPUs, a cache each`]),
    `LRU, lines of ${lineBytes} bytes`,
  ];
  const question = 'How large must a cache be?';
  const answer = `Enough: ${enoughText(curves, unboundedMisses)}.`;
  return page(`${question} ${answer}`, [
    paragraph(question, { size: 13, fill: QUIET }),
    gap(4),
    paragraph(answer, { size: 20, weight: 'bold' }),
    gap(9),
    paragraph(facts.join('  ·  '), HEADING),
    gap(20),
    plot(report, curves),
    gap(16),
    legend(curves),
    gap(14),
    paragraph(
      `Without bounds a cache misses ${thousands(unboundedMisses)} of ${thousands(lineAccesses)} line accesses: the first use of ` +
        `each line${cpus === 1 ? '' : ', and the first after another CPU’s write'}. Enough: misses 1 % more than that at most, there and in all larger.`,
      { size: 11, fill: QUIET },
    ),
  ]);
}

function plot(report: SweepReport, curves: readonly Curve[]): Block {
  const sizes = shownSizes(report);
  const { lineAccesses, unboundedMisses } = report;
  const ratios = curves.flatMap(({ missesAt }) => sizes.flatMap((size) => missesAt.get(size) ?? []));
  const y = scaleLinear([0, Math.max(...ratios) / lineAccesses], [HEIGHT, 0]).nice();
  const percent = y.tickFormat(6, '%');
  const ticks = y.ticks(6);
  const left = LEFT + Math.max(...ticks.map((tick) => widthOf(percent(tick), HEADING))) + 14;
  const x = scaleLog([sizes[0], sizes[sizes.length - 1]], [left, RIGHT - 20]).base(2);
  const floor = y(unboundedMisses / lineAccesses);
  return {
    height: HEIGHT + 62,
    svg: [
      text(LEFT, 10, 'misses, of line accesses', HEADING),
      move(
        0,
        20,
        [
          ...ticks.flatMap((tick) => [
            line(left, y(tick), RIGHT, y(tick), RULE),
            text(left - 8, y(tick) + 4, percent(tick).replace('%', ' %'), { ...HEADING, anchor: 'end' }),
          ]),
          ...sizes.map((size) => text(x(size), HEIGHT + 18, sizeText(size), { ...HEADING, anchor: 'middle' })),
          line(left, HEIGHT, RIGHT, HEIGHT, QUIET),
          line(left, floor, RIGHT, floor, QUIET),
          ...curves.map(({ missesAt }, i) =>
            stroke(
              sizes.flatMap((size) => {
                const misses = missesAt.get(size);
                return misses === undefined ? [] : [[x(size), y(misses / lineAccesses)]];
              }),
              i,
            ),
          ),
          text((left + RIGHT) / 2, HEIGHT + 38, 'size of the cache', { ...HEADING, anchor: 'middle' }),
        ].join('\n'),
      ),
    ].join('\n'),
  };
}

function stroke(points: readonly (readonly number[])[], curve: number): string {
  const [colour, dashes] = strokes[curve];
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  const path = points.map((point) => point.map(at).join(',')).join(' ');
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashed}/>`;
}

function legend(curves: readonly Curve[]): Block {
  let left = LEFT;
  const entries = curves.map(({ name }, i) => {
    const entry = `${stroke(
      [
        [left, 8],
        [left + 34, 8],
      ],
      i,
    )}${text(left + 42, 12, name, HEADING)}`;
    left += 42 + widthOf(name, HEADING) + 22;
    return entry;
  });
  const floor = `${line(left, 8, left + 34, 8, QUIET)}${text(left + 42, 12, 'without bounds', HEADING)}`;
  return { svg: [...entries, floor].join('\n'), height: 16 };
}
