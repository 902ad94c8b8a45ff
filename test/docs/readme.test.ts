import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const readme = readFileSync(`${root}README.md`, 'utf8');
const tsx = (path: string) =>
  execFileSync('node', ['--import', 'tsx', path], { cwd: root, encoding: 'utf8', timeout: 30_000 });

test("the README's library example runs and shows the line going back and forth", () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const path = join(mkdtempSync(join(tmpdir(), 'slabscope-')), 'example.mts');
  writeFileSync(path, example.replace("'slabscope'", `'${root}src/index.ts'`));
  const [, misses] = /^(\d+) misses/.exec(tsx(path))!;
  expect(Number(misses)).toBeGreaterThan(1000);
});

test('examples/library.ts shows false sharing, and none with a line for each object', () => {
  const [shared, apart] = [...tsx('examples/library.ts').matchAll(/misses: (\d+)/g)].map((match) => Number(match[1]));
  expect(shared).toBe(1000);
  expect(apart).toBeLessThan(5);
});
