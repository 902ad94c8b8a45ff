import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const readme = readFileSync(`${root}README.md`, 'utf8');
const tsx = (path: string) =>
  execFileSync('node', ['--import', 'tsx', path], { cwd: root, encoding: 'utf8', timeout: 30_000 });

test("the README's program counts a miss an increment where a line is shared, and one where it is not", () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const path = join(mkdtempSync(join(tmpdir(), 'slabscope-')), 'example.mts');
  writeFileSync(path, example.replace("'slabscope'", `'${root}src/index.ts'`));
  expect(tsx(path)).toBe('1000 misses: the line goes back and forth\n1 where each counter has a line of its own\n');
});

test('examples/library.ts shows false sharing, and none with a line for each object', () => {
  const [shared, apart] = [...tsx('examples/library.ts').matchAll(/misses: (\d+)/g)].map((match) => Number(match[1]));
  expect(shared).toBe(1000);
  expect(apart).toBeLessThan(5);
});

test('examples/dma-driver.ts reads its sector wherever the buffer is below 16 MB, and is refused above', () => {
  const read = '  read "Of a floppy disk, the second sector." to below 16 MB, 0 bytes left to move';
  const cost = '  the transfer took 16 lines from the cache; 8.2 ms in all';
  const lines = tsx('examples/dma-driver.ts').trimEnd().split('\n');
  const refusal =
    /^ {2}DMA channel 2: 512 bytes at 0x0[1-3][0-9a-f]{6} refused: an ISA address has 24 bits; allocate it with GFP_DMA/;
  expect(lines).toEqual([
    '64 MB, kmalloc(512, GFP_KERNEL | GFP_DMA):',
    read,
    cost,
    '64 MB, kmalloc(512, GFP_KERNEL):',
    expect.stringMatching(refusal),
    '16 MB, kmalloc(512, GFP_KERNEL | GFP_DMA):',
    read,
    cost,
    '16 MB, kmalloc(512, GFP_KERNEL):',
    read,
    cost,
  ]);
});
