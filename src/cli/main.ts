#!/usr/bin/env node
/** The command line: arguments and exit statuses, which `slabscope --help` tells. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { InputError } from '../base/input-error.ts';
import { VERSION } from '../base/version.ts';
import { protocols } from '../hw/cache/coherence.ts';
import { inclusions } from '../hw/cpu-model.ts';
import { abis } from '../lab/layouts/c-abi.ts';
import { AS_MANY_AS_IT_TAKES, type Seeds } from '../lab/results/looks.ts';
import { specificationSchema } from '../lab/specification/specification.ts';
import { ownerOrders } from '../report/owners-table.ts';
import { type C2cOptions, c2c, c2cHelp } from './c2c.ts';
import { type CacheOptions, cache, cacheHelp, parseCpus, parseL1, parseLineNumber, parsePolicy } from './cache.ts';
import { diff, diffHelp } from './diff.ts';
import { type ExportOptions, exportAs, exportFormats, exportHelp, exportTables } from './export.ts';
import { init } from './init.ts';
import { list, listable } from './list.ts';
import { type LitmusOptions, litmus } from './litmus.ts';
import { type PlotOptions, parseMeasures, plot, plotHelp } from './plot.ts';
import { type ProfileOptions, profile, profileHelp } from './profile.ts';
import { type RecordOptions, record, recordHelp } from './record.ts';
import { parseValues, type ReplayOptions, replay, replayHelp } from './replay.ts';
import { type RunOptions, run, runHelp } from './run.ts';

import { withShippedFiles } from './shipped.ts';
import { status, statusHelp } from './status.ts';

import { type VerifyOptions, verify } from './verify.ts';

/** Whoever reads our output may have seen enough, as `head` does: the status is that of a program which SIGPIPE ends. */
const READER_GONE = 141;
/** EX_SOFTWARE of sysexits.h. */
const INTERNAL_ERROR = 70;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
  // The event comes only when what is being computed is over.
  if (process.stdout.errored) outputFailed(process.stdout.errored);
}

function outputFailed({ code }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(READER_GONE);
  process.stderr.write(`slabscope: standard output: cannot be written (${code}); send it to a place that can\n`);
  process.exit(2);
}
process.stdout.on('error', outputFailed);
process.stderr.on('error', () => {}); // progress and notes that nobody reads

/** An option's whole number of at least 1; anything else is the user's mistake. */
function count(value: string): number {
  if (!/^([1-9]\d{0,3}|10000)$/.test(value))
    throw new InvalidArgumentError('it must be a whole number from 1 to 10000.');
  return Number(value);
}

const seeds = (value: string): Seeds => (value === 'auto' ? AS_MANY_AS_IT_TAKES : count(value));

const program = new Command('slabscope')
  .version(VERSION, '-V, --version', 'print the version')
  .description('A hardware-faithful emulator of x86 SMP memory, with the Linux slab allocators running on it.')
  .configureOutput({
    writeOut: (text) => process.stdout.write(withShippedFiles(text)),
    outputError: (message, write) =>
      write(
        `slabscope: ${message
          .trim()
          .replace(/^error: /, '')
          .replaceAll('\n', ' ')}\n`,
      ),
  })
  .addHelpText(
    'after',
    `
Examples:
  slabscope run experiments/colouring.yaml             an experiment: tables, results.json, a picture
  slabscope init mine.yaml && slabscope run mine.yaml  one of your own
  slabscope replay examples/tar-extract.ftrace.txt.gz  one trace, defaults
  slabscope verify test/golden                         the emulator against recorded truth

Exit status: 0 well; 1 what was compared differs, or a recording fails; 2 the input is wrong, as one line on stderr tells;
70 a fault of slabscope itself; 130, 143 stopped by SIGINT, SIGTERM. A run that was stopped goes on when it is run again.

Colours and progress are shown on a terminal only; NO_COLOR=1 leaves colours out.`,
  )
  .exitOverride();

program
  .command('run')
  .description('run the experiment of a specification (YAML): print tables, write results.json and a picture')
  .argument('<specification>', 'e.g. experiments/colouring.yaml')
  .option(
    '--seeds <n>',
    'how many seeds, instead of those of the specification; auto: until every comparison is told',
    seeds,
  )
  .option('--workers <n>', 'worker threads; the results are the same for any number', count)
  .option('--out <dir>', 'where results go (default: results/NAME)')
  .option('--shard <i/n>', 'compute the i-th of n shares of the points, and write only its store (see below)')
  .option('--measure <names>', 'what the picture shows: misses, cycles, or both: misses,cycles', parseMeasures)
  .option('--brief', 'print the answer, and the comparison that it is from')
  .option('--wide', 'print all columns of tables, whatever has room on the terminal')
  .option('--json', 'print results.json instead of tables')
  .addHelpText('after', runHelp)
  .action((path: string, options: RunOptions) => run(path, options, print));

