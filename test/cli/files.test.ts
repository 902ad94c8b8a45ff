/** Files are written whole or not at all, wherever their names lead; devices and pipes are written straight. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { NewFile, readText, writeWhole } from '../../src/cli/files.ts';
import { COMMAND } from '../command-build.ts';
import { ended, slabscope, startSlabscope } from './slabscope.ts';

const root = new URL('../..', import.meta.url).pathname;
const all = mkdtempSync(join(tmpdir(), 'slabscope-files-'));
afterAll(() => rmSync(all, { recursive: true }));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(all, 'of-'));
  path = join(folder, 'file.txt');
});

describe('a file', () => {
  test('has its name once it is whole; before, what stood there is as it was', () => {
    writeFileSync(path, 'old');
    const file = new NewFile(path);
    file.write('new, ');
    file.write('in two pieces');
    expect(readFileSync(path, 'utf8')).toBe('old');
    file.finish();
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['new, in two pieces', ['file.txt']]);
  });

  test('that is new does not stand there before it is whole', () => {
    const file = new NewFile(path);
    file.write('x');
    expect(existsSync(path)).toBe(false);
    file.finish();
    expect(readdirSync(folder)).toEqual(['file.txt']);
  });

  test('keeps the permissions of the one that it replaces', () => {
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    writeWhole(path, 'new');
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test.each(['there', 'not there yet'])(
    'behind a symbolic link, %s, is replaced where it stands, and the link stays',
    (where) => {
      const behind = join(folder, 'other', 'behind.txt');
      mkdirSync(join(folder, 'other'));
      if (where === 'there') writeFileSync(behind, 'old');
      symlinkSync(join('other', 'behind.txt'), path);
      writeWhole(path, 'new');
      expect([readFileSync(behind, 'utf8'), lstatSync(path).isSymbolicLink(), readlinkSync(path)]).toEqual([
        ...['new', true, join('other', 'behind.txt')],
      ]);
      expect(readdirSync(join(folder, 'other'))).toEqual(['behind.txt']);
    },
  );

  test('that was read is not written over, under whatever name', () => {
    writeFileSync(path, 'precious');
    readText(path);
    symlinkSync(path, join(folder, 'symbolic'));
    linkSync(path, join(folder, 'hard'));
    for (const name of ['file.txt', 'symbolic', 'hard', './x/../file.txt']) {
      mkdirSync(join(folder, 'x'), { recursive: true });
      expect(() => writeWhole(`${folder}/${name}`, 'new')).toThrow(
        `${name}: is what was read; name another file to write`,
      );
    }
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test.each([
    ['a folder', '.', /\.: cannot be written \(EISDIR\); name a place that can$/],
    ['a name of a folder that is not there', 'x/', /x\/: names no file; name one$/],
    ['a place in a folder that is not there', 'x/y', /x\/y: cannot be written \(ENOENT\); /],
    ['links in a circle', 'circle', /circle: cannot be written \(ELOOP\); /],
  ])('cannot be %s', (_what, name, message) => {
    symlinkSync('circle', join(folder, 'circle'));
    expect(() => writeWhole(`${folder}/${name}`, 'new')).toThrow(message);
    expect(readdirSync(folder)).toEqual(['circle']);
  });
});

describe('what is no regular file is written straight', () => {
  test('a device that takes all, and stays one', () => {
    writeWhole('/dev/null', 'nothing');
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a device that is full', () => {
    expect(() => writeWhole('/dev/full', 'x')).toThrow('/dev/full: cannot be written (ENOSPC); name a place that can');
  });

  test('a pipe with a name', () => {
    execFileSync('mkfifo', [path]);
    const script = `cat "$1" & cd "$2" && node --import tsx -e "
      const { writeWhole } = await import('./src/cli/files.ts');
      writeWhole(process.argv[1], 'through the pipe');
    " "$1"; wait`;
    expect(execFileSync('bash', ['-c', script, 'bash', path, root], { encoding: 'utf8' })).toBe('through the pipe');
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  test('/dev/stdout, into a pipe or a file', () => {
    const script = `cd "$1" && node --import tsx -e "
      const { writeWhole } = await import('./src/cli/files.ts');
      writeWhole('/dev/stdout', 'to standard output');
    "`;
    const bash = (command: string) => execFileSync('bash', ['-c', command, 'bash', root], { encoding: 'utf8' });
    expect(bash(`(${script}) | cat`)).toBe('to standard output');
    bash(`(${script}) > '${path}'`);
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['to standard output', ['file.txt']]);
  });
});

describe('a process that ends amid a file', () => {
  /** Ever so many operations: it is stopped long before it is done. */
  const specification = () => {
    const name = join(folder, 'long.yaml');
    writeFileSync(
      name,
      '{ name: long, workload: { name: churn, operations: 1000000 }, machine: { model: pentium-iii, memory: 8M } }',
    );
    return name;
  };
  const temporary = () => readdirSync(folder).find((name) => name.startsWith('.slabscope-'));
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'stopped by %s amid a recording says so, and leaves what was there as it was',
    async (signal, expected) => {
      const recording = join(folder, 'rec.mp.gz');
      writeFileSync(recording, 'an older one');
      const child = startSlabscope(['record', specification(), recording]);
      const end = ended(child);
      const written = () => {
        const name = temporary();
        return name === undefined ? 0 : statSync(join(folder, name)).size;
      };
      while (written() === 0 && child.exitCode === null) await pause(5);
      child.kill(signal);
      const { status, stdout, stderr } = await end;
      expect([status, stdout]).toEqual([expected, '']);
      expect(stderr).toBe(`\nslabscope: ${signal}: ${recording} is not written\n`);
      expect(readdirSync(folder).sort()).toEqual(['long.yaml', 'rec.mp.gz']);
      expect(readFileSync(recording, 'utf8')).toBe('an older one');
    },
    30_000,
  );

  // A limit on the size of files stands for a disk that fills: the first bytes are written, the rest are not.
  test('where the disk fills keeps the older file, and nothing of the new one', async () => {
    const experiment = join(folder, 'small.yaml');
    writeFileSync(
      experiment,
      '{ name: small, workload: { name: churn, operations: 200 }, machine: { model: pentium-iii, memory: 8M }, seeds: 2 }',
    );
    expect((await slabscope('run', experiment, '--out', folder)).status).toBe(0);
    const before = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
    const script = `trap '' XFSZ; ulimit -f 40; exec node ${COMMAND} run "$1" --out "$2"`;
    const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', experiment, folder], {
      cwd: root,
      encoding: 'utf8',
    });
    expect([status, stderr.split('\n').at(-2)]).toEqual([
      2,
      `slabscope: ${join(folder, 'results.json')}: cannot be written (EFBIG); name a place that can`,
    ]);
    expect(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])).toEqual(before);
  }, 30_000);

  test('and a recording that runs to its end is whole', async () => {
    const experiment = join(folder, 'short.yaml');
    writeFileSync(
      experiment,
      '{ name: short, workload: { name: churn, operations: 50 }, machine: { model: pentium-iii, memory: 8M } }',
    );
    const { status, stdout } = await slabscope('record', experiment, join(folder, 'rec.mp.gz'), '--json');
    const { accesses } = JSON.parse(stdout) as { accesses: number };
    const lines = gunzipSync(readFileSync(join(folder, 'rec.mp.gz')))
      .toString()
      .trimEnd()
      .split('\n');
    expect([status, lines.length, readdirSync(folder).sort()]).toEqual([0, accesses, ['rec.mp.gz', 'short.yaml']]);
  });
});
