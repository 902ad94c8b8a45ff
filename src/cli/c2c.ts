/** `slabscope c2c SPEC`: one point with its misses attributed, as misses by owner and as perf's cache-to-cache report. */

import { attributePoint } from '../lab/experiment/attribute.ts';
import { withPlaces } from '../lab/experiment/experiment.ts';
import { choosePoint, selectionOf } from '../lab/results/selection.ts';
import { fieldsOf } from '../lab/specification/fields.ts';
import { points, settingsOf } from '../lab/specification/settings.ts';
import { cpuModelOf } from '../lab/specification/specification.ts';
import { c2cTable } from '../report/c2c-table.ts';
import { thousands } from '../report/figures.ts';
import { ownersTable } from '../report/owners-table.ts';
import { readExperiment } from './experiment.ts';
import { Progress } from './progress.ts';

export interface C2cOptions {
  readonly point?: string;
  readonly seeds: number;
  readonly top: number;
  readonly json?: boolean;
}

export async function c2c(path: string, options: C2cOptions, print: (line: string) => void): Promise<void> {
  const experiment = await readExperiment(path);
  const { specification, trace } = experiment;
  const first = choosePoint(points(specification), options.point ?? '', '--point');
  const fields = fieldsOf(specification);
  const progress = new Progress('seeds', options.seeds, 2000);
  const results = await withPlaces(experiment, () =>
    Array.from({ length: options.seeds }, (_, i) => {
      const result = attributePoint(specification, trace?.trace ?? null, { ...first, seed: first.seed + i }, fields);
      progress.step();
      return result;
    }),
  );
  progress.end();
  if (options.json === true) {
    print(JSON.stringify({ schema: 'slabscope-c2c/1', name: specification.name, points: results }, null, 2));
    return;
  }
  const [{ sharing }] = results;
  const total = (count: 'misses' | 'lineAccesses') => results.reduce((sum, { counts }) => sum + counts[count], 0);
  const more = options.seeds > 1 ? `, and ${options.seeds - 1} more seeds; lines are those of the first` : '';
  print(`${specification.name}: ${selectionOf(first)}${more}`);
  const { machine } = settingsOf(specification, first);
  const nodes = (machine.nodes ?? 1) > 1 ? ` on ${machine.nodes} nodes` : '';
  print(`${cpuModelOf(machine.model).name}, ${machine.cpus} CPUs${nodes}, lines of ${sharing.line} bytes`);
  print(`${thousands(total('misses'))} misses of ${thousands(total('lineAccesses'))} line accesses\n`);
  print(
    ownersTable(
      results.map(({ owners }) => owners),
      options.top,
    ),
  );
  print(c2cTable(sharing, options.top).trimEnd());
}
