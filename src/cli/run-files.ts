/** Files in which runs tell of themselves, one a share: written as a run begins and ends, touched while it lives. */
import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { checkedRunRecord, type RunRecord, type ToldRun } from '../lab/results/run-record.ts';
import { writeWhole } from './files.ts';
import { runFileOf } from './shard.ts';

/** Milliseconds. File systems that nodes share may show a touch late, and clocks differ. */
const TOUCHED_EVERY = 10_000;
const SILENT_AFTER = 120_000;

export const thisProcess = ({ env, pid }: NodeJS.Process): Pick<RunRecord, 'host' | 'pid' | 'job'> => {
  const task = env.SLURM_ARRAY_JOB_ID === undefined ? '' : `${env.SLURM_ARRAY_JOB_ID}_${env.SLURM_ARRAY_TASK_ID}`;
  const slurm = task || env.SLURM_JOB_ID;
  return { host: hostname(), pid, job: slurm === undefined ? null : `Slurm ${slurm}` };
};

/** Tells of a run in `folder` from now until the process ends. */
export function tellOfRun(folder: string, record: RunRecord): void {
  const path = join(folder, runFileOf(record.share));
  const write = (told: RunRecord) => writeWhole(path, `${JSON.stringify(told, null, 2)}\n`);
  write(record);
  const touching = setInterval(() => touch(path), TOUCHED_EVERY);
  touching.unref();
  process.on('exit', () => {
    try {
      // Another process may have the share now, if this one was thought dead.
      const now = readRecord(path);
      if (now.host === record.host && now.pid === record.pid) write({ ...record, ended: true });
    } catch {
      // A run that is over has no other way to tell it; status will take it for killed.
    }
  });
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Whoever deletes the file, or the folder, wants to hear no more of this.
  }
}

/** Not by files.ts: what this process has read it may write over here, since it is its own. */
function readRecord(path: string): RunRecord {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    value = null;
  }
  return checkedRunRecord(value, path);
}

/** The runs that told of themselves in a folder, the one heard of last first. */
export function runsIn(folder: string): ToldRun[] {
  const files = readdirSync(folder).filter((name) => /^run(\.\d+-of-\d+)?\.json$/.test(name));
  const runs = files.map((name): ToldRun => {
    const path = join(folder, name);
    const record = readRecord(path);
    const silent = Math.max(0, Date.now() - statSync(path).mtimeMs);
    const isGone = record.host === hostname() && !existsProcess(record.pid);
    const state = record.ended ? 'ended' : isGone || silent > SILENT_AFTER ? 'killed' : 'running';
    return { record, state, silentFor: silent / 1000 };
  });
  return runs.sort((a, b) => a.silentFor - b.silentFor);
}

function existsProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
