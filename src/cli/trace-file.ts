/** A trace as a file: read once, as a stream, whatever its length, and held where all worker threads see it. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { TracedFile } from '../lab/results/assemble.ts';
import type { Operations } from '../lab/traces/operations.ts';
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
    const { operations, ...rest } = await readTraceBytes(bytes, name, limits);
    return { name, sha256: hash.digest('hex'), trace: { ...rest, operations: shared(operations) } };
  } finally {
    progress.end();
  }
}

function shared({ length, kind, object, argument, flags, thread, cpu }: Operations): Operations {
  return {
    length,
    kind: sharedCopy(kind),
    object: sharedCopy(object),
    argument: sharedCopy(argument),
    flags: sharedCopy(flags),
    thread: sharedCopy(thread),
    cpu: sharedCopy(cpu),
  };
}

/** Memory that is not shared would be copied for every point. */
function sharedCopy<T extends Uint8Array | Uint16Array | Int32Array>(column: T): T {
  const copy = new (column.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(column.byteLength),
  );
  copy.set(column);
  return copy;
}
