/** How far an experiment is, as text for a terminal. */
import type { ShareStatus, Status } from '../lab/results/run-record.ts';
import { selectionOf } from '../lab/results/selection.ts';
import { thousands } from './figures.ts';
import { columns } from './text-table.ts';

export function statusText(status: Status, folder: string): string {
  const { name, command, points, done, shares, missing } = status;
  const rows = shares.map((of) => [
    of.share === null ? 'all' : `${of.share.index} of ${of.share.of}`,
    `${thousands(of.done)} of ${thousands(of.points)}`,
    byText(of),
  ]);
  return [
    `${name}: ${thousands(done)} of ${thousands(points)} points are computed, ${thousands(missing.length)} missing`,
    '',
    ...columns([['share', 'points', 'computed by'], ...rows], 3),
    '',
    ...(missing.length > 0
      ? missingLines(status, folder)
      : ['for tables, results.json and the picture:', `  ${command} --out ${folder}`]),
  ].join('\n');
}

function byText({ run, points, done }: ShareStatus): string {
  if (run === null) return 'nobody yet';
  const { host, pid, job } = run.record;
  const who = `${job ?? `process ${pid}`} on ${host}`;
  if (run.state === 'ended') return done === points ? who : `${who}, which ended before that`;
  const heard = `heard of ${ageText(run.silentFor)} ago`;
  return run.state === 'running' ? `${who}: running, ${heard}` : `${who}: killed or cut off, ${heard}`;
}

function ageText(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 100 * 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** What is missing, and how to have computed what nobody computes. */
function missingLines({ missing, shares, command }: Status, folder: string): string[] {
  const more = missing.length > 1 ? `, and ${thousands(missing.length - 1)} more` : '';
  const lines = [`missing: ${selectionOf(missing[0])}${more}`];
  const isRunning = ({ run }: ShareStatus) => run?.state === 'running';
  const left = shares.filter((of) => of.done < of.points && !isRunning(of)).flatMap(({ share }) => share ?? []);
  if (left.length === 0) {
    return shares.some(isRunning) ? lines : [...lines, 'nobody computes them:', `  ${command} --out ${folder}`];
  }
  const numbers = left.map(({ index }) => index).join(',');
  const [which, share] = left.length > 1 ? ['shares', ''] : ['share', numbers];
  return [
    ...lines,
    `nobody computes ${which} ${numbers} now; unless queued (in Slurm with --array=${numbers}):`,
    `  ${command} --out ${folder} --shard ${share}/${left[0].of}`,
  ];
}
