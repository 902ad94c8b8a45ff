/** How far an experiment is, as text for a terminal. */
import type { ShareStatus, Status } from '../lab/results/run-record.ts';
import { selectionOf } from '../lab/results/selection.ts';
import { thousands } from './figures.ts';
import { columns } from './text-table.ts';

export function statusText(status: Status, folder: string): string {
  const { name, command, points, done, shares, missing } = status;
  const all = `${name}: ${thousands(done)} of ${thousands(points)} points are computed, ${thousands(missing.length)} missing`;
  if (command === null) return `${all}; ${folder}/results.json has them`;
  const rows = shares.map((of) => [
    of.share === null ? 'all' : `${of.share.index} of ${of.share.of}`,
    `${thousands(of.done)} of ${thousands(of.points)}`,
    byText(of),
  ]);
  const again = `${command} --out ${folder}`;
  return [
    all,
    '',
    ...columns([['share', 'points', 'computed by'], ...rows], 3),
    '',
    ...(missing.length > 0 ? missingLines(status, again) : ['for tables, results.json and the picture:', `  ${again}`]),
  ].join('\n');
}

function byText({ run, points, done }: ShareStatus): string {
  if (run === null) return 'nobody yet';
  const { host, pid, job } = run.record;
  const who = `${job ?? `process ${pid}`} on ${host}`;
  if (done === points) return who;
  if (run.state === 'ended') return `${who}, which ended before that`;
  const heard = `heard of ${ageText(run.silentFor)} ago`;
  return run.state === 'running' ? `${who}: running, ${heard}` : `${who}: killed or cut off, ${heard}`;
}

function ageText(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 100 * 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** What is missing, and how to have computed what nobody computes. */
function missingLines({ missing, shares }: Status, again: string): string[] {
  const more = missing.length > 1 ? `, and ${thousands(missing.length - 1)} more` : '';
  const lines = [`missing: ${selectionOf(missing[0])}${more}`];
  const isRunning = ({ run }: ShareStatus) => run?.state === 'running';
  const left = shares.filter((of) => of.done < of.points && !isRunning(of)).flatMap(({ share }) => share ?? []);
  if (left.length === 0) {
    return shares.some(isRunning) ? lines : [...lines, 'nobody computes them:', `  ${again}`];
  }
  const numbers = left.map(({ index }) => index).join(',');
  const [which, share] = left.length > 1 ? ['shares', ''] : ['share', numbers];
  return [
    ...lines,
    `nobody computes ${which} ${numbers} now; unless queued (in Slurm with --array=${numbers}):`,
    `  ${again} --shard ${share}/${left[0].of}`,
  ];
}
