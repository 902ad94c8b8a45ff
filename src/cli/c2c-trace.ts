/** `slabscope c2c TRACE`: which lines of a memory trace go from cache to cache, and whose stores take them from whom. */
import { seeded } from '../base/random.ts';
import { interpose } from '../hw/interpose.ts';
import { totalOf } from '../lab/caches/cache-counts.ts';
import { CacheSimulator } from '../lab/caches/cache-simulator.ts';
import { isMemoryTrace, MemoryTraceParser } from '../lab/caches/memory-trace.ts';
import { findingsOf } from '../lab/experiment/culprits.ts';
import type { SharingOrder } from '../lab/results/owners.ts';
import { LineAttribution } from '../lab/watch/line-attribution.ts';
import { TraceNames } from '../lab/watch/trace-names.ts';
import { c2cTable } from '../report/c2c-table.ts';
import { pairsTable, verdictText } from '../report/culprits-text.ts';
import { missesText, thousands } from '../report/figures.ts';
import { type OwnerOrder, ownersTable } from '../report/owners-table.ts';
import type { CacheOptions } from './cache.ts';
import { headOf, readingProgress, STANDARD_INPUT, streamBytes } from './streams.ts';
import { tableWidth } from './table-width.ts';

/** The caches that a trace is put through, as `slabscope cache` has them. */
export type TraceCaches = Pick<CacheOptions, 'l1' | 'policy' | 'protocol'>;

/** How reports are printed, of points as of traces. */
export interface ReportOptions {
  readonly top: number;
  readonly sort: OwnerOrder;
  readonly wide?: boolean;
  readonly json?: boolean;
}

/** All addresses of a trace have 32 bits. */
const END = 2 ** 32;

export const holdsMemoryTrace = async (path: string): Promise<boolean> =>
  path === STANDARD_INPUT || isMemoryTrace(await headOf(path));

export async function c2cOfTrace(
  path: string,
  { l1, policy, protocol }: TraceCaches,
  options: ReportOptions,
  order: SharingOrder,
  print: (line: string) => void,
): Promise<void> {
  const name = path === STANDARD_INPUT ? 'standard input' : path;
  const simulator = new CacheSimulator({
    geometry: { ...l1, policy },
    protocol,
    cpus: 0,
    classes: 'all',
    random: seeded('slabscope', 'replacement'),
  });
  const parser = new MemoryTraceParser(name, (...access) => simulator.access(...access));
  const names = new TraceNames(l1.line, (address) => `0x${parser.folding.unfolded(address)}`);
  const attribution = new LineAttribution(Math.log2(l1.line), END, names);
  interpose(simulator.caches, {
    addL1: (below) => (remoteCosts) => {
      const added = below(remoteCosts);
      attribution.watch(added);
      return added;
    },
  });
  await readThrough(path, parser);

  const counts = totalOf(simulator.counts());
  const misses = counts.readMiss + counts.writeMiss;
  const [owners, sharing] = [attribution.owners(), attribution.sharing(order)];
  const findings = findingsOf(sharing, owners, { line: l1.line, objectSizes: new Map(), fields: new Map() });
  if (options.json === true) {
    const found = { counts, owners, sharing, findings };
    print(JSON.stringify({ schema: 'slabscope-c2c/1', name, ...found }, null, 2));
    return;
  }
  const width = tableWidth(options.wide);
  const cpus = simulator.caches.l1s.length;
  print(`${name}: ${thousands(counts.accesses)} accesses, ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`);
  print(`L1 of ${l1.size / 1024} KB, ${l1.ways} ways, ${policy}, ${protocol}, lines of ${l1.line} bytes`);
  print(`${missesText(misses)} of ${thousands(counts.lineAccesses)} line accesses\n`);
  print(verdictText(findings, sharing.pairs, misses, width));
  print(ownersTable([owners], options.top, { order: options.sort, width }));
  if (sharing.pairs.length > 0) print(pairsTable(sharing.pairs, options.top, width));
  print(c2cTable(sharing, options.top, width).trimEnd());
}

async function readThrough(path: string, parser: MemoryTraceParser): Promise<void> {
  const progress = readingProgress(path);
  try {
    for await (const chunk of streamBytes(path, progress.passed, () => ` behind line ${parser.line}`))
      parser.push(chunk);
    parser.end();
  } finally {
    progress.end();
  }
}
