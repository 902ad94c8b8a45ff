/**
 * `slabscope c2c SPEC`: one point with its misses attributed, as misses by owner and as perf's cache-to-cache report; what a change
 * of layout saves there. `slabscope c2c TRACE`: the same report of a memory trace.
 */
import { InputError } from '../base/input-error.ts';
import { type AttributedResult, attributePoint } from '../lab/experiment/attribute.ts';
import { type Finding, findingsOf } from '../lab/experiment/culprits.ts';
import { type Experiment, traceIn, withPlaces } from '../lab/experiment/experiment.ts';

import { layoutsOf, parseTrial, type Trial } from '../lab/experiment/trial.ts';
import type { Abi } from '../lab/layouts/c-abi.ts';
import type { SharingOrder } from '../lab/results/owners.ts';
import type { Point } from '../lab/results/points.ts';
import { choosePoint, selectionOf } from '../lab/results/selection.ts';
import { fieldsOf } from '../lab/specification/fields.ts';
import { points, settingsOf } from '../lab/specification/settings.ts';
import { cpuModelOf, type Specification } from '../lab/specification/specification.ts';
import { c2cTable } from '../report/c2c-table.ts';
import { pairsTable, verdictText } from '../report/culprits-text.ts';
import { missesText, thousands } from '../report/figures.ts';
import { type OwnerOrder, ownersTable } from '../report/owners-table.ts';
import { trialRows, trialText } from '../report/trial-text.ts';
import { c2cOfTrace, holdsMemoryTrace, type ReportOptions, type TraceCaches } from './c2c-trace.ts';
import { parseL1 } from './cache.ts';

import { readExperiment } from './experiment.ts';
import { layoutSources } from './layouts.ts';

import { Progress } from './progress.ts';
import { tableWidth } from './table-width.ts';

export interface C2cOptions extends ReportOptions {
  readonly point?: string;
  readonly seeds?: number;
  readonly try?: string;
  /** A file with layouts of structures. */
  readonly layouts?: string;
  readonly abi?: Abi;
  /** Of a memory trace alone; a specification has its machine. */
  readonly l1?: TraceCaches['l1'];
  readonly policy?: TraceCaches['policy'];
  readonly protocol?: TraceCaches['protocol'];
}

export const c2cHelp = `
CHANGE is one or several of, with commas between:
  d_count@0x60              the field d_count changes places with what stands at 0x60; behind the end, objects grow
  dentry:d_count@0x60       that of the cache dentry
  dentry:+0x8@0x60          4 bytes without a name
  alignment=whole-line      as the key of specifications

Fields have names where the specification has fields or layouts, with --layouts, or where a layouts.json lies beside its trace.

Examples:
  slabscope c2c experiments/colouring.yaml --point touch=hot-fields,colouring=on
  slabscope c2c experiments/false-sharing.yaml --try alignment=whole-line --seeds 10`;

type Print = (line: string) => void;

export async function c2c(path: string, options: C2cOptions, print: Print): Promise<void> {
  const order = lineOrders[options.sort] ?? 'hitm';
  const { point, seeds, layouts } = options;
  const ofPoints = {
    '--point': point,
    '--try': options.try,
    '--seeds': seeds,
    '--layouts': layouts,
    '--abi': options.abi,
  };
  const ofTraces = { '--l1': options.l1, '--policy': options.policy, '--protocol': options.protocol };
  if (await holdsMemoryTrace(path)) {
    refuse(ofPoints, 'a memory trace, which has no points', 'leave it out, or name a specification');
    const { l1 = parseL1('32K/8/64'), policy = 'lru', protocol = 'mesi' } = options;
    return c2cOfTrace(path, { l1, policy, protocol }, options, order, print);
  }
  refuse(ofTraces, 'a specification, which has its machine', 'leave it out, or name a memory trace');
  return c2cOfPoint(path, options, order, print);
}

function refuse(given: Readonly<Record<string, unknown>>, what: string, remedy: string): void {
  const [option] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (option !== undefined) throw new InputError(option, `means nothing to ${what}`, remedy);
}

