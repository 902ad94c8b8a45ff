/**
 * Reading and writing files, with errors that name the file and what would be right. What is written is written whole or not
 * at all, and never over what this process has read.
 */
import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../base/input-error.ts';
import { whenStopped } from './interruption.ts';

// --- Reading -------------------------------------------------------------------------------------------------------

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
    const bytes = readFileSync(path);
    keepSafe(path);
    return bytes;
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

export function unreadable(path: string, error: unknown): InputError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new InputError(shown(path), 'no such file', 'name one that exists');
  if (code === 'EISDIR') return new InputError(path, 'is a folder', 'name a file');
  return new InputError(path, `cannot be read (${code})`, 'name a file that can');
}

/** An empty name would not be seen. */
const shown = (path: string) => (path === '' ? "''" : path);

export function parseJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(path, `not JSON: ${(error as Error).message}`, 'a whole JSON document is needed');
  }
}

// --- Writing -------------------------------------------------------------------------------------------------------

/** Makes a folder to write to, so that a long run does not find at its end that it cannot. */
export function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!isDirectory(path)) throw new InputError(path, 'is no folder', 'name a folder, or one that is to be made');
    attempt(path, () => accessSync(path, constants.W_OK));
    return;
  }
  // Not mkdirSync's `recursive`: under /proc it never comes back.
  makeFolder(dirname(path));
  attempt(path, () => mkdirSync(path));
}

export function attempt<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(shown(path), `cannot be written (${code})`, 'name a place that can');
  }
}

export function writeWhole(path: string, data: string | Uint8Array): void {
  const file = new NewFile(path);
  file.write(data);
  file.finish();
}

/** Of the regular files that were read, device and inode: other names, and links, are the same file. */
const filesRead = new Set<string>();

export function keepSafe(path: string): void {
  const { dev, ino, isFile } = statOf(path)!;
  if (isFile) filesRead.add(`${dev}:${ino}`);
}

function statOf(path: string) {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined
    ? null
    : { dev: stats.dev, ino: stats.ino, mode: Number(stats.mode), isFile: stats.isFile() };
}

/** Those that are being written; gone when the process ends before they are whole, by whatever but SIGKILL. */
const temporaries = new Set<string>();
process.on('exit', () => {
  for (const path of temporaries) rmSync(path, { force: true });
});

/**
 * A file that has its name once it is whole. Until then it stands beside that place under another, and what stood there
 * before is as it was; SIGINT and SIGTERM say so. Symbolic links stay, and so do the permissions of a file that is replaced.
 * What is no regular file (a device, a pipe), and what this process has open already (/dev/stdout), is written straight.
 */
export class NewFile {
  readonly fd: number;
  readonly #path: string;
  /** Null where it is written straight. */
  readonly #renaming: { readonly from: string; readonly to: string } | null;
  readonly #stopListening: () => void = () => {};

  constructor(path: string) {
    this.#path = path;
    if (path === '' || path.endsWith('/')) throw new InputError(shown(path), 'names no file', 'name one');
    const before = attempt(path, () => statOf(path));
    if (before !== null && filesRead.has(`${before.dev}:${before.ino}`)) {
      throw new InputError(path, 'is what was read', 'name another file to write');
    }
    if (isWrittenStraight(path, before)) {
      this.#renaming = null;
      this.fd = attempt(path, () => openSync(path, 'w'));
      return;
    }
    const to = attempt(path, () => behindLinks(path));
    const from = join(dirname(to), `.slabscope-${randomUUID()}.tmp`);
    this.fd = attempt(path, () => {
      if (before !== null) accessSync(path, constants.W_OK);
      const fd = openSync(from, 'wx');
      if (before !== null) fchmodSync(fd, before.mode & 0o777);
      return fd;
    });
    this.#renaming = { from, to };
    temporaries.add(from);
    this.#stopListening = whenStopped(() => `${path} is not written`);
  }

  write(data: string | Uint8Array): void {
    attempt(this.#path, () => writeFileSync(this.fd, data));
  }

  finish(): void {
    attempt(this.#path, () => {
      if (this.#renaming !== null) fsyncSync(this.fd);
      closeSync(this.fd);
      if (this.#renaming === null) return;
      const { from, to } = this.#renaming;
      renameSync(from, to);
      temporaries.delete(from);
    });
    this.#stopListening();
  }
}

const isWrittenStraight = (path: string, before: { readonly isFile: boolean } | null): boolean =>
  (before !== null && !before.isFile) || /^\/(dev\/(std|fd\/)|proc\/)/.test(resolve(path));

/** The path of the file that this one names, which need not exist. */
function behindLinks(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return resolve(path);
  return behindLinks(resolve(dirname(path), readlinkSync(path)));
}
