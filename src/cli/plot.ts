/** `slabscope plot RESULTS`: a picture of results that a run has written. */
import { dirname, join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { compareAll } from '../lab/results/compare.ts';
import { looksOf, type Seeds } from '../lab/results/looks.ts';
import { type MeasureName, measureNames, measuresOf } from '../lab/results/measures.ts';
import { knownResults } from '../lab/results/read-results.ts';
import type { Results } from '../lab/results/results.ts';
import { selectPoints } from '../lab/results/selection.ts';
import { type Plotted, resultsChart } from '../report/chart.ts';
import { setsChart } from '../report/heat-map.ts';
import { measureChart } from '../report/line-chart.ts';
import { parseJson, writeWhole } from './files.ts';

export interface PlotOptions {
  readonly measure?: readonly [Plotted, ...Plotted[]];
  readonly by?: string;
  readonly sets?: boolean;
  readonly where?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export const plotHelp = `
Without options, the picture that the run drew: what was compared along the first axis. Beside misses and cycles any measure of
docs/measures.md can be plotted; of several, each has a scale of its own. --by draws the measure itself, not its change, with a line
for each combination of all else that varies; --sets shows in which sets of the L1 misses fall, before and after.

Examples:
  slabscope plot results/colouring/results.json --measure misses,cycles
  slabscope plot results/hoard-speed-up/results.json --by machine.cpus --measure elapsedCyclesPerOperation --where limit=60
  slabscope plot results/colouring/results.json --sets --where interference=0`;

/** `misses,cycles`, or names of measures. */
export function parseMeasures(text: string): [Plotted, ...Plotted[]] {
  const names = text.split(',').map((name) => name.trim());
  const known: readonly string[] = ['misses', 'cycles', ...measureNames];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new InputError('--measure', `no measure ${unknown}`, `choose from ${known.join(', ')}`);
  return names as [Plotted, ...Plotted[]];
}

export function plot(path: string, options: PlotOptions, print: (line: string) => void): void {
  const { by, sets = false, where, json } = options;
  if (sets && by !== undefined) throw new InputError('--by', 'with --sets', 'ask for one of them at a time');
  const results = readResults(path, where);
  const [kind, picture] = pictureOf(results, options);
  const out = options.out ?? join(dirname(path), `${results.name}${kind}.svg`);
  writeWhole(out, picture);
  print(json === true ? JSON.stringify({ file: out }, null, 2) : `written: ${out}`);
}

function pictureOf(results: Results, { by, sets = false, measure }: PlotOptions): [kind: string, svg: string] {
  if (sets) return ['.sets', setsChart(results)];
  if (by === undefined) return [measure === undefined ? '' : `.${measure.join('-')}`, resultsChart(results, measure)];
  const [name = 'misses', ...more] = measure ?? [];
  if (more.length > 0) throw new InputError('--measure', 'several with --by', 'name one');
  const long = { misses: 'missesPerOperation', cycles: 'cyclesPerOperation' } as const;
  const plotted: MeasureName = name === 'misses' || name === 'cycles' ? long[name] : name;
  return [`.${name}-by-${by}`, measureChart(results, by, plotted, '--by')];
}

/** Compared anew, since some points may be left out, and results of before know less. */
function readResults(path: string, where: string | undefined): Results {
  const known = knownResults(parseJson(path), path);
  if (known.points.length === 0) throw new InputError(path, 'no point in it', 'name results with points');
  const chosen =
    where === undefined
      ? null
      : new Set(
          selectPoints(
            known.points.map(({ point }) => point),
            where,
            '--where',
          ),
        );
  const points = known.points.filter(({ point }) => chosen === null || chosen.has(point));
  const looks = looksOf((known.specification.seeds as Seeds | undefined) ?? 1).length;
  return { ...known, points, measures: measuresOf(points), comparisons: compareAll(points, looks) };
}
