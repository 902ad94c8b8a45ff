/**
 * `npm run coverage` prints how often the lab's 95 % intervals hold the truth, as the table of docs/measures.md; `npm run coverage -- auto`
 * the same where seeds are added until they suffice;
 * `npm run coverage -- keep RESULTS.json...` prints what real.csv keeps of these results.
 */
import { readFileSync } from 'node:fs';
import { seeded } from '../../src/base/random.ts';
import { AS_MANY_AS_IT_TAKES, looksOf } from '../../src/lab/results/looks.ts';
import { knownResults } from '../../src/lab/results/read-results.ts';
import { coverage, coverageAsSeedsAreAdded, type Population } from './coverage.ts';
import { madeUp, uncertain } from './made-up.ts';
import { linesOf, real } from './real.ts';

const SIZES = [6, 10, 20, 40];
const REPETITIONS = 10_000;

const [command, ...files] = process.argv.slice(2);
if (command === 'keep') {
  for (const file of files) {
    const { name, points } = knownResults(JSON.parse(readFileSync(file, 'utf8')), file);
    console.log(linesOf(name, points).join('\n'));
  }
} else if (command === 'auto') {
  console.log('| seeds are added until it is told | held | wrong | seeds | held, uncorrected | wrong, uncorrected |');
  console.log(`| --- |${' ---: |'.repeat(5)}`);
  for (const population of uncertain) tellAdded(population);
  for (const population of real()) if (/^colouring .* on, misses$/.test(population.name)) tellAdded(population);
} else {
  console.log(`| intervals of 95 % hold the truth in | ${SIZES.map((size) => `${size} seeds`).join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(SIZES.length)}`);
  for (const population of madeUp) tell(population);
  for (const population of real()) tell(population);
}

function tell<Seed>(population: Population<Seed>): void {
  const cells = SIZES.map((size) => {
    const random = seeded('coverage', `${population.name}, ${size}`);
    return `${(100 * coverage(population, size, REPETITIONS, random)).toFixed(1)} %`;
  });
  console.log(`| ${population.name} | ${cells.join(' | ')} |`);
}

function tellAdded<Seed>(population: Population<Seed>): void {
  const looks = looksOf(AS_MANY_AS_IT_TAKES);
  const added = (corrected: number) => {
    const random = seeded('looks', `${population.name}, ${corrected}`);
    return coverageAsSeedsAreAdded(population, looks, corrected, REPETITIONS, random);
  };
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const [all, one] = [added(looks.length), added(1)];
  const cells = [percent(all.held), percent(all.wrong), all.seeds.toFixed(0), percent(one.held), percent(one.wrong)];
  console.log(`| ${population.name} | ${cells.join(' | ')} |`);
}
