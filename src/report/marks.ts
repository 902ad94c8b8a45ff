/** The marks of a plot. Shapes tell them apart, colours only help: no change, and what cannot be told, are never the same. */
import { at, BLUE, line, PAPER, QUIET, SHADE, VERMILION } from './page.ts';
import type { Verdict } from './wording.ts';

/** What is said of a value: its verdict, or nothing where its measure is not judged. */
export type Said = Verdict | 'shown';

export const colourOf: Record<Said, string> = {
  ...{ fewer: BLUE, more: VERMILION, none: QUIET, unclear: QUIET, untold: QUIET, shown: SHADE },
};

const shapes: Record<Said, (x: number, y: number) => string> = {
  // Triangles point to where they stand: to less, to more.
  fewer: (x, y) => polygon([-6.5, 0, 5, -6, 5, 6], x, y, BLUE),
  more: (x, y) => polygon([6.5, 0, -5, -6, -5, 6], x, y, VERMILION),
  none: (x, y) => polygon([-4.5, -4.5, 4.5, -4.5, 4.5, 4.5, -4.5, 4.5], x, y, QUIET),
  unclear: (x, y) => circle(x, y, PAPER, QUIET),
  untold: (x, y) => `${line(x - 4, y - 4, x + 4, y + 4, QUIET, 2)}${line(x - 4, y + 4, x + 4, y - 4, QUIET, 2)}`,
  shown: (x, y) => circle(x, y, SHADE, PAPER),
};

export const mark = (x: number, y: number, said: Said): string => shapes[said](x, y);

/** Where several measures are plotted, what there are fewer of stands above each. */
export const meaningOf = (what: string): Record<Said, string> => ({
  fewer: `told: fewer ${what}`.trim(),
  more: `told: more ${what}`.trim(),
  none: 'no change: interval within 1 %',
  unclear: 'too few seeds to tell',
  untold: 'no interval',
  shown: 'not judged',
});

export const whisker = (low: number, high: number, y: number, said: Said): string =>
  line(low, y, high, y, colourOf[said], 2.5);

/** Translucent, for the grid and the zero line go on behind it. */
export function band(x: number, y: number, width: number, height: number): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="3" fill="${SHADE}" fill-opacity="0.13"/>`;
}

function polygon(corners: readonly number[], x: number, y: number, fill: string): string {
  const points = corners.map((corner, i) => at(corner + (i % 2 === 0 ? x : y)));
  return `<polygon points="${points.join(' ')}" fill="${fill}" stroke="${PAPER}" stroke-width="1"/>`;
}

const circle = (x: number, y: number, fill: string, stroke: string): string =>
  `<circle cx="${at(x)}" cy="${at(y)}" r="5" fill="${fill}" stroke="${stroke}" stroke-width="1.8"/>`;
