/** Linux 2.6.17's recordings: the row of this version. */
import type { ReplayFormat } from '../../verify-engine/recording.ts';
import { type CaseHeader, caseHeader } from './machine.ts';
import { operations } from './operations.ts';
import { leaksTold, masked, maskedBytes, Replay2617 } from './replay.ts';
import { whetherSet } from './snapshots.ts';

export const recordings2617: ReplayFormat<CaseHeader & { case: string }, Replay2617> = {
  version: '2.6.17',
  number: 'n',
  header: caseHeader.transform((header) => ({ ...header, cpus: header.possible_cpus, case: '' })) as never,
  operations,
  start: (header) => new Replay2617(header),
  /** Log levels are not kept here. */
  tells: (results) => {
    const isStatic = results.some(([field, value]) => field === 'cache' && value === 'cache_cache+0x0');
    return results.map(([field, value]) => [
      field,
      isStatic && field === 'nodes' ? toldNodes(value) : told(field, value),
    ]);
  },
};

function toldNodes(nodes: unknown): unknown {
  return (nodes as ({ next_reap: number } | null)[]).map(
    (node) => node && { ...node, next_reap: whetherSet(node.next_reap) },
  );
}

function told(field: string, value: unknown): unknown {
  if (field === 'printk') return (value as string[]).map((line) => masked(line.replace(/^<\d>/, '')));
  if (field === 'text' && !(value as string).startsWith('slabinfo')) return leaksTold(value as string);
  return field === 'hex' ? maskedBytes(value as string) : value;
}
