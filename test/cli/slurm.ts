/** A Slurm of one node, this machine, in a folder of its own: munged, slurmctld, slurmd, no systemd and no cgroups. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Why there can be none here; null where there can. */
export function whyNoSlurm(): string | null {
  if (process.getuid?.() !== 0) return 'slurmd starts jobs as root alone';
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter((program) => !isInstalled(program));
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')} (Debian: slurm-wlm, munge)`;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export class Slurm {
  readonly #folder: string;
  readonly #daemons: ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes jobs when it resolves. */
  static async start(folder: string): Promise<Slurm> {
    const slurm = new Slurm(folder);
    const at = (name: string) => join(folder, name);
    for (const name of ['state', 'spool']) mkdirSync(at(name));
    writeFileSync(at('key'), 'k'.repeat(1024), { mode: 0o600 });
    const [node] = hostname().split('.');
    writeFileSync(
      at('slurm.conf'),
      `ClusterName=test
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${at('munge.socket')}
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('spool')}
SlurmctldPidFile=${at('slurmctld.pid')}
SlurmdPidFile=${at('slurmd.pid')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
KillWait=5
NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
    );
    const munge = [
      'key-file=key',
      'socket=munge.socket',
      'pid-file=munged.pid',
      'log-file=munged.log',
      'seed-file=seed',
    ];
    const options = munge.map((option) => `--${option.replace('=', `=${folder}/`)}`);
    slurm.#daemons.push(spawn('munged', ['--force', '--foreground', ...options]));
    for (const daemon of ['slurmctld', 'slurmd']) {
      slurm.#daemons.push(spawn(daemon, ['-D', '-f', at('slurm.conf')], { env: slurm.#environment }));
    }
    await slurm.until(() => slurm.do('sinfo', '-h', '-o', '%T') === 'idle');
    return slurm;
  }

  /** What a command of Slurm prints; null where it fails. */
  do(command: string, ...args: string[]): string | null {
    try {
      return String(execFileSync(command, args, { env: this.#environment, stdio: 'pipe' })).trim();
    } catch {
      return null;
    }
  }

  /** Submits a shell command, and tells the job's number. */
  submit(command: string, ...options: string[]): string {
    return this.do('sbatch', '--parsable', ...options, '--wrap', command)!;
  }

  isIdle(): boolean {
    return this.do('squeue', '-h') === '';
  }

  /** Polls; gives up with what the daemons logged. */
  async until(is: () => boolean, seconds = 90): Promise<void> {
    const end = Date.now() + 1000 * seconds;
    while (!is()) {
      if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${is}\n${this.do('squeue')}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(): Promise<void> {
    for (const daemon of this.#daemons.toReversed()) {
      const over = new Promise((resolve) => daemon.on('close', resolve));
      if (daemon.exitCode === null && daemon.kill()) await over;
    }
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, SLURM_CONF: join(this.#folder, 'slurm.conf') };
  }
}
