import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verify } from '../../src/cli/verify.ts';

const data = new URL('data/', import.meta.url).pathname;
/** Memory traces are beside what was counted on them. */
const recordings = readdirSync(data).filter((name) => !/\.(din|mp)\.gz$/.test(name));

test.each(recordings)('the emulator agrees with %s', (name) => {
  const lines: string[] = [];
  const agrees = verify([`${data}${name}`], { touch: true, misses: true }, (line) => lines.push(line));
  expect(lines.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  expect(agrees).toBe(true);
  expect(lines.some((line) => line.startsWith('passed'))).toBe(true);
});

test('there are recordings of every kind', () => {
  expect(recordings).toEqual([
    'case-boot-smp32-2cpu-64MB.jsonl.gz',
    'case-boot-up64-1cpu-16MB.jsonl.gz',
    'case-buddy-touch.jsonl.gz',
    'case-buddy.jsonl.gz',
    'case-colour-up32.jsonl.gz',
    'case-create-smp32.jsonl.gz',
    'case-ctor-up32.jsonl.gz',
    'case-debug-smp32-2cpu.jsonl.gz',
    'case-debug-upold32.jsonl.gz',
    'case-kmalloc-up32.jsonl.gz',
    'case-mix-smp32-2cpu-touch.jsonl.gz',
    'case-mix-up32-touch.jsonl.gz',
    'case-offslab-smp32-2cpu.jsonl.gz',
    'case-oom-up32.jsonl.gz',
    'case-reap-smp32-2cpu.jsonl.gz',
    'case-tune-smp32-2cpu.jsonl.gz',
    'directed-mesi.json.gz',
    'expected-coherence.json.gz',
    'expected.json.gz',
    'geometry.csv.gz',
    'layouts.json.gz',
    'litmus-corpus.jsonl.gz',
    'litmus-named.json.gz',
  ]);
});
