/** Reading and writing files, with errors that name the file and what would be right. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../base/input-error.ts';

/** The text of a file; one whose name ends in .gz is unpacked. */
export const readText = (path: string): string => readUnpacked(path).toString('utf8');

/** The bytes of a file; one whose name ends in .gz is unpacked. */
export function readUnpacked(path: string): Buffer {
  const bytes = readBytes(path);
  if (!path.endsWith('.gz')) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    throw isGzip(bytes) ? damagedGzip(path, '') : notGzip(path);
  }
}

export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;
export const notGzip = (path: string) =>
  new InputError(path, 'not gzip data', 'a name in .gz must hold gzip data; name a plain text file without .gz');
/** `where`: how far one got. */
export const damagedGzip = (path: string, where: string) =>
  new InputError(path, `the gzip data is cut short or damaged${where}`, 'a whole gzip file is needed');

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

export function writeBytes(path: string, bytes: Uint8Array): void {
  attempt(path, () => writeFileSync(path, bytes));
}

export function attempt<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new InputError(path, `cannot be written (${(error as NodeJS.ErrnoException).code})`, 'name a place that can');
  }
}

export function unreadable(path: string, error: unknown): InputError {
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
