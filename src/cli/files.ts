/** Reading and writing files, with errors that name the file and what would be right. */
import {
  accessSync,
  constants,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { InputError } from '../hw/input-error.ts';

/** The text of a file; one whose name ends in .gz is unpacked. */
export function readText(path: string): string {
  const bytes = readBytes(path);
  if (!path.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch {
    throw notUnpacked(path, bytes);
  }
}

/** `start` is how the file begins. */
function notUnpacked(path: string, start: Uint8Array): InputError {
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  return isGzip
    ? new InputError(path, 'the gzip data is cut short or damaged', 'a whole gzip file is needed')
    : new InputError(path, 'not gzip data', 'a name in .gz must hold gzip data; name a plain text file without .gz');
}

/**
 * The bytes of a file of any length, piece by piece; one whose name ends in .gz is unpacked. `passing` sees the bytes as
 * they stand in the file.
 */
export async function* streamBytes(path: string, passing: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  const file = readPieces(path, passing);
  if (!path.endsWith('.gz')) {
    yield* file;
    return;
  }
  let start: Buffer = Buffer.alloc(0);
  const packed = async function* () {
    for await (const piece of file) {
      if (start.length === 0) start = piece;
      yield piece;
    }
  };
  try {
    yield* pipeline(packed, createGunzip(), () => {});
  } catch (error) {
    throw error instanceof InputError ? error : notUnpacked(path, start);
  }
}

async function* readPieces(path: string, passing: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      passing(piece);
      yield piece;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

export function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Makes a folder to write to, so that a long run does not find at its end that it cannot. */
export function makeFolder(path: string): void {
  if (existsSync(path)) {
    attempt(path, () => accessSync(path, constants.W_OK));
    return;
  }
  // Not mkdirSync's `recursive`: under /proc it never comes back.
  makeFolder(dirname(path));
  attempt(path, () => mkdirSync(path));
}

export function writeText(path: string, text: string): void {
  attempt(path, () => writeFileSync(path, text));
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new InputError(
      path,
      `cannot be written (${(error as NodeJS.ErrnoException).code})`,
      'name a folder that can',
    );
  }
}

function unreadable(path: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new InputError(path, 'no such file', 'name one that exists');
  if (code === 'EISDIR') return new InputError(path, 'is a folder', 'name a file');
  return new InputError(path, `cannot be read (${code})`, 'name a file that can');
}

export function parseJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(path, `not JSON: ${(error as Error).message}`, 'a whole JSON document is needed');
  }
}
