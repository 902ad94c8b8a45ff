/** Linux 2.6.17: its row in the table of recordings. */
import type { Field, Recordings } from '../recording.ts';
import { looksLikeGeometry, verifyGeometry } from './geometry.ts';
import { looksLikeLayouts, verifyLayouts } from './layouts.ts';
import { type CaseHeader, caseHeader } from './machine.ts';
import { operations } from './operations.ts';
import { leaksTold, masked, maskedBytes, Replay2617 } from './replay.ts';
import { verifyDump } from './slabinfo.ts';
import { whetherSet } from './snapshots.ts';

export const recordings2617: Recordings<CaseHeader, Replay2617> = {
  version: '2.6.17',
  allocator: /^Linux 2\.6\.17-git /,
  number: 'n',
  header: caseHeader,
  lacks: ({ arch }) =>
    arch === 'i386' ? null : `no machine has CPUs of ${arch} yet: of them layouts and geometry alone`,
  operations,
  start: (header) => new Replay2617(header),
  told: (results) => {
    const isStatic = results.some(([field, value]) => field === 'cache' && value === 'cache_cache+0x0');
    return results.map(
      ([field, value]): Field => [field, isStatic && field === 'nodes' ? withoutTimes(value) : told(field, value)],
    );
  },
  documents: [
    { name: 'geometry.csv', recognises: looksLikeGeometry, verify: verifyGeometry },
    { name: 'geometry_other_builds.csv', recognises: looksLikeGeometry, verify: verifyGeometry },
    { name: 'layouts.json', recognises: looksLikeLayouts, verify: verifyLayouts },
  ],
  slabinfo: /^2\.[01]$/,
  verifyDump,
};

/** Log levels are not kept here, and code has no addresses. */
function told(field: string, value: unknown): unknown {
  if (field === 'printk') return (value as string[]).map((line) => masked(line.replace(/^<\d>/, '')));
  if (field === 'text' && !(value as string).startsWith('slabinfo')) return leaksTold(value as string);
  return field === 'hex' ? maskedBytes(value as string) : value;
}

/** Of cache_cache next_reap follows the address of a static, the recording build's. */
function withoutTimes(nodes: unknown): unknown {
  return (nodes as ({ next_reap: number } | null)[]).map(
    (node) => node && { ...node, next_reap: whetherSet(node.next_reap) },
  );
}
