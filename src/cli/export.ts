/**
 * `slabscope export RESULTS`: points, measures or comparisons as a table, as CSV or Parquet. `slabscope export SPEC --format
 * callgrind`: the misses of one point by function and owner, for KCachegrind.
 */
import { stringify } from 'csv-stringify/sync';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '../base/input-error.ts';
import { VERSION } from '../base/version.ts';
import { attributePoint } from '../lab/experiment/attribute.ts';
import { traceIn, withPlaces } from '../lab/experiment/experiment.ts';
import type { Abi } from '../lab/layouts/c-abi.ts';
import { wrongKey } from '../lab/results/read-results.ts';
import type { Results } from '../lab/results/results.ts';
import { resultsSchema } from '../lab/results/results-schema.ts';
import { columnsOf, comparisonRows, countRows, measureRows, type NamedColumn, pointRows } from '../lab/results/rows.ts';
import { choosePoint, selectionOf } from '../lab/results/selection.ts';
import { fieldsOf } from '../lab/specification/fields.ts';
import { points } from '../lab/specification/settings.ts';
import { callgrindText } from '../report/callgrind.ts';
import { missesText } from '../report/figures.ts';

import { readExperiment } from './experiment.ts';
import { writeWhole } from './files.ts';
import { layoutSources } from './layouts.ts';
import { type PointsFile, readPointsFile } from './points-file.ts';

/** In place of a path. */
const STANDARD_OUTPUT = '-';

/** What stands in a file beside its table. */
type Metadata = Readonly<Record<string, string>>;

const formats: Readonly<Record<string, (columns: readonly NamedColumn[], metadata: Metadata) => Uint8Array>> = {
  csv,
  parquet,
};
const CALLGRIND = 'callgrind';
export const exportFormats = [...Object.keys(formats), CALLGRIND];

const ofPoints = { points: pointRows, counts: countRows };
const ofResults = { measures: measureRows, comparisons: comparisonRows };
const tables = { ...ofPoints, ...ofResults };
export const exportTables = Object.keys(tables);

export interface ExportOptions {
  readonly table: keyof typeof tables;
  readonly format: string;
  /** `-`: standard output. */
  readonly out: string;
  /** Of callgrind alone. */
  readonly point?: string;
  readonly layouts?: string;
  readonly abi?: Abi;
  readonly json?: boolean;
}

export const exportHelp = `
RESULTS is a results.json, a run's folder, or a store (points.jsonl), which has points and counts alone. Tables:
  points       a row a point: the axes, the seed, all counts
  counts       the same, a row a count: the axes, the seed, count, value
  measures     a row a combination and measure, over all seeds: the axes, measure, value
  comparisons  a row a comparison and measure: axis, base, variant, what is fixed, measure, change, low, high, p, reading
The first column of all is the experiment's name, which stores do not know. Parquet files name it too, with the version and
the hash of the specification, in their metadata.

Examples:
  slabscope export results/colouring --format parquet --out colouring.parquet
  slabscope export results/colouring --format csv --table comparisons --out - | column -s, -t
  slabscope export experiments/colouring.yaml --format callgrind --out callgrind.out.colouring && kcachegrind`;

type Print = (line: string) => void;

export async function exportAs(path: string, options: ExportOptions, print: Print): Promise<void> {
  if (options.format === CALLGRIND) return exportCallgrind(path, options, print);
  for (const [option, value] of Object.entries({
    '--point': options.point,
    '--layouts': options.layouts,
    '--abi': options.abi,
  })) {
    if (value !== undefined) throw new InputError(option, `means nothing to ${options.format}`, 'leave it out');
  }
  exportTable(path, options, print);
}

async function exportCallgrind(
  path: string,
  { out, point, layouts, abi, json }: ExportOptions,
  print: Print,
): Promise<void> {
  if (/\.(json|jsonl)(\.gz)?$/.test(path)) {
    throw new InputError(path, 'results do not have the functions that missed', 'name the specification (YAML)');
  }
  const experiment = await readExperiment(path);
  const { specification } = experiment;
  const chosen = choosePoint(points(specification), point ?? '', '--point');
  const fields = fieldsOf(specification);
  const sources = layoutSources(path, specification, chosen, layouts, abi);
  const { functions } = await withPlaces(experiment, () =>
    attributePoint(specification, traceIn(experiment, chosen), chosen, { fields, sources, functions: true }),
  );
  const command = `${specification.name}: ${selectionOf(chosen)}`;
  const text = callgrindText(functions, command, `slabscope ${VERSION}`);
  if (out === STANDARD_OUTPUT) {
    process.stdout.write(text);
    return;
  }
  writeWhole(out, text);
  const misses = functions.reduce((sum, each) => sum + each.misses, 0);
  const names = new Set(functions.map(({ fn }) => fn)).size;
  if (json === true)
    print(JSON.stringify({ file: out, format: CALLGRIND, point: chosen, misses, functions: names }, null, 2));
  else print(`${out}: ${missesText(misses)} of ${names} functions; callgrind_annotate --inclusive=yes, or kcachegrind`);
}

function exportTable(path: string, { table, format, out, json }: ExportOptions, print: Print): void {
  const found = readPointsFile(path);
  const columns = columnsOf(named(found, rowsOf(found, table)));
  if (columns.length === 0) throw new InputError(path, `no ${table} in it`, 'name results that have them');
  const data = formats[format](columns, metadataOf(found));
  if (out === STANDARD_OUTPUT) {
    process.stdout.write(data);
    return;
  }
  writeWhole(out, data);
  const rows = columns[0].values.length;
  if (json === true) {
    const names = columns.map(({ name }) => name);
    print(JSON.stringify({ file: out, table, format, rows, columns: names }, null, 2));
  } else print(`${out}: ${rows} rows, ${columns.length} columns`);
}

function rowsOf(found: PointsFile, table: keyof typeof tables) {
  if (table in ofPoints) return ofPoints[table as keyof typeof ofPoints](pointsOf(found));
  if (found.results === null) throw new InputError(found.file, `a store has no ${table}`, 'name a results.json');
  return ofResults[table as keyof typeof ofResults](wholeResults(found));
}

function pointsOf(found: PointsFile) {
  if (found.results === null) return found.stored;
  const { specificationHash, points } = found.results;
  return points.map((result) => ({ specificationHash, result }));
}

function wholeResults({ file, document }: Extract<PointsFile, { document: unknown }>): Results {
  const checked = resultsSchema.safeParse(document);
  if (checked.success) return document as Results;
  throw new InputError(file, `no results: ${wrongKey(checked.error)}`, 'a results.json is needed');
}

const named = ({ results }: PointsFile, rows: ReturnType<typeof rowsOf>) =>
  results === null ? rows : rows.map((row) => ({ experiment: results.name, ...row }));

function metadataOf(found: PointsFile): Metadata {
  if (found.results === null) return {};
  const { name, slabscope, specificationHash } = found.results;
  return { experiment: name, slabscope, specificationHash };
}

/** RFC 4180 with line feeds; what a row lacks is empty. */
function csv(columns: readonly NamedColumn[]): Uint8Array {
  const rows = columns[0].values.map((_, row) => columns.map(({ values }) => values[row]));
  return Buffer.from(stringify([columns.map(({ name }) => name), ...rows]));
}

function parquet(columns: readonly NamedColumn[], metadata: Metadata): Uint8Array {
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  const columnData = columns.map(parquetColumn);
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: 'slabscope' }));
}

/** Whole numbers as INT64, other numbers as DOUBLE, and text if any value is text; what a row lacks is null. */
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
