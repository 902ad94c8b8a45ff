/** `slabscope cache TRACE`: a memory trace through L1 caches, read as a stream; counts as a table or JSON. */
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { InputError } from '../base/input-error.ts';
import { seeded } from '../base/random.ts';
import type { ProtocolName } from '../hw/cache/coherence.ts';
import type { PolicyName } from '../hw/cache/replacement.ts';
import { checkGeometry } from '../hw/cache/tag-array.ts';
import type { CacheGeometry, Inclusion, SecondLevelGeometry } from '../hw/cpu-model.ts';
import { KiB, MiB } from '../hw/memory.ts';
import { countsSince, totalOf } from '../lab/caches/cache-counts.ts';
import type { CacheCounts, CacheReport, SweepReport, TraceRead, WorstLine } from '../lab/caches/cache-report.ts';
import { CacheSimulator, policies } from '../lab/caches/cache-simulator.ts';
import type { LineMissCounts } from '../lab/caches/line-misses.ts';
import { type AccessConsumer, MAX_CPUS, MemoryTraceParser } from '../lab/caches/memory-trace.ts';
import { KEPT_BITS, type PageFolding } from '../lab/caches/page-folding.ts';
import { CacheSweep } from '../lab/caches/sweep.ts';
import { cacheTable } from '../report/cache-table.ts';
import { sweepChart } from '../report/sweep-chart.ts';
import { sweepTable } from '../report/sweep-table.ts';
import { writeWhole } from './files.ts';
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
  /** How many of the lines with most misses to name. */
  readonly lines: number;
  /** Count LRU caches of all sizes and ways, with the line of `l1`, in place of one. */
  readonly sweep?: boolean;
  /** Where to draw them. */
  readonly picture?: string;
  readonly json?: boolean;
}

export const cacheHelp = `
TRACE is plain text or .gz, of any length, or - for standard input; one access a line, in a form that is told by content:
  <cpu> <r|w|x> <hex address> <hex size>   mp, several CPUs; x: a locked read-modify-write, counted as a write
  <r|w> <hex address> <hex size>           din (Dinero IV's extended din)
  <0|1> <hex address>                      traditional din: 4 bytes, aligned, as Dinero IV reads it
  valgrind --tool=lackey --trace-mem=yes   its output; M is a read and a write
  gem5                                     a packet trace as util/decode_packet_trace.py writes it
  DynamoRIO                                drmemtrace's view tool, a CPU a thread; text of memtrace_x86 and memtrace_simple
Instruction fetches and prefetches are left out and counted as left out. Addresses of 64 bits are folded to 32, one to one, so
that counts stay exact (docs/cache.md).

--sweep counts LRU caches of all sizes up to 262144 lines, of 1 to 16 ways and fully associative, in one pass; --l1 then says
the size of a line alone.

Policies: ${Object.keys(policies).join(', ')}.

Examples:
  slabscope cache trace.mp.gz --l1 32K/8/64 --policy plru --classes
  valgrind --tool=lackey --trace-mem=yes --log-fd=9 ls 9>&1 >/dev/null | slabscope cache - --sweep --picture ls.svg`;

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
  const { sweep, picture, json } = options;
  if (sweep !== true && picture !== undefined) {
    throw new InputError('--picture', 'there is nothing to draw', 'add --sweep, or leave it out');
  }
  if (sweep === true) {
    const report = await sweepTrace(path, options);
    print(json === true ? JSON.stringify(report, null, 2) : sweepTable(report).trimEnd());
    if (picture !== undefined) writeWhole(picture, sweepChart(report));
  } else {
    const report = await simulate(path, options);
    print(json === true ? JSON.stringify(report, null, 2) : cacheTable(report).trimEnd());
  }
}

