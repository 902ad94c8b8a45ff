#!/usr/bin/env node
/** The command line: arguments and exit statuses. 0: well; 1: a case failed; 2: the input is wrong. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { protocols } from '../hw/coherence.ts';
import { InputError } from '../hw/input-error.ts';
import { inclusions } from '../hw/second-level.ts';
import { type CacheOptions, cache, cacheHelp, parseCpus, parseL1, parseLineNumber, parsePolicy } from './cache.ts';
import { listMachines } from './list.ts';
import { type LitmusOptions, litmus } from './litmus.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { type RunOptions, run } from './run.ts';
import { type VerifyOptions, verify } from './verify.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** An option's whole number of at least 1; anything else is the user's mistake. */
function count(value: string): number {
  if (!/^([1-9]\d{0,3}|10000)$/.test(value))
    throw new InvalidArgumentError('it must be a whole number from 1 to 10000.');
  return Number(value);
}

const program = new Command('slabscope')
  .description('A hardware-faithful emulator of x86 SMP memory, with the Linux slab allocators running on it.')
  .configureOutput({
    outputError: (message, write) =>
      write(
        `slabscope: ${message
          .trim()
          .replace(/^error: /, '')
          .replaceAll('\n', ' ')}\n`,
      ),
  })
  .exitOverride();

program
  .command('run')
  .description('run the experiment of a specification (YAML): print tables, write results.json and a picture')
  .argument('<specification>', 'e.g. experiments/colouring.yaml')
  .option('--seeds <n>', 'how many seeds, instead of those of the specification', count)
  .option('--workers <n>', 'worker threads; the results are the same for any number', count)
  .option('--out <dir>', 'where results go (default: results/NAME)')
  .option('--shard <i/n>', 'compute the i-th of n shares of the points, and write only its store (see below)')
  .option('--json', 'print results.json instead of tables')
  .option(
    '--record <file>',
    'run one point alone, write its memory accesses (mp form, .gz packed) for `slabscope cache`',
  )
  .option(
    '--point <selection>',
    'the point to record: touch=...,alignment=...,colouring=...,seed=..., or some of these',
  )
  .addHelpText('after', '\nExample:\n  slabscope run experiments/colouring.yaml --seeds 20 --out /tmp/colouring')
  .action((path: string, options: RunOptions) => run(path, options, print));

program
  .command('cache')
  .description('simulate L1 data caches on a memory trace: counts of hits, misses and their classes')
  .argument('<trace>', 'a memory trace, plain or .gz, or - for standard input')
  .addOption(
    new Option('--l1 <size/ways/line>', 'the L1 of each CPU; `full` for ways: fully associative')
      .argParser(parseL1)
      .default(parseL1('32K/8/64'), '32K/8/64'),
  )
  .option('--policy <name>', 'replacement policy', parsePolicy, 'lru' as const)
  .addOption(new Option('--protocol <name>', 'of coherence').choices(Object.keys(protocols)).default('mesi'))
  .option('--l2 <size/ways/line>', 'a second level below (default: none)', parseL1)
  .option('--l2-policy <name>', 'its replacement policy', parsePolicy, 'lru' as const)
  .option('--l2-shared', 'one second level for all CPUs, not one each')
  .addOption(
    new Option('--inclusion <name>', 'what the second level holds of the lines in L1')
      .choices([...inclusions])
      .default('neither'),
  )
  .option('--seed <text>', 'seed of the random policy', 'slabscope')
  .option('--cpus <n>', 'how many CPUs (default: those that the trace names)', parseCpus)
  .option('--classes', 'split misses: capacity and conflict, true and false sharing')
  .option(
    '--from <line>',
    'count from this line of the trace on; what is before it warms the caches',
    parseLineNumber,
    1,
  )
  .option('--json', 'print JSON instead of a table')
  .addHelpText('after', cacheHelp)
  .action((path: string, options: CacheOptions) => cache(path, options, print));

program
  .command('replay')
  .description('replay a trace of allocations on a Pentium III of two CPUs: what it holds, and what it costs')
  .argument('<trace>', 'text of ftrace or perf script with kmem events, or a malloc trace; may be .gz (docs/traces.md)')
  .option('--memory <size>', 'of the machine, e.g. 256M (default: 64M)')
  .option('--seed <word>', 'what all randomness comes from (default: slabscope)')
  .option('--seeds <n>', 'how many seeds', count, 1)
  .option('--workers <n>', 'worker threads; the results are the same for any number', count)
  .option('--json', 'print the results as JSON')
  .addHelpText('after', '\nExample:\n  slabscope replay examples/tar-extract.ftrace.txt.gz')
  .action((path: string, options: ReplayOptions) => replay(path, options, print));

program
  .command('list')
  .description('list what an experiment may name: machines')
  .addArgument(new Argument('<what>', 'what to list').choices(['machines']))
  .argument('[name]', 'all that is known of this one')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExamples:\n  slabscope list machines\n  slabscope list machines opteron')
  .action((_what: string, name: string | undefined, { json = false }: { json?: boolean }) => {
    print(listMachines(name, json));
  });

program
  .command('verify')
  .description('replay recorded truth (files or folders) and compare every result')
  .argument(
    '<path...>',
    'recordings, /proc/slabinfo dumps with a sidecar (all named in docs/fidelity.md), or folders of them',
  )
  .option('--touch', 'compare the memory that each operation touched, where it was recorded')
  .option('--json', 'print the outcomes as JSON')
  .addHelpText('after', '\nExample:\n  slabscope verify test/golden')
  .action((paths: string[], options: VerifyOptions) => {
    process.exitCode = verify(paths, options, print) ? 0 : 1;
  });

program
  .command('litmus')
  .description('explore litmus tests exhaustively under x86-TSO: print every final state, and which SC allows')
  .argument('<test>', 'a file of tests (JSON, or .litmus of herd), or a published name such as x86tso/n6, SB, IRIW')
  .option('--sc', 'under sequential consistency instead: CPUs without store buffers')
  .option('--runs <n>', 'run each test so many times on the emulated CPUs too, and count what comes out', count)
  .option('--seed <seed>', 'of these runs', '1')
  .option('--json', 'print the tests with their final states as JSON, which verify takes')
  .addHelpText('after', '\nExample:\n  slabscope litmus SB --runs 1000')
  .action((test: string, options: LitmusOptions) => {
    process.exitCode = litmus(test, options, print) ? 0 : 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof InputError) {
    process.stderr.write(`slabscope: ${error.message}\n`);
    process.exitCode = 2;
  } else throw error;
}
