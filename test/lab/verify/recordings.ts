/** Recordings of the compiled kernel, small ones, and what becomes of them when lines are changed. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { verifyCase } from '../../../src/lab/verify/recording.ts';
import { allRecordings } from '../../../src/lab/verify/recordings.ts';

export const golden = new URL('../../golden/data/', import.meta.url).pathname;

export const textOf = (name: string) => gunzipSync(readFileSync(`${golden}${name}.gz`)).toString();
export const linesOf = (name: string) => textOf(name).trimEnd().split('\n');

/** The outcomes of a case of 2.4.22 whose file is called case.jsonl. */
export const verify = (lines: readonly string[], lookersOn: Parameters<typeof verifyCase>[3] = () => []) =>
  verifyCase(allRecordings[0]!, lines, 'case.jsonl', lookersOn);

export type Line = Record<string, unknown>;

/** `lines` with one changed, by its operation or place. */
export const withLine = (lines: readonly string[], index: number, change: (line: Line) => unknown) =>
  lines.with(index, JSON.stringify(change(JSON.parse(lines[index]!) as Line)));
