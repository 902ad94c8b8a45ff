/**
 * `npm run mutate -- [ROOM...]`: every mutant of the rooms (of all, if none is named), each room's against its own tests.
 * What is known of mutants whose code and tests stand unchanged is taken over from reports/mutation/. Hours, for all rooms.
 *
 * `npm run mutate -- --sample LINES --seed SEED [ROOM...]`: the mutants of so many lines of the rooms, together. A line's draw
 * is seeded by SEED, its file and its text, and the lines with the smallest draws are taken: so a change elsewhere moves
 * none. Of each line all mutants run that lie within it. Those of several lines (bodies emptied, mostly) are left out: they
 * are the easiest to kill, so the score errs downwards. With --quick they meet no test of slow.ts: for CI.
 *
 * A score below the bar of stryker.config.json is a failure. What survives, and why: docs/mutants.md.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seeded } from '../../src/base/random.ts';
import { slow } from './slow.ts';

/** What is mutated, and the tests that must find it: the room's own, recordings of compiled kernels, and who asks place(). */
const rooms: Readonly<Record<string, readonly [sources: RegExp, tests: RegExp]>> = {
  hw: [/^src\/hw\//, /^test\/(hw|lab\/caches)\//],
  kernel: [/^src\/kernel\/(?!linux-2\.6)/, /^test\/kernel\/(?!linux-2\.6)/],
  mm: [/^src\/mm\/(?!linux-2\.6)/, /^test\/(mm\/(?!linux-2\.6)|golden\/)/],
  slab: [/^src\/slab\/(?!linux-2\.6)/, /^test\/(slab\/(?!linux-2\.6)|golden\/|lab\/watch\/attribution)/],
  statistics: [/^src\/lab\/results\/statistics\.ts$/, /^test\/lab\/results\/(statistics|compare|diff)\./],
  'linux-2.6': [/^src\/(kernel|mm|slab)\/linux-2\.6/, /^test\/((kernel|mm|slab)\/linux-2\.6|golden\/)/],
};

const { values, positionals } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: 'mutants' },
    quick: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);
const allSources = filesBelow('src').filter((file) => file.endsWith('.ts'));
const allTests = filesBelow('test').filter((file) => file.endsWith('.test.ts') && !(values.quick && slow.test(file)));

const chosen = (positionals.length > 0 ? positionals : Object.keys(rooms)).map((name) => {
  const room = rooms[name];
  if (room === undefined) throw new Error(`${name}: rooms are ${Object.keys(rooms).join(', ')}`);
  const [sources, tests] = room;
  return {
    name,
    sources: allSources.filter((file) => sources.test(file)),
    tests: allTests.filter((file) => tests.test(file)),
  };
});

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
  for (const { name, sources, tests } of chosen) {
    console.log(`== mutants of ${name}`);
    stryker(sources, tests, '--incremental', '--incrementalFile', `reports/mutation/${name}.json`);
  }
} else {
  const sources = chosen.flatMap(({ sources }) => sources);
  const tests = new Set(chosen.flatMap(({ tests }) => tests));
  stryker(sampleOf(sources, Number(values.sample), values.seed), [...tests]);
}
