/** `slabscope list`: what an experiment may name. */

import { didYouMean } from '../base/did-you-mean.ts';
import { InputError } from '../base/input-error.ts';
import { protocolSummaries } from '../hw/cache/coherence.ts';
import { policySummaries } from '../hw/cache/replacement.ts';
import { cpuModels } from '../hw/cpu-models.ts';
import { workloads } from '../lab/workloads/all.ts';
import { touchSummaries } from '../lab/workloads/touch.ts';
import { parametersOf } from '../lab/workloads/workload.ts';
import { kernelDetails, workloadDetails } from '../report/known-text.ts';
import { machineDetails, machinesTable } from '../report/machines-table.ts';
import { columns } from '../report/text-table.ts';
import { kernels } from '../slab/kernels.ts';

interface Kind {
  /** One line, or a table. */
  readonly names: () => string;
  /** All that is known of one, or of all. */
  readonly show: (name: string | undefined, json: boolean) => string;
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);
const lines = (things: Readonly<Record<string, string>>): string => columns(Object.entries(things), 2).join('\n');

/** A thing by its name; all of them without one. */
function named<T>(
  kind: string,
  things: Readonly<Record<string, T>>,
  all: (json: boolean) => string,
  one: (of: T, name: string, json: boolean) => string,
): Kind {
  const names = Object.keys(things);
  return {
    names: () => names.join(', '),
    show: (name, json) => {
      if (name === undefined) return all(json);
      if (Object.hasOwn(things, name)) return one(things[name], name, json);
      const remedy = didYouMean(name, names, `known are ${names.join(', ')}`);
      throw new InputError(`list ${kind} ${name}`, 'no such name', remedy);
    },
  };
}

/** A name each, with what it means in a line. */
const described = (kind: string, things: Readonly<Record<string, string>>): Kind => {
  const show = (shown: Readonly<Record<string, string>>, asJson: boolean) => (asJson ? json(shown) : lines(shown));
  return named(
    kind,
    things,
    (asJson) => show(things, asJson),
    (summary, name, asJson) => show({ [name]: summary }, asJson),
  );
};

/** Those of which there is more to tell than a line: in a text, or as facts. */
const detailed = <T>(
  kind: string,
  things: Readonly<Record<string, T>>,
  table: string,
  textOf: (of: T, name: string) => string,
  factsOf: (of: T) => unknown,
): Kind =>
  named(
    kind,
    things,
    (asJson) =>
      asJson ? json(Object.fromEntries(Object.entries(things).map(([name, of]) => [name, factsOf(of)]))) : table,
    (of, name, asJson) => (asJson ? json(factsOf(of)) : textOf(of, name)),
  );

const summariesOf = (things: ReadonlyMap<string, { readonly name: string; readonly summary: string }>) =>
  Object.fromEntries([...things.values()].map(({ name, summary }) => [name, summary]));

const kinds: Readonly<Record<string, Kind>> = {
  machines: detailed(
    'machines',
    cpuModels,
    machinesTable(cpuModels),
    (of, name) => machineDetails(name, of),
    (of) => of,
  ),
  workloads: detailed(
    'workloads',
    Object.fromEntries(workloads),
    lines(summariesOf(workloads)),
    (of) => workloadDetails(of, parametersOf(of)),
    ({ start: _, ...of }) => ({ ...of, parameters: parametersOf(of) }),
  ),
  kernels: detailed(
    'kernels',
    Object.fromEntries(kernels),
    lines(summariesOf(kernels)),
    kernelDetails,
    ({ name, summary, features, limits }) => ({ name, summary, features, limits }),
  ),
  touch: described('touch', touchSummaries),
  policies: described('policies', policySummaries),
  protocols: described('protocols', protocolSummaries),
};
export const listable = Object.keys(kinds);

/** Everything of one kind, or one by its name; all kinds where none is given. */
export function list(kind: string | undefined, name: string | undefined, asJson: boolean): string {
  if (kind !== undefined) return kinds[kind].show(name, asJson);
  return columns(
    listable.map((each) => [each, kinds[each].names()]),
    2,
  ).join('\n');
}
