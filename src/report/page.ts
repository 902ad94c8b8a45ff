/**
 * A page of SVG: blocks one below the other, lines, and text. There is no font to ask for the width of a text, so it is
 * estimated, rather too wide than too narrow for any of the fonts named.
 */
import { wordsOf, wrap } from './figures.ts';

const WIDTH = 900;
const MARGIN = 36;
export const LEFT = MARGIN;
export const RIGHT = WIDTH - MARGIN;

export const INK = '#1b1f24';
export const QUIET = '#59626d';
export const RULE = '#dde1e6';
export const PAPER = '#ffffff';
export const SHADE = '#466487';
/** After Okabe and Ito; dark enough for text. */
export const BLUE = '#0072b2';
export const VERMILION = '#c04f00';
export const GREEN = '#00805f';
export const PURPLE = '#a8518a';

/** What stands for each where the page is dark. */
const DARK: Readonly<Record<string, string>> = {
  ...{ [INK]: '#e6edf3', [QUIET]: '#a3adb8', [RULE]: '#363d46', [PAPER]: '#14181d', [SHADE]: '#a9c4e4' },
  ...{ [BLUE]: '#56b4e9', [VERMILION]: '#ff9a56', [GREEN]: '#3cc9a0', [PURPLE]: '#e39bcb' },
};

/** A viewer that knows no styles shows the light page. */
const STYLE = `<style>@media (prefers-color-scheme: dark){${Object.entries(DARK)
  .map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`)
  .join('')}}</style>`;

/** The whole file; the title is what is read out, or shown on hover. */
export function page(title: string, blocks: readonly Block[]): string {
  const { svg, height } = stack([gap(MARGIN - 8), ...blocks, gap(MARGIN - 10)]);
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${WIDTH} ${at(height)}" width="${WIDTH}" height="${at(height)}" font-family="Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif">
<title>${escapeXml(typeset(title))}</title>
${STYLE}
<rect width="${WIDTH}" height="${at(height)}" fill="${PAPER}"/>
${svg}
</svg>
`;
}

// --- Blocks --------------------------------------------------------------------------------------------------------

/** Drawn from y = 0 down. */
export interface Block {
  readonly svg: string;
  readonly height: number;
}

export const gap = (height: number): Block => ({ svg: '', height });

export function stack(blocks: readonly Block[]): Block {
  let height = 0;
  const placed = blocks.map((block) => {
    const y = height;
    height += block.height;
    return block.svg === '' ? '' : move(0, y, `\n${block.svg}\n`);
  });
  return { svg: placed.filter((svg) => svg !== '').join('\n'), height };
}

const STEP = 8;

/** On as few lines as will do, and these about equally long. */
export function paragraph(words: string, style: TextStyle): Block {
  const broken = (width: number) => wrap(wordsOf(words), (line) => widthOf(line, style) <= width);
  let width = RIGHT - LEFT;
  const { length } = broken(width);
  while (width > STEP && broken(width - STEP).length === length) width -= STEP;
  const lines = broken(width).map((line) => clip(line, RIGHT - LEFT, style));
  const leading = 1.35 * style.size;
  return {
    svg: lines.map((line, i) => text(LEFT, style.size + leading * i, line, style)).join('\n'),
    height: leading * lines.length,
  };
}

// --- Lines and text ------------------------------------------------------------------------------------------------

/** A coordinate as SVG has it. */
export const at = (pixels: number): string => String(Math.round(10 * pixels) / 10);

export const move = (x: number, y: number, svg: string): string =>
  `<g transform="translate(${at(x)} ${at(y)})">${svg}</g>`;

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string {
  return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${stroke}" stroke-width="${width}"/>`;
}

export interface TextStyle {
  readonly size: number;
  readonly weight?: 'bold';
  readonly fill?: string;
  readonly anchor?: 'middle' | 'end';
}

/** On as many lines of this width as it takes; a word that is wider is cut. */
export function broken(words: string, width: number, style: TextStyle): string[] {
  return wrap(wordsOf(words), (line) => widthOf(line, style) <= width).map((line) => clip(line, width, style));
}

/** One line of text on the baseline y; `whole` is shown on hover, where the text is a clipped one. */
export function text(x: number, y: number, words: string, style: TextStyle, whole = words): string {
  const attributes = [
    `x="${at(x)}" y="${at(y)}" font-size="${style.size}" fill="${style.fill ?? INK}"`,
    ...(style.weight === undefined ? [] : [`font-weight="${style.weight}"`]),
    ...(style.anchor === undefined ? [] : [`text-anchor="${style.anchor}"`]),
  ];
  const hover = whole === words ? '' : `<title>${escapeXml(whole)}</title>`;
  return `<text ${attributes.join(' ')}>${hover}${escapeXml(typeset(words))}</text>`;
}

export function widthOf(words: string, { size, weight }: TextStyle): number {
  const ems = [...words].reduce((sum, letter) => sum + emOf(letter), 0);
  return ems * size * (weight === 'bold' ? 1.1 : 1);
}

function emOf(letter: string): number {
  if (/[ijlftrI.,:;'|![\]() ·-]/.test(letter)) return 0.42;
  if (/[mwMW%@→←]/.test(letter) || letter > '\u2e80') return 1;
  return /[A-Z+−]/.test(letter) ? 0.8 : 0.64;
}

export function clip(words: string, width: number, style: TextStyle): string {
  if (widthOf(words, style) <= width) return words;
  const letters = [...words];
  while (letters.length > 0 && widthOf(`${letters.join('')}…`, style) > width) letters.pop();
  return `${letters.join('')}…`;
}

/** A minus for the hyphen before a figure, and a cross for times; names such as size-32 keep theirs. */
const typeset = (words: string): string =>
  words.replace(/(?<![^\s[(])-(?=\d)/g, '−').replace(/(?<![^\s[(])x (?=\d)/g, '×\u2009');

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** For XML, which has no way at all to write control characters and lone surrogates. */
const escapeXml = (words: string): string =>
  words.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD').replace(/[&<>"']/g, (character) => entities[character]);
