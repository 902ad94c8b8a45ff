/** Builds recorders/ and the program that its tests record; tells what is missing for that. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const recorders = new URL('../../recorders/', import.meta.url).pathname;

const outputOf = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';

function missing(programs: readonly string[]): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `${process.platform} on ${process.arch}`;
  const absent = programs.filter((program) => outputOf(program, '--version') === '');
  if (absent.length > 0) return `no ${absent.join(', ')}`;
  if (!/glibc|gnu libc/i.test(outputOf('ldd', '--version'))) return 'no glibc';
  if (programs.includes('qemu-x86_64') && !outputOf('qemu-x86_64', '--help').includes('-plugin')) {
    return 'a qemu-x86_64 without plugins';
  }
  return undefined;
}

/** Whether tests are to be skipped here, and why, for their names. */
export function without(...programs: string[]): { skip: boolean; why: string } {
  const reason = missing(programs);
  return reason === undefined ? { skip: false, why: '' } : { skip: true, why: ` (skipped: ${reason})` };
}

export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'slabscope-recorders-'));

  file(name: string): string {
    return join(this.#folder, name);
  }

  start(program: string, args: readonly string[], environment: Record<string, string> = {}) {
    const env = { ...process.env, ...environment };
    return spawnSync(program, args, { cwd: this.#folder, env, encoding: 'utf8', timeout: 60_000 });
  }

  /** The same of what must succeed: what it says on stderr. */
  run(program: string, args: readonly string[], environment: Record<string, string> = {}): string {
    const { status, error, stderr } = this.start(program, args, environment);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? stderr}`);
    return stderr;
  }

  /** The program in known.c, and parts of recorders/. */
  build(...parts: string[]): void {
    this.run('gcc', ['-O1', '-pthread', '-o', this.file('known'), join(import.meta.dirname, 'known.c')]);
    execFileSync('make', ['-s', '-C', recorders, `OUT=${this.#folder}`, ...parts.map((part) => this.file(part))]);
  }

  /** The path of the packed trace of the known program, and what plugin and packer said. */
  recordTouches(...options: string[]): { trace: string; said: string } {
    const plugin = [this.file('touch-plugin.so'), `out=${this.file('recording')}`, ...options].join(',');
    const preload = `LD_PRELOAD=${this.file('touch-shim.so')}`;
    const trace = this.file('known.gz');
    const said = this.run('qemu-x86_64', ['-E', preload, '-plugin', plugin, this.file('known')]);
    return { trace, said: said + this.run('node', [join(recorders, 'pack.mjs'), this.file('recording'), '-o', trace]) };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
