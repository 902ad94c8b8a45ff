/** `slabscope litmus` as a user has it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { litmus } from '../../src/cli/litmus.ts';
import { verify } from '../../src/cli/verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-litmus-'));
afterAll(() => rmSync(folder, { recursive: true }));

function printed(input: string, options: { sc?: boolean; runs?: number; json?: boolean } = {}): string {
  const lines: string[] = [];
  expect(litmus(input, { seed: '1', ...options }, (line) => lines.push(line))).toBe(true);
  return lines.join('\n');
}

test('a published test: its program, every final state, which SC allows, and the answer', () => {
  expect(printed('x86tso/n6').split('\n')).toEqual([
    'x86tso/n6',
    '  P0           P1',
    '  mov [X],1    mov [Y],2',
    '  mov EAX,[X]  mov [X],2',
    '  mov EBX,[Y]',
    '5 final states under x86-TSO, 4 of them under sequential consistency',
    '  X  Y  0:EAX  0:EBX  SC',
    '  1  2  1      0      no   <- condition',
    '  1  2  1      2      yes',
    '  2  2  1      0      yes',
    '  2  2  1      2      yes',
    '  2  2  2      2      yes',
    'exists (X=1 /\\ 0:EAX=1 /\\ 0:EBX=0): yes under x86-TSO (published: allowed); no under sequential consistency',
  ]);
});

test('with --sc, under sequential consistency alone', () => {
  expect(printed('SB', { sc: true }).split('\n').slice(4)).toEqual([
    '3 final states under sequential consistency',
    '  X  Y  0:EAX  1:EAX',
    '  1  1  0      1',
    '  1  1  1      0',
    '  1  1  1      1',
    'exists (0:EAX=0 /\\ 1:EAX=0): no under sequential consistency',
  ]);
});

test('with --runs, how often the emulated CPUs came to each state', () => {
  const lines = printed('MP', { runs: 100 }).split('\n');
  expect(lines.at(-1)).toMatch(/^100 runs on the emulated CPUs, seed 1: every state was reached, the last in run \d+$/);
  const counts = lines.slice(-5, -2).map((line) => Number(line.trim().split(/\s+/)[5]));
  expect(counts.reduce((sum, count) => sum + count)).toBe(100);
});

test('--json prints what verify takes and agrees with', () => {
  const path = join(folder, 'printed.json');
  writeFileSync(path, printed('IRIW', { json: true, runs: 10 }));
  const lines: string[] = [];
  expect(verify([path], {}, (line) => lines.push(line))).toBe(true);
  expect(lines[0]).toBe('passed   litmus/printed.json: 1 tests');
});

test('a file of several tests: one after the other', () => {
  const path = join(folder, 'two.jsonl');
  const record = (name: string) => JSON.stringify({ name, program: [[['W', 'x', ['i', 1]]]], init: { x: 3 } });
  writeFileSync(path, `${record('one')}\n${record('two')}\n`);
  const one = [
    '  P0',
    '  mov [x],1',
    'at the start x=3, all else 0',
    '1 final state under x86-TSO, 1 of them under sequential consistency',
  ];
  const states = ['  x  SC', '  1  yes'];
  expect(printed(path).split('\n')).toEqual(['one', ...one, ...states, '', 'two', ...one, ...states]);
});
