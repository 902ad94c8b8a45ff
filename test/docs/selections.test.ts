/** Commands that README, docs and help show name points that the shipped experiments have. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { selectPoints } from '../../src/lab/results/selection.ts';
import { points } from '../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../src/lab/specification/specification.ts';

const root = new URL('../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const filesIn = (folder: string, ending: string) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

/** The experiment, or results of it, and the selection. */
const COMMAND =
  /(?:experiments\/([\w-]+)\.yaml|results\/([\w-]+)\/results\.json)[^\n`]* (--point|--where) ([\w.=,-]+)/g;
const shown = ['README.md', ...filesIn('docs', '.md'), ...filesIn('src/cli', '.ts')].flatMap((file) =>
  [...read(file).matchAll(COMMAND)].map(([, spec, results, option, selection]) => ({
    ...{ file, experiment: spec ?? results!, option: option!, selection: selection! },
  })),
);

test('such commands are found', () => {
  expect(new Set(shown.map(({ file }) => file))).toContain('README.md');
  expect(new Set(shown.map(({ option }) => option))).toEqual(new Set(['--point', '--where']));
});

describe('a shown command names points that there are', () => {
  test.each(shown)('$file: $experiment $option $selection', ({ experiment, option, selection }) => {
    const name = `experiments/${experiment}.yaml`;
    const all = points(parseSpecification(read(name), name));
    expect(() => selectPoints(all, selection, option)).not.toThrow();
  });
});
