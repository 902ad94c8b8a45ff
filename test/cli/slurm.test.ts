/** The recipe of docs/results.md for Slurm, on a real one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Status } from '../../src/lab/results/run-record.ts';
import { COMMAND } from '../command-build.ts';
import { slabscope } from './slabscope.ts';
import { Slurm, whyNoSlurm } from './slurm.ts';
import { smallExperiment } from './small-experiment.ts';

const reason = whyNoSlurm();

describe.skipIf(reason !== null)(`shares as tasks of a Slurm array${reason === null ? '' : ` (${reason})`}`, () => {
  const root = new URL('../..', import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), 'slabscope-slurm-'));
  const SEEDS = 16;
  const POINTS = 4 * SEEDS;
  let slurm: Slurm;
  let specification: string;

  beforeAll(async () => {
    specification = smallExperiment(folder, SEEDS);
    slurm = await Slurm.start(mkdtempSync(join(folder, 'cluster-')));
    const { status } = await run('whole', '--workers', '1');
    expect(status).toBe(0);
  }, 120_000);
  afterAll(async () => {
    await slurm?.stop();
    rmSync(folder, { recursive: true });
  });

  const run = (out: string, ...args: string[]) => slabscope('run', specification, '--out', join(folder, out), ...args);
  const read = (...names: string[]) => readFileSync(join(folder, ...names), 'utf8');
  const linesOf = (out: string, share: number): string[] => {
    const store = join(out, `points.${share}-of-4.jsonl`);
    return existsSync(join(folder, store)) ? read(store).split('\n').slice(0, -1) : [];
  };
  /** The job's number, and where its tasks print. */
  const submit = (out: string, array: string) =>
    slurm.submit(
      `node ${COMMAND} run ${specification} --shard /4 --workers 1 --out ${join(folder, out)}`,
      ...[`--array=${array}`, '--requeue', '--open-mode=append', '--chdir', root, '--output'],
      join(folder, `${out}.%a`),
    );
  const whoComputes = async (out: string) => {
    const { status, stdout } = await slabscope('status', join(folder, out), '--json');
    const { shares } = JSON.parse(stdout) as Status;
    return { status, shares: shares.map(({ points, done, run }) => [points, done, run?.state ?? null]) };
  };

  test('a task that is killed and requeued goes on where it was, within an array with a limit', async () => {
    const job = submit('requeued', '1-4%2');
    await slurm.until(() => linesOf('requeued', 2).length >= 3);
    slurm.do('scontrol', 'requeue', `${job}_2`);
    await slurm.until(() => read('requeued.2').includes('SIGTERM'));
    const kept = linesOf('requeued', 2).length;
    expect(kept).toBeLessThan(POINTS / 4);
    // Slurm would let it wait for two minutes.
    await slurm.until(() => slurm.do('squeue', '-h', '-j', `${job}_2`, '-o', '%t') === 'PD');
    slurm.do('scontrol', 'update', `JobId=${job}_2`, 'StartTime=now');
    await slurm.until(() => slurm.isIdle());
    expect(read('requeued.2')).toContain(`${kept} of ${POINTS / 4} points found`);
    const stored = [1, 2, 3, 4].map((share) => linesOf('requeued', share).length);
    expect(stored).toEqual([16, 16, 16, 16]); // none of them twice
    expect(await whoComputes('requeued')).toEqual({ status: 0, shares: Array(4).fill([16, 16, 'ended']) });

    const merged = await run('requeued');
    expect([merged.status, merged.stderr]).toEqual([0, expect.stringContaining(`${POINTS} of ${POINTS} points found`)]);
    for (const name of ['results.json', 'small.svg']) expect(read('requeued', name)).toBe(read('whole', name));
  }, 300_000);

  test('an array with gaps computes the shares that it names; status tells the others', async () => {
    submit('gaps', '1,4');
    await slurm.until(() => slurm.isIdle());
    const nobody = [16, 0, null];
    const ended = [16, 16, 'ended'];
    expect(await whoComputes('gaps')).toEqual({ status: 1, shares: [ended, nobody, nobody, ended] });
    const { stdout } = await slabscope('status', join(folder, 'gaps'));
    expect(stdout).toContain('nobody computes shares 2,3 now; unless queued (in Slurm with --array=2,3):\n');

    submit('gaps', '2,3');
    await slurm.until(() => slurm.isIdle());
    expect(await whoComputes('gaps')).toEqual({ status: 0, shares: [ended, ended, ended, ended] });
  }, 300_000);
});
