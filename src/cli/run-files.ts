/** Files in which runs tell of themselves, one a share: written as a run begins and ends, touched while it lives. */
import { readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import type { Identity } from '../lab/results/results.ts';
import { checkedRunRecord, type RunRecord, runsOf, type ToldRun } from '../lab/results/run-record.ts';
import { writeWhole } from './files.ts';
import { runFileOf } from './shard.ts';

/** Milliseconds. File systems that nodes share may show a touch late, and clocks differ. */
const TOUCHED_EVERY = 10_000;
const SILENT_AFTER = 120_000;

export function thisProcess(): Pick<RunRecord, 'host' | 'pid' | 'job'> {
  const { env, pid } = process;
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task } = env;
  const slurm = array === undefined ? env.SLURM_JOB_ID : `${array}_${task}`;
  return { host: hostname(), pid, job: slurm === undefined ? null : `Slurm ${slurm}` };
}

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
      if (isOfThisProcess(readRecord(path))) write({ ...record, ended: true });
    } catch {
      // It is forgotten already; or the disk is full, and status will take it for killed.
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

const isOfThisProcess = ({ host, pid }: RunRecord) => host === hostname() && pid === process.pid;

/** The runs that told of themselves in a folder, the one heard of last first; `wrong` is told of what is no record. */
export function runsIn(folder: string, wrong: (error: InputError) => void): ToldRun[] {
  const files = readdirSync(folder).filter((name) => /^run(\.\d+-of-\d+)?\.json$/.test(name));
  const runs = files.flatMap((name): ToldRun[] => {
    const path = join(folder, name);
    try {
      const record = readRecord(path);
      const silent = Math.max(0, Date.now() - statSync(path).mtimeMs);
      return [{ record, state: stateOf(record, silent), silentFor: silent / 1000 }];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      wrong(error);
      return [];
    }
  });
  return runs.sort((a, b) => a.silentFor - b.silentFor);
}

function stateOf({ ended, host, pid }: RunRecord, silent: number): ToldRun['state'] {
  if (ended) return 'ended';
  const isGone = host === hostname() && !existsProcess(pid);
  return isGone || silent > SILENT_AFTER ? 'killed' : 'running';
}

/** There are results, and nothing more to tell: takes away what runs told that do not go on. */
export function forgetRuns(folder: string, identity: Identity): void {
  for (const { record, state } of runsOf(
    identity,
    runsIn(folder, () => {}),
  )) {
    if (state === 'running' && !isOfThisProcess(record)) continue;
    rmSync(join(folder, runFileOf(record.share)), { force: true });
  }
}

function existsProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
