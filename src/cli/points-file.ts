/** What a run wrote, read back: results.json, a file of its store, or the folder of both. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { type KnownResults, knownResults } from '../lab/results/read-results.ts';
import { readStore, type StoredPoint } from '../lab/results/store.ts';
import { sha256 } from './experiment.ts';
import { isDirectory, parseJson, readText } from './files.ts';

export type PointsFile = { readonly file: string } & (
  | { readonly results: KnownResults; readonly document: unknown }
  | { readonly results: null; readonly stored: readonly StoredPoint[] }
);

/** Of a folder its results.json, which a whole run has, else all that its store holds. What cannot be used is told. */
export function readPointsFile(path: string): PointsFile {
  if (!isDirectory(path)) return /\.jsonl(\.gz)?$/.test(path) ? readStoreFiles(path, [path]) : readResults(path);
  const results = join(path, 'results.json');
  if (existsSync(results)) return readResults(results);
  const stores = readdirSync(path).filter((name) => /^points.*\.jsonl$/.test(name));
  if (stores.length > 0)
    return readStoreFiles(
      path,
      stores.sort().map((name) => join(path, name)),
    );
  throw new InputError(path, 'holds no results.json, and no points*.jsonl', 'name the folder that a run wrote to');
}

function readResults(file: string): PointsFile {
  const document = parseJson(file);
  return { file, document, results: knownResults(document, file) };
}

function readStoreFiles(file: string, paths: readonly string[]): PointsFile {
  const texts = paths.map((path) => [path, readText(path)] as const);
  const { points, unusable } = readStore(texts, sha256);
  for (const what of unusable) process.stderr.write(`slabscope: ${what}: left out\n`);
  if (points.length === 0) throw new InputError(file, 'no point in it', 'name results with points');
  return { file, results: null, stored: points };
}
