/** `--shard i/n`, or what a batch engine's environment says: which share of the points is this process's own. */
import { InputError } from '../base/input-error.ts';
import type { Share } from '../lab/results/run-record.ts';

export interface Shard extends Share {
  /** Who said so. */
  readonly source: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `text` is i/n, or /n with i from the environment. Without it both come from the environment of a Slurm array job or of a
 * Kubernetes job in Indexed mode. Null: all points, since there is no environment that says so, or one share is the whole.
 *
 * A Slurm task is told the ends of its array and how many tasks it has, but not which; so without n its share is its place in an
 * array without gaps, and with n the share is the task's own number, whatever other tasks the array has.
 */
export function shardFrom(text: string | undefined, environment: Environment): Shard | null {
  const match = /^(\d{0,6})\/(\d{1,6})$/.exec(text ?? '/0');
  if (match === null) throw new InputError('--shard', `${text} is no share`, 'write i/n, as 2/8, or /n');
  const batch = match[1] === '' ? taskOf(environment, text !== undefined) : null;
  const of = text === undefined ? batch?.of : Number(match[2]);
  if (match[1] !== '') return checked({ index: Number(match[1]), of: of!, source: '--shard' });
  if (batch !== null && of === undefined) {
    throw new InputError(
      batch.source,
      'set, but not how many tasks there are',
      'add --shard /N with spec.completions for N, or set JOB_COMPLETIONS to it; --shard 1/1 takes all points',
    );
  }
  if (batch !== null) return checked({ index: batch.index, of: of!, source: batch.source });
  if (text === undefined) return null;
  throw new InputError(
    '--shard',
    `${text} leaves the share to the environment, which tells none`,
    'write i/n, or run under SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX',
  );
}

interface Task {
  /** From 1. */
  readonly index: number;
  readonly of: number | undefined;
  readonly source: string;
}

function taskOf(environment: Environment, ofIsSaid: boolean): Task | null {
  const number = (name: string): number | undefined => {
    const text = environment[name];
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,9}$/.test(text)) throw new InputError(name, `${text} is no whole number`, 'unset it, or mend it');
    return Number(text);
  };
  const slurm = number('SLURM_ARRAY_TASK_ID');
  if (slurm !== undefined) {
    const first = number('SLURM_ARRAY_TASK_MIN') ?? 0;
    const last = number('SLURM_ARRAY_TASK_MAX');
    const step = Math.max(1, number('SLURM_ARRAY_TASK_STEP') ?? 1);
    const of = number('SLURM_ARRAY_TASK_COUNT');
    if (ofIsSaid) {
      if (first > 0) return { index: slurm, of, source: 'SLURM_ARRAY_TASK_ID' };
      throw new InputError(
        'SLURM_ARRAY_TASK_ID',
        'with --shard /N tasks are numbered as shares, from 1',
        'submit --array=1-N',
      );
    }
    const index = (slurm - first) / step + 1;
    const gaps = of !== undefined && last !== undefined && (last - first) / step + 1 !== of;
    if (gaps || !Number.isInteger(index)) {
      throw new InputError(
        'SLURM_ARRAY_TASK_ID',
        'an array with gaps numbers no shares',
        'add --shard /N: then the number of a task is its share; or submit --array=1-N',
      );
    }
    return { index, of, source: 'SLURM_ARRAY_TASK_ID' };
  }
  const kubernetes = number('JOB_COMPLETION_INDEX');
  if (kubernetes === undefined) return null;
  return { index: kubernetes + 1, of: number('JOB_COMPLETIONS'), source: 'JOB_COMPLETION_INDEX' };
}

function checked(shard: Shard): Shard | null {
  const { index, of, source } = shard;
  if (index < 1 || index > of) {
    throw new InputError(source, `there is no share ${index} of ${of}`, `shares are numbered from 1 to ${of}`);
  }
  return of === 1 ? null : shard;
}

/** Each share writes files of its own, so that shares may run at the same time in one folder. */
export const storeFileOf = (share: Share | null): string => `points${suffixOf(share)}.jsonl`;
export const runFileOf = (share: Share | null): string => `run${suffixOf(share)}.json`;
const suffixOf = (share: Share | null) => (share === null ? '' : `.${share.index}-of-${share.of}`);
