/** Files of any length, read and written as they come. */
import { createReadStream, statSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { InputError } from '../base/input-error.ts';
import { MiB } from '../hw/memory.ts';
import { attempt, damagedGzip, isGzip, keepSafe, notGzip, unreadable } from './files.ts';
import { Progress } from './progress.ts';

/** In place of a path. */
export const STANDARD_INPUT = '-';

const CHUNK = 2 ** 18;

/** Bytes of a file; 0 where that is not known. */
export function sizeOf(path: string): number {
  try {
    return path === STANDARD_INPUT ? 0 : statSync(path).size;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Shows how far a file is read, where it has a length; told of each piece as it passes, and of the end. */
export function readingProgress(path: string): { passed: (bytes: Uint8Array) => void; end: () => void } {
  const size = sizeOf(path);
  const progress = size > 0 ? new Progress('MB of the trace', Math.ceil(size / MiB), 2000) : null;
  let bytes = 0;
  return {
    passed: ({ length }) => {
      bytes += length;
      progress?.reach(Math.floor(bytes / MiB));
    },
    end: () => progress?.end(),
  };
}

/**
 * The bytes of a file of any length, piece by piece; a name in .gz is unpacked on the way, `-` is standard input. `passing`
 * sees the bytes as they stand in the file; `where` tells how far the reader got, for messages: " behind line 7".
 */
export async function* streamBytes(
  path: string,
  passing: (bytes: Buffer) => void,
  where = () => '',
): AsyncGenerator<Buffer> {
  const source = path === STANDARD_INPUT ? process.stdin : createReadStream(path, { highWaterMark: CHUNK });
  const gunzip = path.endsWith('.gz') ? createGunzip({ chunkSize: CHUNK }) : null;
  let bytesRead = 0;
  const pieces = async function* (): AsyncGenerator<Buffer> {
    if (path !== STANDARD_INPUT) keepSafe(path);
    for await (const piece of source as AsyncIterable<Buffer>) {
      if (bytesRead === 0 && isGzip(piece) !== (gunzip !== null))
        throw gunzip === null ? stillPacked(path) : notGzip(path);
      bytesRead += piece.length;
      passing(piece);
      yield piece;
    }
  };
  try {
    yield* gunzip === null ? pieces() : pipeline(pieces, gunzip, () => {});
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (error instanceof InputError) throw error;
    if (code === 'ABORT_ERR') throw behindGzip(path);
    throw code.startsWith('Z_') ? damagedGzip(path, where()) : unreadable(path, error);
  }
  // Behind the last member Node stops at what is no gzip header, and says nothing, or that it was aborted.
  if (gunzip !== null && gunzip.bytesWritten < bytesRead) throw behindGzip(path);
}

/** The first text of a file, unpacked if its name ends in .gz: enough to tell what it holds. */
export async function headOf(path: string): Promise<string> {
  for await (const piece of streamBytes(path, () => {})) return piece.toString('latin1');
  return '';
}

const stillPacked = (path: string) =>
  path === STANDARD_INPUT
    ? new InputError('standard input', 'gzip data', 'unpack it: gunzip -c FILE | slabscope ...')
    : new InputError(path, 'gzip data', 'give it a name in .gz');
const behindGzip = (path: string) =>
  new InputError(path, 'something else follows the gzip data', 'a whole gzip file is needed and nothing behind it');

/**
 * Writes text to an open file as it comes; `path` is its name, for messages. Where that ends in .gz, each piece is a gzip member
 * of its own.
 */
export class TextWriter {
  readonly #fd: number;
  readonly #path: string;
  #pending = '';

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= 2 ** 20) this.flush();
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    attempt(this.#path, () => writeFileSync(this.#fd, this.#path.endsWith('.gz') ? gzipSync(text) : text));
  }
}
