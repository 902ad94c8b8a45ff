/** A workload or a kernel as text for a terminal: all that a specification must know of it. */
import type { ParameterFacts, WorkloadDefinition } from '../lab/workloads/workload.ts';
import type { Features } from '../slab/kernel-facts.ts';
import type { KernelVersion } from '../slab/kernel-version.ts';
import { columns } from './text-table.ts';

const headed = (name: string, summary: string, rows: readonly (readonly string[])[]) =>
  [
    `${name}: ${summary}`,
    ...columns(
      rows.map(([first, ...rest]) => [`  ${first}`, ...rest]),
      9,
    ),
  ].join('\n');

export function workloadDetails(of: WorkloadDefinition, parameters: readonly ParameterFacts[]): string {
  const { name, summary, cache, uses, cpus } = of;
  const given = parameters.map((parameter) => [
    parameter.name,
    parameter.default === null ? '' : String(parameter.default),
    parameter.values ?? '',
    parameter.description,
  ]);
  return [
    headed(name, summary, [['parameter', 'default', 'from', 'what it is'], ...given]),
    cache === null
      ? '  caches: those of the trace, under the names that results.json has for them'
      : `  cache: ${cache.name}, with objects of ${cache.size} bytes${uses.includes('object_size') ? ' unless object_size says otherwise' : ''}`,
    `  keys beside the parameters: ${uses.join(', ')}`,
    ...(cpus > 1 ? [`  needs machine.cpus ${cpus} or more`] : []),
  ].join('\n');
}

const yesOrNo = (answer: boolean) => (answer ? 'yes' : 'no');
const arrays: Record<Features['cpuArrays'], string> = {
  none: 'none',
  smp: 'of builds with SMP',
  always: 'of every build',
};

export function kernelDetails({ name, summary, features, limits }: KernelVersion): string {
  return headed(name, summary, [
    ['colours', yesOrNo(features.colouring)],
    ['arrays of each CPU', arrays[features.cpuArrays]],
    ['arrays that CPUs share', yesOrNo(features.sharedArrays)],
    ['alignment', features.alignment === 'flag' ? 'word, or by SLAB_HWCACHE_ALIGN' : 'to any number of bytes'],
    ['NUMA nodes', yesOrNo(features.nodes)],
    ['debug', yesOrNo(features.debug)],
    ['objects', `${limits.smallestObject} to ${limits.largestObject} bytes`],
    ['names of caches', limits.longestName === Infinity ? 'of any length' : `up to ${limits.longestName} characters`],
  ]);
}
