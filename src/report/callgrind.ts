/**
 * Misses in the callgrind format (valgrind's manual, "Callgrind Format Specification"), for KCachegrind and callgrind_annotate:
 * each function calls what it missed, so what was missed has misses of its own, and functions have them inclusive. As "source
 * file" of what was missed stands the cache or structure, as "ELF object" the kind of memory.
 */
import { groupBy } from '../base/group-by.ts';
import type { ClassedMisses } from '../lab/results/counts.ts';
import type { FunctionMisses, Owner } from '../lab/results/owners.ts';

const events = [
  ['Misses', 'L1 data misses', 'misses'],
  ['Cold', 'cold misses', 'cold'],
  ['Capacity', 'capacity misses', 'capacity'],
  ['Conflict', 'conflict misses', 'conflict'],
  ['TrueSharing', 'true sharing misses', 'trueSharing'],
  ['FalseSharing', 'false sharing misses', 'falseSharing'],
  ['HITM', 'misses that found the line modified elsewhere', 'hitm'],
] as const satisfies readonly (readonly [event: string, text: string, figure: keyof ClassedMisses | 'hitm'])[];

export function callgrindText(misses: readonly FunctionMisses[], command: string, creator: string): string {
  const lines = [
    ...['# callgrind format', 'version: 1', `creator: ${creator}`, `cmd: ${command}`, 'part: 1', 'positions: line'],
    ...events.map(([event, text]) => `event: ${event} : ${text}`),
    `events: ${events.map(([event]) => event).join(' ')}`,
    `summary: ${costs(misses)}`,
  ];
  for (const [name, group] of groupBy(misses, ({ owner }) => owner.name)) {
    lines.push('', ...placeOf('', group[0].owner), `fn=${name}`, `0 ${costs(group)}`);
  }
  for (const [fn, group] of groupBy(misses, (of) => of.fn)) {
    const isStep = fn.startsWith('(');
    // A name in parentheses would be taken for a number that stands for one.
    lines.push('', 'ob=code', `fl=${isStep ? 'workload' : 'kernel'}`, `fn=${fn.replace(/^\((.*)\)$/, 'workload: $1')}`);
    for (const each of group) {
      lines.push(...placeOf('c', each.owner), `cfn=${each.owner.name}`, `calls=${each.misses} 0`, `0 ${costs([each])}`);
    }
  }
  return `${lines.join('\n')}\n\ntotals: ${costs(misses)}\n`;
}

/** Of a kernel structure its name, of all others whose they are. */
function placeOf(prefix: '' | 'c', { kind, field, of }: Owner): string[] {
  const file = kind === 'object' ? of : field.replace(/[.[].*/, '');
  return [`${prefix}ob=${kind}`, `${prefix}fl=${file}`];
}

const costs = (misses: readonly FunctionMisses[]): string =>
  events.map(([, , figure]) => misses.reduce((sum, each) => sum + each[figure], 0)).join(' ');
