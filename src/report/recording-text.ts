/** What recording a point came to, as text for a terminal. */
import type { Recording } from '../lab/experiment/record.ts';
import { selectionOf } from '../lab/results/selection.ts';
import { thousands } from './figures.ts';
import { columns } from './text-table.ts';

/** `command` puts the file through slabscope's own simulator. */
export function recordingText(experiment: string, file: string, recording: Recording, command: string): string {
  const { point, counts, accesses, warmUp, prefetches } = recording;
  const brought = prefetches.leftOutThatBroughtLines;
  const figures = Object.entries(counts).map(([count, value]) => [`  ${count}`, thousands(value)]);
  return [
    `${experiment}: ${selectionOf(point)}`,
    `${file}: ${thousands(accesses)} accesses; the first ${thousands(warmUp)} (boot, ageing, caches created) warm the caches`,
    '',
    'counts from there on, as in results.json',
    ...columns(figures, 1),
    '',
    `prefetches: ${thousands(prefetches.leftOut)} left out, ${brought === 0 ? 'which brought no line' : `of which ${thousands(brought)} brought a line`}` +
      `; ${thousands(prefetches.writtenAsReads)} that warm the caches stand as reads`,
    brought === 0 ? 'the same counts, from the recording:' : 'the counts without those prefetches, from the recording:',
    `  ${command}`,
  ].join('\n');
}
