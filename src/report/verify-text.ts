/** What `verify` prints: a line a case, tables of accesses and misses over all cases, and the count at the end. */
import type { CaseOutcome, MissSummary, TouchShare, TouchSummary } from '../lab/verify/outcome.ts';

/** A case in a line, with its first difference. */
export const describeOutcome = (outcome: CaseOutcome): string => withDetails(outcome, briefly(outcome), []);

/** All cases together: what was compared by kind of operation, and by cache. */
export function describeTogether(outcome: CaseOutcome): string {
  const { touch, misses = [] } = outcome;
  return withDetails(outcome, '', [...(touch === undefined ? [] : touchLines(touch)), ...misses.map(missLine)]);
}

/** How many cases passed, failed and were skipped. */
export function describeCount(outcomes: readonly CaseOutcome[]): string {
  const skipped = outcomes.filter((outcome) => outcome.skipped !== null).length;
  const failed = outcomes.filter(({ differences }) => differences > 0).length;
  return `${outcomes.length - skipped - failed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function withDetails(outcome: CaseOutcome, brief: string, lines: readonly string[]): string {
  const { name, compared, unit, differences, first, skipped } = outcome;
  if (skipped !== null) return `skipped  ${name}: ${skipped}`;
  const more = lines.map((line) => `\n  ${line}`).join('');
  if (first === null) return `passed   ${name}: ${compared} ${unit}${brief}${more}`;
  return [
    `FAILED   ${name}: ${differences} of ${compared} ${unit} differ; first ${first.where}${brief}${more}`,
    `  expected ${JSON.stringify(first.expected)}`,
    `  got      ${JSON.stringify(first.got)}`,
  ].join('\n');
}

function briefly({ touch, misses }: CaseOutcome): string {
  if (touch !== undefined) {
    const { inOrder, operations, recorded, ours } = together(touch.shares);
    return (
      `; ${percentOf(inOrder, operations)} one by one in order${ratio(ours, recorded)}, ` +
      `${percentOf(touch.equalWords, touch.operations)} with the same words`
    );
  }
  if (misses === undefined) return '';
  const apart = misses.filter(isApart).map(missLine);
  return `; ${apart.length === 0 ? `the same misses in ${misses.length} caches` : apart.join('; ')}`;
}

/** By kind of operation the share in order, and the emulator's accesses to one recorded. */
function touchLines({ shares, operations, equalWords, differences }: TouchSummary): string[] {
  const barred = shares.filter(({ bar }) => bar !== 'none');
  const all = barred.length > 1 ? [{ kind: 'all but debug builds', ...together(barred) }] : [];
  const width = Math.max(...[...shares, ...all].map(({ kind }) => kind.length));
  const line = ({ kind, inOrder, ...share }: Omit<TouchShare, 'bar'>) =>
    `${kind.padEnd(width)} ${percentOf(inOrder, share.operations).padStart(9)} of ` +
    `${String(share.operations).padStart(5)} one by one in order${ratio(share.ours, share.recorded)}`;
  return [
    ...[...shares, ...all].map(line),
    `the same words read and written: ${percentOf(equalWords, operations)}`,
    ...differences.slice(0, 5).map(({ what, count }) => `${count} x ${what}`),
  ];
}

function together(shares: readonly TouchShare[]): Omit<TouchShare, 'kind' | 'bar'> {
  const sum = (count: 'operations' | 'inOrder' | 'recorded' | 'ours') =>
    shares.reduce((total, share) => total + share[count], 0);
  return { operations: sum('operations'), inOrder: sum('inOrder'), recorded: sum('recorded'), ours: sum('ours') };
}

const isApart = ({ classes }: MissSummary) =>
  classes.some(({ recorded, ours, byOperation }) => recorded !== ours || byOperation > 0);

function missLine(summary: MissSummary): string {
  const sum = (count: 'recorded' | 'ours') => summary.classes.reduce((total, each) => total + each[count], 0);
  const whole = `${summary.cache}: ${sum('recorded')} misses recorded, ${sum('ours')} here`;
  if (!isApart(summary)) return `${whole}, the same in every class and operation`;
  const apart = summary.classes
    .filter(({ recorded, ours, byOperation }) => recorded !== ours || byOperation > 0)
    .map((each) => `${each.missClass} ${each.recorded} and ${each.ours}, ${each.byOperation} by operation`);
  return `${whole}, apart: ${apart.join('; ')}`;
}

const percentOf = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`;
const ratio = (ours: number, recorded: number) =>
  recorded === 0 ? '' : `, accesses x ${(ours / recorded).toFixed(4)}`;
