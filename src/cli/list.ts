/** `slabscope list`: what an experiment may name. */

import { InputError } from '../base/input-error.ts';
import type { ProtocolName } from '../hw/cache/coherence.ts';
import type { PolicyName } from '../hw/cache/replacement.ts';
import { type CpuModelName, cpuModels } from '../hw/cpu-models.ts';
import { workloads } from '../lab/workloads/all.ts';
import type { TouchModelName } from '../lab/workloads/touch.ts';
import { machineDetails, machinesTable } from '../report/machines-table.ts';
import { kernels } from '../slab/kernels.ts';

interface Kind {
  /** One line, or a table. */
  readonly names: () => string;
  /** All that is known of one, or of all. */
  readonly show: (name: string | undefined, json: boolean) => string;
}

/** A name each, with what it means in a line. */
function described(kind: string, names: Readonly<Record<string, string>>): Kind {
  const width = Math.max(...Object.keys(names).map((name) => name.length));
  const line = ([name, meaning]: [string, string]) => `${name.padEnd(width)}  ${meaning}`;
  return {
    names: () => Object.keys(names).join(', '),
    show: (name, json) => {
      if (name !== undefined && !(name in names)) throw unknown(kind, name, Object.keys(names));
      const shown = name === undefined ? names : { [name]: names[name] };
      return json ? JSON.stringify(shown, null, 2) : Object.entries(shown).map(line).join('\n');
    },
  };
}

const touch: Record<TouchModelName, string> = {
  'init-all': 'the whole object is written when it is allocated; its first 32 bytes are read when it is freed',
  'init-head': 'the first 32 bytes are written when it is allocated, and read when it is freed',
  'hot-fields':
    'a few words, drawn by the seed, are written at first, then read and written in lookups of live objects',
  fields: 'as hot-fields, with the fields that the specification names, by their heat',
};
const policies: Record<PolicyName, string> = {
  lru: 'least recently used',
  fifo: 'first in, first out',
  'least-recently-allocated': 'fifo under the name that AMD gives it; K6',
  random: 'drawn by the seed',
  'tree-plru': 'a tree of bits points away from the lines used; P6 and later',
  'tree-plru-invalid-first': 'the same, but ways without a line are filled first',
  'lru-of-tree-plru4': 'LRU among groups of four ways, tree-PLRU within each; 12 ways',
};
const protocolNames: Record<ProtocolName, string> = {
  mesi: 'Modified, Exclusive, Shared, Invalid: Intel, write-back',
  moesi: 'with Owned: a modified line is shared without going to memory; AMD since K7',
  'write-through': 'every store goes to the next level too; Pentium 4',
};

const kinds: Readonly<Record<string, Kind>> = {
  machines: { names: () => Object.keys(cpuModels).join(', '), show: listMachines },
  workloads: described(
    'workloads',
    Object.fromEntries([...workloads.values()].map(({ name, summary }) => [name, summary])),
  ),
  kernels: described('kernels', Object.fromEntries([...kernels.values()].map(({ name, summary }) => [name, summary]))),
  touch: described('touch', touch),
  policies: described('policies', policies),
  protocols: described('protocols', protocolNames),
};
export const listable = Object.keys(kinds);

/** Everything of one kind, or one by its name; all kinds where none is given. */
export function list(kind: string | undefined, name: string | undefined, json: boolean): string {
  if (kind !== undefined) return kinds[kind].show(name, json);
  const width = Math.max(...listable.map((each) => each.length));
  return listable.map((each) => `${each.padEnd(width)}  ${kinds[each].names()}`).join('\n');
}

const unknown = (kind: string, name: string, known: readonly string[]) =>
  new InputError(`list ${kind} ${name}`, 'no such name', `known are ${known.join(', ')}`);

/** All machines, or what is known of one. */
function listMachines(name: string | undefined, json: boolean): string {
  if (name === undefined) return json ? JSON.stringify(cpuModels, null, 2) : machinesTable(cpuModels);
  if (!(name in cpuModels)) throw unknown('machines', name, Object.keys(cpuModels));
  const model = cpuModels[name as CpuModelName];
  return json ? JSON.stringify(model, null, 2) : machineDetails(name, model);
}
