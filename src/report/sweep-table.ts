/** Miss ratios of caches of all sizes, as text for a terminal. */
import type { SweepReport } from '../lab/caches/cache-report.ts';
import { factLines, traceFacts } from './cache-table.ts';
import { sizeText, thousands, wordsOf, wrap } from './figures.ts';
import { curvesOf, enoughText, shownSizes } from './sweep-curves.ts';
import { columns } from './text-table.ts';

export function sweepTable(report: SweepReport): string {
  const { accesses, lineAccesses, line, cpus, unboundedMisses } = report;
  const percent = (misses: number) => ((100 * misses) / lineAccesses).toFixed(3);
  const curves = curvesOf(report);
  const facts = factLines([
    ...traceFacts(report, accesses),
    ['caches', `LRU, ${cpus === 1 ? '' : 'one a CPU, '}lines of ${line} bytes; write-back, write-allocate`],
    ['misses', `in % of ${thousands(lineAccesses)} line accesses; ${percent(unboundedMisses)} % without bounds`],
    ['enough', 'for no more than 1 % beyond that:'],
    ...wrap(wordsOf(enoughText(curves, unboundedMisses)), (text) => text.length <= 70).map(
      (text) => ['', text] as const,
    ),
  ]);
  const rows = shownSizes(report).map((size) => [
    sizeText(size),
    ...curves.map(({ missesAt }) => (missesAt.has(size) ? percent(missesAt.get(size)!) : '')),
  ]);
  const table = columns([['', ...curves.map(({ name }) => name)], ...rows], 0);
  return `${facts.join('\n')}\n\n${table.join('\n')}\n`;
}
