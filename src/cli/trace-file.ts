/** A trace as a file: read once, as a stream, whatever its length, and held where all worker threads see it. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { TracedFile } from '../lab/results/assemble.ts';
import { readTraceBytes } from '../lab/traces/read-trace.ts';
import type { Limits } from '../slab/kernel-facts.ts';
import { readingProgress, streamBytes } from './streams.ts';

export async function readTraceFile(path: string, limits: Limits): Promise<TracedFile> {
  const name = basename(path);
  const hash = createHash('sha256');
  const progress = readingProgress(path);
  const bytes = streamBytes(path, (piece) => {
    hash.update(piece);
    progress.passed(piece);
  });
  try {
    const trace = await readTraceBytes(bytes, name, limits);
    return { name, sha256: hash.digest('hex'), trace: shared(trace) };
  } finally {
    progress.end();
  }
}

/** The same with every column in memory that threads share: what is not shared would be copied for every point. */
function shared<T>(value: T): T {
  if (isColumn(value)) return sharedCopy(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shared(part)])) as T;
}

type ColumnArray = Uint8Array | Uint16Array | Int32Array;

const isColumn = (value: unknown): value is ColumnArray => ArrayBuffer.isView(value);

function sharedCopy<T extends ColumnArray>(column: T): T {
  const copy = new (column.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(column.byteLength),
  );
  copy.set(column);
  return copy;
}
