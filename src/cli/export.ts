/** `slabscope export RESULTS`: a row for each point, as CSV or Parquet. */
import { stringify } from 'csv-stringify/sync';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '../base/input-error.ts';
import type { PointResult } from '../lab/results/points.ts';
import { knownResults } from '../lab/results/read-results.ts';
import { columnsOf, type NamedColumn } from '../lab/results/rows.ts';
import { readStore } from '../lab/results/store.ts';
import { sha256 } from './experiment.ts';
import { parseJson, readText, writeWhole } from './files.ts';

const formats: Readonly<Record<string, (columns: readonly NamedColumn[]) => Uint8Array>> = { csv, parquet };
export const exportFormats = Object.keys(formats);

export interface ExportOptions {
  readonly format: string;
  readonly out: string;
  readonly json?: boolean;
}

export function exportPoints(path: string, { format, out, json }: ExportOptions, print: (line: string) => void): void {
  const points = pointsOf(path);
  if (points.length === 0) throw new InputError(path, 'no point in it', 'name results with points');
  const columns = columnsOf(points);
  writeWhole(out, formats[format](columns));
  if (json === true) {
    const names = columns.map(({ name }) => name);
    print(JSON.stringify({ file: out, format, rows: points.length, columns: names }, null, 2));
  } else print(`${out}: ${points.length} rows, ${columns.length} columns`);
}

/** Of a results.json or, by its ending, a file of a store. */
function pointsOf(path: string): { specificationHash: string; result: PointResult }[] {
  if (/\.jsonl(\.gz)?$/.test(path)) {
    const { points, unusable } = readStore([[path, readText(path)]], sha256);
    for (const what of unusable) process.stderr.write(`slabscope: ${what}: left out\n`);
    return [...points];
  }
  const { specificationHash, points } = knownResults(parseJson(path), path);
  return points.map((result) => ({ specificationHash, result }));
}

/** RFC 4180 with line feeds; what a point lacks is empty. */
function csv(columns: readonly NamedColumn[]): Uint8Array {
  const rows = columns[0].values.map((_, row) => columns.map(({ values }) => values[row]));
  return Buffer.from(stringify([columns.map(({ name }) => name), ...rows]));
}

function parquet(columns: readonly NamedColumn[]): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData: columns.map(parquetColumn), createdBy: 'slabscope' }));
}

/** Whole numbers as INT64, other numbers as DOUBLE, and text if any value is text; what a point lacks is null. */
function parquetColumn({ name, values }: NamedColumn): ColumnSource {
  const data = values as (string | number | null)[];
  if (data.some((value) => typeof value === 'string')) {
    return { name, type: 'STRING', data: data.map((value) => (value === null ? null : String(value))) };
  }
  if (data.every((value) => value === null || Number.isSafeInteger(value))) {
    return { name, type: 'INT64', data: data.map((value) => (value === null ? null : BigInt(value))) };
  }
  return { name, type: 'DOUBLE', data };
}
