/** `slabscope verify` as a user has it, on a recording of a dozen operations of the compiled kernel. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { slabscope } from './slabscope.ts';

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'slabscope-verify-'));
afterAll(() => rmSync(folder, { recursive: true }));

const verify = (...args: string[]) => slabscope('verify', ...args);

const packed = readFileSync(join(root, 'test/golden/data/case-buddy.jsonl.gz'));
/** The header, and operations 0 to 11: boot, and the first blocks. */
const recording = gunzipSync(packed).toString().split('\n').slice(0, 13);
/** Operation 7: a block of 16 pages, from the top of memory. */
const changed = recording.with(8, recording[8]!.replace('"ret":"0x01fe0000"', '"ret":"0x01fd0000"'));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.join('\n'));
  return path;
}

test('a recording that the emulator agrees with: status 0, and the count at the end', async () => {
  expect(await verify(file('case-good.jsonl', recording))).toEqual({
    status: 0,
    stdout: 'passed   linux-2.4.22/buddy: 12 operations\n1 passed, 0 failed\n',
    stderr: '',
  });
});

test('a recording with one other result: status 1, and that operation with what was expected and got', async () => {
  const { status, stdout } = await verify(file('case-changed.jsonl', changed));
  expect(status).toBe(1);
  expect(stdout.split('\n')).toEqual([
    'FAILED   linux-2.4.22/buddy: 1 of 12 operations differ; first operation 7: alloc_pages id=2 order=4 gfp=32',
    '  expected {"ret":"0x01fd0000"}',
    '  got      {"ret":"0x01fe0000"}',
    '0 passed, 1 failed',
    '',
  ]);
});

test('a folder means all recordings in it and below; other files are let be', async () => {
  file('folder/case-good.jsonl', recording);
  file('folder/deeper/case-changed.jsonl', changed);
  file('folder/README.md', ['no recording']);
  const { status, stdout } = await verify(join(folder, 'folder'));
  expect(status).toBe(1);
  expect(stdout.split('\n').at(-2)).toBe('1 passed, 1 failed');
});

test('a recording of a kernel that is not built yet is skipped, and said to be', async () => {
  const other = recording.with(0, recording[0]!.replace('"allocator":"2.4.22"', '"allocator":"2.6"'));
  const { status, stdout } = await verify(file('case-other.jsonl', other));
  expect(status).toBe(0);
  expect(stdout).toBe('skipped  linux-2.6/buddy: kernel 2.6 is not built yet\n0 passed, 0 failed, 1 skipped\n');
});

test('--json prints the outcomes', async () => {
  const { status, stdout } = await verify('--json', file('case-changed.jsonl', changed));
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    outcomes: [
      {
        ...{ name: 'linux-2.4.22/buddy', compared: 12, unit: 'operations', differences: 1, skipped: null },
        first: {
          where: 'operation 7: alloc_pages id=2 order=4 gfp=32',
          expected: { ret: '0x01fd0000' },
          got: { ret: '0x01fe0000' },
        },
      },
    ],
  });
});

test.each<[what: string, path: () => string, line: RegExp]>([
  [
    'a file that is missing',
    () => join(folder, 'case-none.jsonl'),
    /case-none\.jsonl: no such file; name one that exists$/,
  ],
  [
    'a file of an unknown name',
    () => file('other.txt', ['']),
    /other\.txt: not a recording that is known; recordings are named /,
  ],
  [
    'a torn line',
    () => file('case-torn.jsonl', recording.with(12, recording[12]!.slice(0, -9))),
    /case-torn\.jsonl:13: not a JSON line; each line of a case is one JSON object$/,
  ],
  [
    'a case without its header',
    () => file('case-headless.jsonl', recording.slice(1)),
    /case-headless\.jsonl:1: no header; the first line of a case is /,
  ],
])('%s: one line that names it, and status 2', async (_what, path, line) => {
  const { status, stdout, stderr } = await verify(path());
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^slabscope: [^\n]+\n$/);
  expect(stderr.trimEnd()).toMatch(line);
});

test('recordings of a kernel that is not built are skipped, each with the reason', async () => {
  const { status, stdout } = await verify(dirname(file('linux-9.9/geometry.csv', ['whatever'])));
  expect([status, stdout]).toEqual([
    0,
    `skipped  ${join(folder, 'linux-9.9/geometry.csv')}: kernel 9.9 is not built yet\n0 passed, 0 failed, 1 skipped\n`,
  ]);
});
