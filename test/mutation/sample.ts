/**
 * A sample of mutants, for when all of them would take hours: `npm run mutate:sample -- SEED LINES [PATH...]`.
 *
 * The unit is the line. Of all lines of code below the paths, the LINES with the smallest draws; a line's draw is seeded by
 * SEED, its file and its text, so a change elsewhere moves none. Of each line all mutants run that lie within it; those of
 * several lines, bodies emptied mostly, are left out: they are the easiest to kill, so the score errs downwards.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { seeded } from '../../src/base/random.ts';

const everything = ['src/hw', 'src/kernel', 'src/mm', 'src/slab', 'src/lab/results/statistics.ts'];
const [seed, count, ...chosen] = process.argv.slice(2);
if (seed === undefined || !(Number(count) > 0)) throw new Error('usage: mutate:sample SEED LINES [PATH...]');

const paths = chosen.length > 0 ? chosen : everything;
const files = paths.flatMap((path) =>
  statSync(path).isFile()
    ? path
    : readdirSync(path, { recursive: true, encoding: 'utf8' }).map((at) => `${path}/${at}`),
);
const lines = files
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((text, i) => ({ file, text: text.trim(), number: i + 1 })),
  )
  // No mutant lies in a comment, an import, or a bracket alone.
  .filter(({ text }) => /\w/.test(text) && !/^(\/\/|\/?\*|import\b|export type\b|\} from\b)/.test(text))
  .map((line) => ({ ...line, draw: seeded(seed, `${line.file}: ${line.text}`)() }))
  .sort((a, b) => a.draw - b.draw)
  .slice(0, Number(count));

const ranges = lines.map(({ file, number }) => `${file}:${number}-${number}`);
const stryker = ['stryker', 'run', '--mutate', ranges.join(',')];
process.exitCode = spawnSync('npx', stryker, { stdio: 'inherit' }).status ?? 1;
