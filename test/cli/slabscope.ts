/** The command as a user has it: a process of its own. */
import { execFile } from 'node:child_process';

const root = new URL('../..', import.meta.url).pathname;

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function slabscope(...args: string[]): Promise<Outcome> {
  const options = { cwd: root, timeout: 30_000, maxBuffer: 1 << 24 };
  return new Promise((resolve) => {
    execFile('node', ['--import', 'tsx', 'src/cli/main.ts', ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? Number.NaN), stdout, stderr }),
    );
  });
}
