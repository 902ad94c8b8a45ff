/** `slabscope list`: what an experiment may name. */

import { InputError } from '../base/input-error.ts';
import { protocolSummaries } from '../hw/cache/coherence.ts';
import { policySummaries } from '../hw/cache/replacement.ts';
import { type CpuModelName, cpuModels } from '../hw/cpu-models.ts';
import { workloads } from '../lab/workloads/all.ts';
import { touchSummaries } from '../lab/workloads/touch.ts';
import { machineDetails, machinesTable } from '../report/machines-table.ts';
import { columns } from '../report/text-table.ts';
import { kernels } from '../slab/kernels.ts';

interface Kind {
  /** One line, or a table. */
  readonly names: () => string;
  /** All that is known of one, or of all. */
  readonly show: (name: string | undefined, json: boolean) => string;
}

/** A name each, with what it means in a line. */
function described(kind: string, names: Readonly<Record<string, string>>): Kind {
  return {
    names: () => Object.keys(names).join(', '),
    show: (name, json) => {
      if (name !== undefined && !Object.hasOwn(names, name)) throw unknown(kind, name, Object.keys(names));
      const shown = name === undefined ? names : { [name]: names[name] };
      return json ? JSON.stringify(shown, null, 2) : columns(Object.entries(shown), 2).join('\n');
    },
  };
}

const summariesOf = (things: ReadonlyMap<string, { readonly name: string; readonly summary: string }>) =>
  Object.fromEntries([...things.values()].map(({ name, summary }) => [name, summary]));

const kinds: Readonly<Record<string, Kind>> = {
  machines: { names: () => Object.keys(cpuModels).join(', '), show: listMachines },
  workloads: described('workloads', summariesOf(workloads)),
  kernels: described('kernels', summariesOf(kernels)),
  touch: described('touch', touchSummaries),
  policies: described('policies', policySummaries),
  protocols: described('protocols', protocolSummaries),
};
export const listable = Object.keys(kinds);

/** Everything of one kind, or one by its name; all kinds where none is given. */
export function list(kind: string | undefined, name: string | undefined, json: boolean): string {
  if (kind !== undefined) return kinds[kind].show(name, json);
  return columns(
    listable.map((each) => [each, kinds[each].names()]),
    2,
  ).join('\n');
}

const unknown = (kind: string, name: string, known: readonly string[]) =>
  new InputError(`list ${kind} ${name}`, 'no such name', `known are ${known.join(', ')}`);

/** All machines, or what is known of one. */
function listMachines(name: string | undefined, json: boolean): string {
  if (name === undefined) return json ? JSON.stringify(cpuModels, null, 2) : machinesTable(cpuModels);
  if (!Object.hasOwn(cpuModels, name)) throw unknown('machines', name, Object.keys(cpuModels));
  const model = cpuModels[name as CpuModelName];
  return json ? JSON.stringify(model, null, 2) : machineDetails(name, model);
}
