/**
 * `npm run mutate -- [ROOM...]`: every mutant of the rooms (of all, if none is named), each room's against its own tests. A
 * room may be narrowed down: slab/linux-2.4.22. What is known of mutants whose code and tests stand unchanged is taken over
 * from reports/mutation/. Hours, for all rooms.
 *
 * `npm run mutate -- --sample LINES --seed SEED [ROOM...]`: the mutants of so many lines of the rooms, together. A line's draw
 * is seeded by SEED, its file and its text, and the lines with the smallest draws are taken: so a change elsewhere moves
 * none. Of each line all mutants run that lie within it. Those of several lines (bodies emptied, mostly) are left out: they
 * are the easiest to kill, so the score errs downwards.
 *
 * A score below the bar of stryker.config.json is a failure. What survives, and why: docs/mutants.md.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seeded } from '../../src/base/random.ts';

/** What is mutated, and the tests that must find it: the room's own, recordings of compiled kernels, and who asks place(). */
const rooms: Readonly<Record<string, { readonly source: string; readonly tests: readonly string[] }>> = {
  hw: { source: 'src/hw', tests: ['test/hw/**/*.test.ts', 'test/lab/caches/*.test.ts'] },
  kernel: { source: 'src/kernel', tests: ['test/kernel/**/*.test.ts'] },
  mm: { source: 'src/mm', tests: ['test/mm/**/*.test.ts', 'test/golden/*.test.ts'] },
  slab: {
    source: 'src/slab',
    tests: ['test/slab/**/*.test.ts', 'test/golden/*.test.ts', 'test/lab/watch/attribution.test.ts'],
  },
  statistics: { source: 'src/lab/results/statistics.ts', tests: ['test/lab/results/*.test.ts'] },
};

const { values, positionals } = parseArgs({
  options: { sample: { type: 'string' }, seed: { type: 'string', default: 'mutants' } },
  allowPositionals: true,
});
const chosen = (positionals.length > 0 ? positionals : Object.keys(rooms)).map((name) => {
  const [room, ...below] = name.split('/');
  if (rooms[room!] === undefined) throw new Error(`${name}: rooms are ${Object.keys(rooms).join(', ')}`);
  const { source, tests } = rooms[room!]!;
  return { name, tests, files: filesOf([source, ...below].join('/')) };
});

function filesOf(source: string): string[] {
  if (statSync(source).isFile()) return [source];
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${source}/${name}`);
}

/** The ranges, as Stryker takes them, of `count` lines of code. */
function sampleOf(files: readonly string[], count: number, seed: string): string[] {
  return (
    files
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .map((line, i) => ({ file, text: line.trim(), number: i + 1 })),
      )
      // No mutant lies in a comment, an import or a declaration of types, or on a line without a word.
      .filter(({ text }) => /\w/.test(text) && !/^(\/\/|\/?\*|import\b|export type\b|\} from\b|readonly\b)/.test(text))
      .map((line) => ({ ...line, draw: seeded(seed, `${line.file}: ${line.text}`)() }))
      .sort((a, b) => a.draw - b.draw)
      .slice(0, count)
      .map(({ file, number }) => `${file}:${number}-${number}`)
  );
}

function stryker(mutate: readonly string[], tests: readonly string[], ...options: readonly string[]): void {
  const args = ['stryker', 'run', '--mutate', mutate.join(), '--testFiles', tests.join(), ...options];
  if (spawnSync('npx', args, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
}

if (values.sample === undefined) {
  for (const { name, tests, files } of chosen) {
    console.log(`== mutants of ${name}`);
    stryker(files, tests, '--incremental', '--incrementalFile', `reports/mutation/${name.replaceAll('/', '-')}.json`);
  }
} else {
  const files = chosen.flatMap(({ files }) => files);
  const tests = new Set(chosen.flatMap(({ tests }) => tests));
  stryker(sampleOf(files, Number(values.sample), values.seed), [...tests]);
}