program
  .command('status')
  .description('what of an experiment is computed, what is missing, and who computes it')
  .argument('<dir>', 'the folder of its run')
  .option('--json', 'print JSON')
  .addHelpText('after', statusHelp)
  .action((folder: string, options: { json?: boolean }) => {
    process.exitCode = status(folder, options, print) ? 0 : 1;
  });

program
  .command('record')
  .description(
    'run one point of an experiment and write its memory accesses, for `slabscope cache` and other simulators',
  )
  .argument('<specification>', 'e.g. experiments/colouring.yaml')
  .argument('<file>', 'where to; packed where the name ends in .gz')
  .option('--point <selection>', 'which: KEY=VALUE,... of keys that vary, such as colouring=on,seed=1')
  .option('--json', 'print what was recorded as JSON')
  .addHelpText('after', recordHelp)
  .action((path: string, file: string, options: RecordOptions) => record(path, file, options, print));

program
  .command('schema')
  .description('print the JSON Schema of specifications, for editors (docs/specification.schema.json)')
  .addHelpText('after', '\nExample:\n  slabscope schema > specification.schema.json')
  .action(() => {
    print(JSON.stringify(specificationSchema(), null, 2));
  });

program
  .command('c2c')
  .description('run one point of an experiment: its misses by owner, the lines that go from cache to cache, and why')
  .argument(
    '<specification|trace>',
    'of an experiment; or a memory trace, as `slabscope cache` reads it (- is standard input)',
  )
  .option('--point <selection>', 'which: touch=...,alignment=...,colouring=...,seed=..., or some of these')
  .option('--seeds <n>', 'sum misses by owner over so many seeds, from that of the point on (default: 1)', count)
  .option('--top <n>', 'how many owners, pairs and lines to print', count, 20)
  .addOption(
    new Option('--sort <figure>', 'what owners and lines are sorted by')
      .choices(Object.keys(ownerOrders))
      .default('misses'),
  )
  .addOption(
    new Option('--l1 <size/ways/line>', 'of a trace: the L1 of each CPU (default: 32K/8/64)').argParser(parseL1),
  )
  .option('--policy <name>', 'of a trace: replacement policy (default: lru)', parsePolicy)
  .addOption(
    new Option('--protocol <name>', 'of a trace: of coherence (default: mesi)').choices(Object.keys(protocols)),
  )
  .option('--layouts <file>', 'names fields: text of pahole, or BTF as JSON or C, before what the specification names')
  .addOption(new Option('--abi <name>', 'for which C in --layouts is compiled (default: x86-64)').choices(abis))
  .option('--try <change>', 'run it with another layout too, and tell what that saves (see below)')
  .option('--wide', 'all columns, however wide the terminal is')
  .option('--json', 'print counts, all owners and pairs, and the 100 hottest lines of each seed as JSON')
  .addHelpText('after', c2cHelp)
  .action((path: string, options: C2cOptions) => c2c(path, options, print));

