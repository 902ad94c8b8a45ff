/**
 * `slabscope export RESULTS`: a row for each point, as CSV or Parquet. `slabscope export SPEC --format callgrind`: the misses of one
 * point by function and owner, for KCachegrind.
 */
import { stringify } from 'csv-stringify/sync';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '../base/input-error.ts';
import { attributePoint } from '../lab/experiment/attribute.ts';
import type { PointResult } from '../lab/results/points.ts';
import { knownResults } from '../lab/results/read-results.ts';
import { columnsOf, type NamedColumn } from '../lab/results/rows.ts';
import { choosePoint, selectionOf } from '../lab/results/selection.ts';
import { readStore } from '../lab/results/store.ts';
import { fieldsOf } from '../lab/specification/fields.ts';
import { points } from '../lab/specification/settings.ts';
import { callgrindText } from '../report/callgrind.ts';
import { thousands } from '../report/figures.ts';
import { originOf, readExperiment, sha256, traceIn, withPlaces } from './experiment.ts';
import { parseJson, readText, writeWhole } from './files.ts';
import { layoutSources } from './layouts.ts';

const formats: Readonly<Record<string, (columns: readonly NamedColumn[]) => Uint8Array>> = { csv, parquet };
const CALLGRIND = 'callgrind';
export const exportFormats = [...Object.keys(formats), CALLGRIND];

export interface ExportOptions {
  readonly format: string;
  readonly out: string;
  /** Of callgrind alone. */
  readonly point?: string;
  readonly layouts?: string;
  readonly json?: boolean;
}

type Print = (line: string) => void;

export async function exportAs(path: string, options: ExportOptions, print: Print): Promise<void> {
  if (options.format === CALLGRIND) return exportCallgrind(path, options, print);
  for (const [option, value] of Object.entries({ '--point': options.point, '--layouts': options.layouts })) {
    if (value !== undefined) throw new InputError(option, `means nothing to ${options.format}`, 'leave it out');
  }
  exportPoints(path, options, print);
}

async function exportCallgrind(
  path: string,
  { out, point, layouts, json }: ExportOptions,
  print: Print,
): Promise<void> {
  if (/\.(json|jsonl)(\.gz)?$/.test(path)) {
    throw new InputError(path, 'results do not have the functions that missed', 'name the specification (YAML)');
  }
  const experiment = await readExperiment(path);
  const { specification } = experiment;
  const chosen = choosePoint(points(specification), point ?? '', '--point');
  const fields = fieldsOf(specification);
  const sources = layoutSources(path, specification, chosen, layouts);
  const { functions } = await withPlaces(experiment, () =>
    attributePoint(specification, traceIn(experiment, chosen), chosen, { fields, sources, functions: true }),
  );
  const command = `${specification.name}: ${selectionOf(chosen)}`;
  writeWhole(out, callgrindText(functions, command, `slabscope ${originOf(experiment).slabscope}`));
  const misses = functions.reduce((sum, each) => sum + each.misses, 0);
  const names = new Set(functions.map(({ fn }) => fn)).size;
  if (json === true)
    print(JSON.stringify({ file: out, format: CALLGRIND, point: chosen, misses, functions: names }, null, 2));
  else
    print(
      `${out}: ${thousands(misses)} misses of ${names} functions; callgrind_annotate --inclusive=yes, or kcachegrind`,
    );
}

function exportPoints(path: string, { format, out, json }: ExportOptions, print: Print): void {
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
