/** `slabscope init [FILE]`: a specification to start from, with every key and what it means. */
import { existsSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../base/input-error.ts';
import { writeText } from './files.ts';

const example = fileURLToPath(new URL('../../examples/tar-extract.ftrace.txt.gz', import.meta.url));

export function init(path: string, { json }: { json?: boolean }, print: (line: string) => void): void {
  if (existsSync(path)) throw new InputError(path, 'exists already', 'name a file that does not, or remove it');
  const name = basename(path)
    .replace(/\.ya?ml$/, '')
    .replace(/[^\w.-]/g, '-');
  writeText(path, template(name, relative(dirname(resolve(path)), example)));
  print(
    json === true ? JSON.stringify({ file: path }, null, 2) : `written: ${path}; edit it, then: slabscope run ${path}`,
  );
}

/** Values in double quotes, as JSON has them, are YAML whatever they hold. */
const template = (name: string, trace: string) => `\
# An experiment: what varies, on which machine, under which kernel. docs/specification.md has all keys.
# A list in place of a value makes an axis: every combination of the lists runs under each seed.

name: ${JSON.stringify(name)} # names the files of the results
workload:
  name: replay # slabscope list workloads; docs/workloads.md has their parameters
  trace: ${JSON.stringify(trace)} # your own: ftrace or perf script text of kmem events, or a malloc trace

machine:
  model: pentium-iii # slabscope list machines; a list, as [pentium-iii, skylake], compares them
  cpus: 2 # 1 to 8
  memory: 64M
kernel:
  version: 2.4.22
  l1_cache_bytes: model # the line that the kernel was built for: the model's; or 16, 32, 64, 128

placement: thread # each thread on a CPU drawn by the seed; or trace: the recorded CPU
touch: [init-all, init-head, hot-fields] # what is read and written of objects: slabscope list touch
alignment: [word, line-fraction] # of objects; also whole-line
colouring: [on, off]

seeds: 6 # fewer give no interval worth the name
seed: slabscope # all randomness comes from it
`;