program
  .command('profile')
  .description('what the touches of traces tell of each cache, to be drawn from by the touch model profiled')
  .argument('<traces...>', 'touch traces (docs/traces.md), plain or .gz')
  .requiredOption('-o, --out <file>', 'where to')
  .option('--json', 'print what was written as JSON')
  .addHelpText('after', profileHelp)
  .action((paths: string[], options: ProfileOptions) => profile(paths, options, print));

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
  .option('--l2-policy <name>', 'its replacement policy (default: lru)', parsePolicy)
  .option('--l2-shared', 'one second level for all CPUs, not one each')
  .addOption(
    new Option('--inclusion <name>', 'what the second level holds of the lines in L1 (default: neither)').choices([
      ...inclusions,
    ]),
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
  .option('--lines <n>', 'how many of the lines with most misses to name', count, 10)
  .option('--sweep', 'LRU caches of all sizes and ways in one pass, in place of one cache')
  .option('--picture <file>', 'of the sweep: its miss ratios as curves (SVG)')
  .option('--json', 'print JSON instead of a table')
  .addHelpText('after', cacheHelp)
  .action((path: string, options: CacheOptions) => cache(path, options, print));

program
  .command('replay')
  .description('replay a trace of allocations: what it holds, what it costs, and what colouring and alignment do to it')
  .argument(
    '<trace>',
    'ftrace or perf script text with kmem events, a malloc trace, or a touch trace; may be .gz (docs/traces.md)',
  )
  .option('--machine <models>', 'CPU models (default: pentium-iii)', parseValues)
  .option('--cpus <numbers>', 'how many of them (default: 2)', parseValues)
  .option('--kernel <versions>', 'kernels (default: 2.4.22)', parseValues)
  .option(
    '--colouring <values>',
    'on, off, numbers of colours (default: on,off where anything is asked, else on)',
    parseValues,
  )
  .option('--alignment <values>', 'word, line-fraction, whole-line, bytes (default: line-fraction)', parseValues)
  .option('--touch <models>', 'what is read and written of objects (default: three of them)', parseValues)
  .option('--memory <size>', 'of the machine, e.g. 256M (default: 64M)')
  .option('--seed <word>', 'what all randomness comes from (default: slabscope)')
  .option('--seeds <n>', 'how many seeds, or auto (default: 10 where anything is asked, else 1)', seeds)
  .option('--workers <n>', 'worker threads; the results are the same for any number', count)
  .option('--out <dir>', 'where results go where anything is asked (default: results/NAME)')
  .option('--measure <names>', 'what the picture shows: misses, cycles, or both: misses,cycles', parseMeasures)
  .option('--brief', 'print the answer, and the comparison that it is from')
  .option('--wide', 'print all columns of tables, whatever has room on the terminal')
  .option('--json', 'print the results as JSON')
  .addHelpText('after', replayHelp)
  .action((path: string, options: ReplayOptions) => replay(path, options, print));

program
  .command('list')
  .description(`list what an experiment may name: ${listable.join(', ')}`)
  .addArgument(new Argument('[what]', 'what to list (default: the names of all)').choices(listable))
  .argument('[name]', 'all that is known of this one')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nExamples:\n  slabscope list\n  slabscope list touch\n  slabscope list machines opteron')
  .action((what: string | undefined, name: string | undefined, { json = false }: { json?: boolean }) => {
    print(list(what, name, json));
  });

program
  .command('init')
  .description('write a commented specification to start from')
  .argument('[file]', 'where to; it must not exist yet', 'experiment.yaml')
  .option('--json', 'print what was written as JSON')
  .addHelpText('after', '\nExample:\n  slabscope init mine.yaml && slabscope run mine.yaml')
  .action((path: string, options: { json?: boolean }) => init(path, options, print));

program
  .command('diff')
  .description('compare what two runs wrote, paired by point and seed: which counts differ, and by how much')
  .argument('<a>', 'results.json of a run, its folder, or a file of its store (.jsonl)')
  .argument('<b>', 'that of another')
  .option('--json', 'print JSON')
  .addHelpText('after', diffHelp)
  .action((a: string, b: string, options: { json?: boolean }) => {
    process.exitCode = diff(a, b, options, print) ? 0 : 1;
  });

program
  .command('plot')
  .description('draw a picture of results: what was compared, a measure against an axis, or misses by set')
  .argument('<results>', 'results.json of a run')
  .option('--measure <names>', 'misses, cycles, or any measure; several side by side: misses,cycles', parseMeasures)
  .option('--by <key>', 'the measure itself against this key, such as machine.cpus or object_size')
  .option('--sets', 'in which sets of the L1 misses fall, before and after')
  .option('--where <selection>', 'of which points: KEY=VALUE,... of keys that vary')
  .option('--out <file>', 'where to (default: beside the results, NAME.svg, NAME.sets.svg and so on)')
  .option('--json', 'print what was written as JSON')
  .addHelpText('after', plotHelp)
  .action((path: string, options: PlotOptions) => plot(path, options, print));

program
  .command('export')
  .description('write points, measures or comparisons of a run as a table; or the misses of one point for KCachegrind')
  .argument(
    '<results>',
    'results.json of a run, its folder, or a file of its store (.jsonl); for callgrind a specification',
  )
  .addOption(new Option('--table <name>', 'which').choices(exportTables).default('points'))
  .addOption(new Option('--format <name>', 'of the table').choices(exportFormats).makeOptionMandatory())
  .requiredOption('--out <file>', 'where to; - is standard output')
  .option('--point <selection>', 'for callgrind, which: KEY=VALUE,... (default: the first)')
  .option('--layouts <file>', 'for callgrind, what names fields: as of `slabscope c2c`')
  .addOption(new Option('--abi <name>', 'for which C in --layouts is compiled (default: x86-64)').choices(abis))
  .option('--json', 'print what was written as JSON')
  .addHelpText('after', exportHelp)
  .action((path: string, options: ExportOptions) => exportAs(path, options, print));

program
  .command('verify')
  .description('replay recorded truth (files or folders) and compare every result')
  .argument(
    '<path...>',
    'recordings, /proc/slabinfo dumps with a sidecar (all named in docs/fidelity.md), or folders of them',
  )
  .option('--touch', 'compare the accesses that each operation made, one by one, where they were recorded')
  .option('--misses', 'put the recorded accesses and the own ones through caches, and compare their misses')
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

const names = program.commands.map((command) => command.name());
program
  .helpCommand(false)
  .command('help')
  .description('help for a command')
  .addArgument(new Argument('[command]').choices(names))
  .action((name: string | undefined) =>
    (program.commands.find((command) => command.name() === name) ?? program).help(),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof InputError) {
    // What a file holds may be quoted in it, line ends and all.
    process.stderr.write(`slabscope: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`);
    process.exitCode = 2;
  } else {
    const [told] = String((error as Error)?.message ?? error).split('\n');
    process.stderr.write(
      `slabscope: a fault of slabscope itself: ${told}; please report it (SLABSCOPE_DEBUG=1 adds where)\n`,
    );
    if (process.env.SLABSCOPE_DEBUG) process.stderr.write(`${(error as Error)?.stack ?? ''}\n`);
    process.exitCode = INTERNAL_ERROR;
  }
}
