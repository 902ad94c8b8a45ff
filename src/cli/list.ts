/** `slabscope list`: what an experiment may name. */
import { type CpuModelName, cpuModels } from '../hw/cpu-models.ts';
import { InputError } from '../hw/input-error.ts';
import { machineDetails, machinesTable } from '../report/machines-table.ts';

/** All machines, or what is known of one. */
export function listMachines(name: string | undefined, json: boolean): string {
  if (name === undefined) return json ? JSON.stringify(cpuModels, null, 2) : machinesTable(cpuModels);
  if (!(name in cpuModels)) {
    throw new InputError(`list machines ${name}`, 'no such machine', `known are ${Object.keys(cpuModels).join(', ')}`);
  }
  const model = cpuModels[name as CpuModelName];
  return json ? JSON.stringify(model, null, 2) : machineDetails(name, model);
}