async function simulate(path: string, options: CacheOptions): Promise<CacheReport> {
  const { l1, policy, protocol, seed, classes = false } = options;
  const l2 = secondLevel(options);
  const simulator = new CacheSimulator({
    geometry: { ...l1, policy },
    protocol,
    l2,
    cpus: options.cpus ?? 1,
    classes: classes ? 'all' : 'none',
    random: seeded(seed, 'replacement'),
  });
  let before: CacheCounts[] = [];
  const { read, folding } = await readTrace(path, options, simulator, () => {
    before = simulator.startCounting();
  });
  for (const { size, ways } of l2 === null ? [l1] : [l1, l2]) checkFolding(read, size / ways);

  const perCpu = simulator.counts().map((counts, cpu) => {
    const warm = before[cpu];
    return warm === undefined ? counts : countsSince(warm, counts);
  });
  const worst = simulator.lineMisses.worst(options.lines, 'misses');
  return {
    schema: 'slabscope-cache/1',
    ...read,
    cpus: perCpu.length,
    l1: { ...l1, sets: l1.size / l1.ways / l1.line },
    policy,
    protocol,
    l2,
    classes,
    total: totalOf(perCpu),
    perCpu,
    missingLines: simulator.lineMisses.size,
    worstLines: worst.map((of) => worstLine(of, folding.unfolded(of.line * l1.line), classes)),
  };
}

function worstLine(of: LineMissCounts, address: string, classes: boolean): WorstLine {
  const { misses, cold, replacement, coherence, conflict, trueSharing } = of;
  return {
    ...{ address, misses, cold, replacement, coherence },
    ...(classes
      ? { capacity: replacement - conflict, conflict, trueSharing, falseSharing: coherence - trueSharing }
      : {}),
    cpus: Array.from({ length: MAX_CPUS }, (_, cpu) => cpu).filter((cpu) => (of.cpus & (1 << cpu)) !== 0),
  };
}

async function sweepTrace(path: string, options: CacheOptions): Promise<SweepReport> {
  const { l1, policy, protocol, l2, classes } = options;
  checkGeometry({ ...l1, policy }, '--l1');
  const other = Object.entries({
    '--policy': policy !== 'lru',
    '--protocol': protocol === 'write-through',
    '--l2': l2 !== undefined,
    '--classes': classes === true,
  });
  const [option] = other.find(([, given]) => given) ?? [];
  if (option !== undefined) {
    throw new InputError(option, 'a sweep is of write-back LRU caches, and counts their misses alone', 'leave it out');
  }
  const sweep = new CacheSweep(l1.line);
  const { read } = await readTrace(path, options, sweep, () => sweep.startCounting());
  const { cpus, accesses, lineAccesses, unboundedMisses } = sweep;
  const counts = { accesses, lineAccesses, unboundedMisses, caches: sweep.caches() };
  return { schema: 'slabscope-sweep/1', ...read, cpus, line: l1.line, ...counts };
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

/** Puts a trace through caches; `start` is called before the first access that counts. */
async function readTrace(
  path: string,
  { from, cpus }: CacheOptions,
  caches: { access: AccessConsumer },
  start: () => void,
): Promise<{ read: Omit<TraceRead, 'cpus'>; folding: PageFolding }> {
  const name = path === STANDARD_INPUT ? 'standard input' : path;
  let warmUp: number | null = null;
  const parser = new MemoryTraceParser(
    name,
    (cpu, kind, address, bytes, goesOn) => {
      if (warmUp === null && parser.line >= from) {
        start();
        warmUp = parser.accesses - 1;
      }
      caches.access(cpu, kind, address, bytes, goesOn);
    },
    cpus,
  );
  const progress = readingProgress(path);
  try {
    const where = () => ` behind line ${parser.line}`;
    for await (const chunk of streamBytes(path, progress.passed, where)) parser.push(chunk);
    parser.end();
  } finally {
    progress.end();
  }
  if (warmUp === null) {
    throw new InputError(name, `no access from line ${from} on`, `the trace has ${parser.line} lines`);
  }
  const { instructionFetches, otherRecords, folding } = parser;
  const trace = path === STANDARD_INPUT ? name : basename(path);
  return { read: { trace, from, warmUp, instructionFetches, otherRecords, foldedPages: folding.moved }, folding };
}

/** What a cache counts is exact as long as folding left the bits alone that choose its set. */
function checkFolding({ trace, foldedPages }: Pick<TraceRead, 'trace' | 'foldedPages'>, wayBytes: number): void {
  if (foldedPages === 0 || wayBytes <= 2 ** KEPT_BITS) return;
  throw new InputError(
    trace,
    `its addresses of 64 bits are folded, and keep ${KEPT_BITS} bits: too few for ways of ${wayBytes / MiB} MB`,
    `choose caches whose ways are of ${2 ** KEPT_BITS / MiB} MB at most`,
  );
}
