/** The command as a user has it: a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { COMMAND } from '../command-build.ts';

const root = new URL('../..', import.meta.url).pathname;

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function slabscope(...args: string[]): Promise<Outcome> {
  const options = { cwd: root, timeout: 30_000, maxBuffer: 1 << 24 };
  return new Promise((resolve) => {
    execFile('node', [COMMAND, ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? Number.NaN), stdout, stderr }),
    );
  });
}

/** The same, to be watched and stopped; extra variables of its environment. */
export function startSlabscope(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const env = { ...process.env, ...environment };
  return spawn('node', [COMMAND, ...args], { cwd: root, env });
}

/** What a started process printed, and how it ended. */
export function ended(child: ChildProcess): Promise<Outcome & { signal: string | null }> {
  const text = { stdout: '', stderr: '' };
  child.stdout!.on('data', (piece) => (text.stdout += String(piece)));
  child.stderr!.on('data', (piece) => (text.stderr += String(piece)));
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status: status ?? Number.NaN, signal, ...text }));
  });
}