async function c2cOfPoint(path: string, options: C2cOptions, order: SharingOrder, print: Print): Promise<void> {
  const seeds = options.seeds ?? 1;
  const experiment = await readExperiment(path);
  const { specification } = experiment;
  const first = choosePoint(points(specification), options.point ?? '', '--point');
  const trace = traceIn(experiment, first);
  const fields = fieldsOf(specification);
  const trial = options.try === undefined ? null : parseTrial(options.try, '--try');
  const sources = layoutSources(path, specification, first, options.layouts, options.abi);
  const progress = new Progress('seeds', seeds * (trial === null ? 1 : 2), 2000);
  const attribute = (specification: Specification, layouts?: ReturnType<typeof layoutsOf>) =>
    withPlaces(experiment, () =>
      Array.from({ length: seeds }, (_, i) => {
        const point = { ...first, seed: first.seed + i };
        const result = attributePoint(specification, trace, point, {
          ...{ fields, sources, order },
          ...(layouts === undefined ? {} : { layouts }),
        });
        progress.step();
        return result;
      }),
    );
  const results = await attribute(specification);
  const names = results[0].fields;
  const tried =
    trial === null ? null : await attribute(aligned(specification, trial), layoutsOf(trial, names, '--try'));
  progress.end();
  const findings = findingsOf(results[0].sharing, results[0].owners, {
    line: results[0].sharing.line,
    objectSizes: results[0].objectSizes,
    fields: names,
  });
  if (options.json === true) {
    const points = results.map(shown);
    const trials =
      tried === null ? {} : { try: options.try, tried: tried.map(shown), changes: changesOf(results, tried) };
    print(
      JSON.stringify({ schema: 'slabscope-c2c/1', name: specification.name, points, findings, ...trials }, null, 2),
    );
    return;
  }
  printHeading(experiment, first, results, print);
  if (tried === null) printReport(results, findings, options, print);
  else {
    print(`--try ${options.try}${growthOf(results[0], tried[0])}\n`);
    print(trialText(changesOf(results, tried), seeds).trimEnd());
  }
}

/** Owners may be sorted by more than lines are. */
const lineOrders: Partial<Record<OwnerOrder, SharingOrder>> = { true: 'trueSharing', false: 'falseSharing' };

const aligned = (specification: Specification, { alignment }: Trial): Specification =>
  alignment === null ? specification : { ...specification, alignment };

const shown = ({ objectSizes: _, functions: __, fields: ___, ...result }: AttributedResult) => result;

const changesOf = (results: readonly AttributedResult[], tried: readonly AttributedResult[]) =>
  trialRows(results.map((base, i) => ({ base, variant: tried[i] })));

/** Objects that became larger. */
function growthOf(base: AttributedResult, tried: AttributedResult): string {
  const grown = [...base.objectSizes].flatMap(([cache, size]) => {
    const now = tried.objectSizes.get(cache) ?? size;
    return now === size ? [] : [`objects of ${cache} take ${now} bytes, not ${size}`];
  });
  return grown.length === 0 ? '' : `: ${grown.join('; ')}`;
}

function printHeading(experiment: Experiment, first: Point, results: readonly AttributedResult[], print: Print): void {
  const { specification } = experiment;
  const total = (count: 'misses' | 'lineAccesses') => results.reduce((sum, { counts }) => sum + counts[count], 0);
  const more = results.length > 1 ? `, and ${results.length - 1} more seeds; lines are those of the first` : '';
  print(`${specification.name}: ${selectionOf(first)}${more}`);
  const { machine } = settingsOf(specification, first);
  const nodes = (machine.nodes ?? 1) > 1 ? ` on ${machine.nodes} nodes` : '';
  const { line } = results[0].sharing;
  print(`${cpuModelOf(machine.model).name}, ${machine.cpus} CPUs${nodes}, lines of ${line} bytes`);
  print(`${missesText(total('misses'))} of ${thousands(total('lineAccesses'))} line accesses\n`);
}

function printReport(
  results: readonly AttributedResult[],
  findings: readonly Finding[],
  options: C2cOptions,
  print: Print,
): void {
  const [{ sharing, counts, notes }] = results;
  const { top, sort } = options;
  const width = tableWidth(options.wide);
  for (const note of notes) print(`not named: ${note}`);
  if (notes.length > 0) print('');
  print(verdictText(findings, sharing.pairs, counts.misses, width));
  print(
    ownersTable(
      results.map(({ owners }) => owners),
      top,
      { order: sort, width },
    ),
  );
  if (sharing.pairs.length > 0) print(pairsTable(sharing.pairs, top, width));
  print(c2cTable(sharing, top, width).trimEnd());
}
