/** What malloc-recorder.c writes of the program in known.c, and what a replay says to it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slabscope } from '../cli/slabscope.ts';
import { Workshop, without } from './recorders.ts';

const { skip, why } = without('gcc', 'make');
const workshop = skip ? undefined : new Workshop();
beforeAll(() => workshop?.build('malloc-recorder.so'), 120_000);
afterAll(() => workshop?.remove());

describe.skipIf(skip)(`the mallocs of a program, by LD_PRELOAD${why}`, () => {
  const preload = () => ({ LD_PRELOAD: workshop!.file('malloc-recorder.so') });
  const record = (program: string, ...args: string[]) => {
    const trace = workshop!.file('mallocs.txt');
    workshop!.run(program, args, { ...preload(), MALLOC_RECORD: trace });
    return { trace, lines: readFileSync(trace, 'utf8').trimEnd().split('\n') };
  };

  test('are a malloc trace: allocations, resizes and frees, with objects numbered in order', () => {
    expect(record(workshop!.file('known')).lines).toEqual([
      '# malloc trace of known',
      'a 0 32',
      'a 1 40',
      'a 2 24',
      'a 3 272', // the C library's, for a thread
      'r 1 72',
      'r 1 16',
      'a 4 104',
      'f 0',
      'f 1',
      'f 4',
    ]);
  });

  test('replay', async () => {
    const { status, stdout } = await slabscope('replay', record(workshop!.file('known')).trace);
    expect(status).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'trace mallocs.txt: malloc, 10 events, 1 thread, 7 allocations, 5 frees, 2 of both by resizing, 2 objects live at the end',
    );
  });

  test('are those of the program alone, not of what it starts', () => {
    const { lines } = record('sh', '-c', `${workshop!.file('known')}; exit 0`);
    expect(lines[0]).toMatch(/^# malloc trace of (da|ba)?sh$/);
    expect(lines).not.toContain('r 1 72');
  });

  test('stand in the file though the program is killed', () => {
    const trace = workshop!.file('killed.txt');
    const { signal } = workshop!.start(workshop!.file('known'), ['killed'], { ...preload(), MALLOC_RECORD: trace });
    expect(signal).toBe('SIGKILL');
    expect(readFileSync(trace, 'utf8').endsWith('r 1 72\nr 1 16\na 4 104\n')).toBe(true);
  });

  test('are not recorded without a file for them, and the program runs', () => {
    expect(workshop!.run(workshop!.file('known'), [], { ...preload(), MALLOC_RECORD: '/nowhere/mallocs' })).toBe(
      'malloc-recorder: /nowhere/mallocs: No such file or directory; nothing is recorded from here on\n',
    );
  });
});
