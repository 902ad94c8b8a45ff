/** `slabscope init [FILE]`: a specification to start from, with every key and what it means. */
import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { nameOf } from './experiment.ts';
import { writeWhole } from './files.ts';
import { shippedFile } from './shipped.ts';

const example = shippedFile('examples/tar-extract.ftrace.txt.gz');

export function init(path: string, { json }: { json?: boolean }, print: (line: string) => void): void {
  if (existsSync(path)) throw new InputError(path, 'exists already', 'name a file that does not, or remove it');
  const name = nameOf(path.replace(/\.ya?ml$/, ''));
  writeWhole(path, template(name, relative(dirname(resolve(path)), example)));
  print(
    json === true ? JSON.stringify({ file: path }, null, 2) : `written: ${path}; edit it, then: slabscope run ${path}`,
  );
}

/** Values in double quotes, as JSON has them, are YAML whatever they hold. What is behind a `#` without a blank may be used. */
export const template = (name: string, trace: string) => `\
# An experiment: what varies, on which machine, under which kernel. docs/specification.md has all keys.
# A list in place of a value makes an axis: every combination of the lists runs under each seed.
# A line that begins with #key: is what holds if nothing is said, or an example; take the # away to change it.

name: ${JSON.stringify(name)} # names the files of the results
workload:
  name: replay # slabscope list workloads; docs/workloads.md has their parameters
  trace: ${JSON.stringify(trace)} # your own: ftrace or perf script text of kmem events, a malloc trace, a touch trace

machine:
  model: pentium-iii # slabscope list machines; a list, as [pentium-iii, skylake], compares them
  #model: # or written out
  #  name: mine
  #  mhz: 1000
  #  l1: { size: 32K, ways: 8, line: 64, policy: tree-plru } # slabscope list policies
  #  protocol: mesi # slabscope list protocols
  #  l2: { size: 1M, ways: 16, policy: lru, shared: false, inclusion: neither } # without it: no second level
  #  cycles: { l1: 4, l2: 14, memory: 250, transfer: 90, locked: 20, pause: 4, ipi: 300, interrupt: 150 }
  cpus: 2 # 1 to 32
  memory: 64M
  #nodes: 2 # NUMA nodes, under a kernel that knows them; without it one
  #remote_cycles: model # what another node's memory costs beyond one's own: two thirds of memory, or cycles
kernel:
  version: 2.4.22 # slabscope list kernels; 2.4.0, 2.6.17-g4776874
  l1_cache_bytes: model # the line that the kernel was built for: the model's; or 16, 32, 64, 128
  #smp: on # off: CONFIG_SMP left out, for a machine of one CPU
  #numa: on # off: a kernel that ignores the nodes
  #debug: off # on: CONFIG_DEBUG_SLAB

placement: thread # each thread on a CPU drawn by the seed; or trace: the recorded CPU
touch: [init-all, init-head, hot-fields] # what is read and written of objects: slabscope list touch; recorded, of a touch trace
alignment: [word, line-fraction] # of objects; also whole-line, or bytes
colouring: [on, off] # or a number of colours

#object_size: 128 # bytes, instead of the workload's own; not for replay, whose trace tells
#limit: 60 # objects in the per-CPU arrays of the workload's caches, instead of the kernel's choice; 0: no arrays
#batchcount: 30 # objects moved at a time
#shared: 8 # batches in the arrays that CPUs share, in 2.6; 0: none
#ageing: 0.125 # share of the free pages that is taken before
#history: established # a system that has run for a while, drawn by the seed; or fresh: nothing but a boot
#interference: 0 # percent of the L1 that user mode evicts before each operation
#interference: { share: 25, footprint: 256K } # of that much memory, so that it presses on the second level too
#interrupts: off # or cycles between timer interrupts on each CPU
#think: 0 # cycles that a task does nothing before each operation: on average, drawn by the seed
#fields: # for the touch model fields, and for reports
#  filp:
#    - { name: f_count, offset: 20, size: 4, heat: 10, write: 0.5 }
#layouts: vmlinux.json # names fields in reports: text of pahole, or BTF as JSON or C
#layouts: { file: vmlinux.h, abi: i386, caches: { filp: file } } # for which ABI C is compiled; what objects are

#drawn: all # what each seed draws anew; or statics, ageing, history, threads, workload: that part alone
#owners: on # tells misses by what they missed: object, slab descriptor, ...; up to twice as long

#seeds: 10 # fewer tell nothing for sure; auto: until every comparison is told, at most 160
#seeds: { at_most: 320 } # the same, up to another number
seed: slabscope # all randomness comes from it
`;
