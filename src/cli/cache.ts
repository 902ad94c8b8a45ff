/** `slabscope cache TRACE`: a memory trace through L1 caches, read as a stream; counts as a table or JSON. */
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { InputError } from '../base/input-error.ts';
import { seeded } from '../base/random.ts';
import type { ProtocolName } from '../hw/cache/coherence.ts';
import type { PolicyName } from '../hw/cache/replacement.ts';
import type { CacheGeometry, Inclusion, SecondLevelGeometry } from '../hw/cpu-model.ts';
import { KiB, MiB } from '../hw/memory.ts';
import { countsSince, totalOf } from '../lab/caches/cache-counts.ts';
import type { CacheCounts, CacheReport } from '../lab/caches/cache-report.ts';
import { CacheSimulator, policies } from '../lab/caches/cache-simulator.ts';
import { MAX_CPUS, MemoryTraceParser } from '../lab/caches/memory-trace.ts';
import { cacheTable } from '../report/cache-table.ts';
import { readingProgress, STANDARD_INPUT, streamBytes } from './streams.ts';

export interface CacheOptions {
  readonly l1: Omit<CacheGeometry, 'policy'>;
  readonly policy: PolicyName;
  readonly protocol: ProtocolName;
  readonly l2?: Omit<CacheGeometry, 'policy'>;
  readonly l2Policy?: PolicyName;
  readonly l2Shared?: boolean;
  readonly inclusion?: Inclusion;
  /** Of the random policy. */
  readonly seed: string;
  readonly cpus?: number;
  readonly classes?: boolean;
  /** The line of the trace from which on accesses are counted; those before it warm the caches. */
  readonly from: number;
  readonly json?: boolean;
}

export const cacheHelp = `
TRACE is plain text or .gz, of any length, or - for standard input; one access a line:
  <cpu> <r|w|x> <hex address> <hex size>   mp, several CPUs; x: a locked read-modify-write, counted as a write
  <r|w> <hex address> <hex size>           din (Dinero IV's extended din)
  <0|1> <hex address>                      traditional din: 4 bytes, aligned, as Dinero IV reads it
Instruction fetches (i, or 2 in traditional din) are left out and counted as left out. Lines that begin with # and what
follows the last field are comments. Addresses have 32 bits.

Policies: ${Object.keys(policies).join(', ')}.

Example:
  slabscope cache trace.mp.gz --l1 32K/8/64 --policy plru --classes`;

/** SIZE/WAYS/LINE, as 32K/8/64; `full` for WAYS is a fully associative cache. */
export function parseL1(text: string): CacheOptions['l1'] {
  const match = /^(\d{1,9})([KM]?)\/(\d{1,9}|full)\/(\d{1,9})$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('write SIZE/WAYS/LINE, as 32K/8/64.');
  const size = Number(match[1]) * { '': 1, K: KiB, M: MiB }[match[2]!.toUpperCase()]!;
  const line = Number(match[4]);
  if (size > 64 * MiB) throw new InvalidArgumentError('its size must be 64M at most.');
  return { size, ways: match[3].toLowerCase() === 'full' ? size / line : Number(match[3]), line };
}

export function parsePolicy(text: string): PolicyName {
  if (Object.hasOwn(policies, text)) return policies[text];
  throw new InvalidArgumentError(`it must be one of ${Object.keys(policies).join(', ')}.`);
}

export function parseCpus(text: string): number {
  const cpus = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (cpus < 1 || cpus > MAX_CPUS) throw new InvalidArgumentError(`it must be a whole number from 1 to ${MAX_CPUS}.`);
  return cpus;
}

export function parseLineNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('it must be the number of a line, from 1.');
  return Number(text);
}

export async function cache(path: string, options: CacheOptions, print: (line: string) => void): Promise<void> {
  const report = await simulate(path, options);
  print(options.json === true ? JSON.stringify(report, null, 2) : cacheTable(report).trimEnd());
}

async function simulate(path: string, options: CacheOptions): Promise<CacheReport> {
  const { l1, policy, protocol, seed, from, classes = false } = options;
  const l2 = secondLevel(options);
  const name = path === STANDARD_INPUT ? 'standard input' : path;
  const simulator = new CacheSimulator({
    geometry: { ...l1, policy },
    protocol,
    l2,
    cpus: options.cpus ?? 1,
    classes: classes ? 'all' : 'none',
    random: seeded(seed, 'replacement'),
  });
  let warmUp = 0;
  let before: CacheCounts[] | null = null;
  const parser = new MemoryTraceParser(
    name,
    (cpu, kind, address, bytes) => {
      if (before === null && parser.line >= from) {
        before = simulator.startCounting();
        warmUp = parser.accesses - 1;
      }
      simulator.access(cpu, kind, address, bytes);
    },
    options.cpus,
  );
  await readThrough(path, parser);
  if (before === null) {
    throw new InputError(name, `no access from line ${from} on`, `the trace has ${parser.line} lines`);
  }

  const started: readonly CacheCounts[] = before;
  const perCpu = simulator.counts().map((counts, cpu) => {
    const warm = started[cpu];
    return warm === undefined ? counts : countsSince(warm, counts);
  });
  return {
    schema: 'slabscope-cache/1',
    trace: path === STANDARD_INPUT ? name : basename(path),
    l1: { ...l1, sets: l1.size / l1.ways / l1.line },
    policy,
    protocol,
    l2,
    classes,
    cpus: perCpu.length,
    from,
    warmUp,
    instructionFetches: parser.instructionFetches,
    total: totalOf(perCpu),
    perCpu,
  };
}

function secondLevel({ l1, l2, l2Policy, l2Shared, inclusion }: CacheOptions): SecondLevelGeometry | null {
  if (l2 === undefined) {
    const about = Object.entries({ '--l2-policy': l2Policy, '--l2-shared': l2Shared, '--inclusion': inclusion });
    const given = about.find(([, value]) => value !== undefined);
    if (given === undefined) return null;
    throw new InputError(given[0], 'there is no second level', 'add --l2 SIZE/WAYS/LINE, or leave it out');
  }
  if (l2.line !== l1.line) {
    throw new InputError(
      '--l2',
      `lines of ${l2.line} bytes below lines of ${l1.line}`,
      'both levels need the same line',
    );
  }
  return { ...l2, policy: l2Policy ?? 'lru', shared: l2Shared ?? false, inclusion: inclusion ?? 'neither' };
}

async function readThrough(path: string, parser: MemoryTraceParser): Promise<void> {
  const progress = readingProgress(path);
  try {
    const where = () => ` behind line ${parser.line}`;
    for await (const chunk of streamBytes(path, progress.passed, where)) parser.push(chunk);
    parser.end();
  } finally {
    progress.end();
  }
}
