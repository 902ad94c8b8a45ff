/** What caches did with a trace, as text for a terminal. */
import type { SecondLevelGeometry } from '../hw/cpu-model.ts';
import type { CacheCounts, CacheReport, TraceRead, WorstLine } from '../lab/caches/cache-report.ts';
import { sizeText, thousands } from './figures.ts';
import { columns } from './text-table.ts';

/** Undefined where it was not counted. */
type Count = (counts: CacheCounts) => number | undefined;

interface CountRow {
  readonly label: string;
  readonly count: Count;
  /** What the last column gives the total's share of. */
  readonly of?: readonly [name: string, count: Count];
  /** Says something only where several CPUs share a bus. */
  readonly coherence?: true;
  /** Says something only under this protocol, or where there is a second level. */
  readonly below?: 'write-through' | 'moesi' | 'l2';
}

const misses: Count = ({ readMiss, writeMiss }) => readMiss + writeMiss;
const reads: Count = ({ readHit, readMiss }) => readHit + readMiss;
const writes: Count = ({ writeHit, writeMiss }) => writeHit + writeMiss;
const ofAccesses = ['accesses', ({ accesses }: CacheCounts) => accesses] as const;
const ofLineAccesses = ['line accesses', ({ lineAccesses }: CacheCounts) => lineAccesses] as const;
const ofReads = ['reads', reads] as const;
const ofWrites = ['writes', writes] as const;
const ofRequests = ['requests', ({ l2Hit, l2Miss }: CacheCounts) => l2Hit + l2Miss] as const;
const ofMisses = ['misses', misses] as const;
const ofCoherence = ['coherence misses', ({ missCoherence }: CacheCounts) => missCoherence] as const;

const rows: readonly CountRow[] = [
  { label: 'accesses', count: ({ accesses }) => accesses },
  { label: '  of more than one line', count: ({ straddlingAccesses }) => straddlingAccesses, of: ofAccesses },
  { label: '  locked', count: ({ atomics }) => atomics, of: ofAccesses },
  { label: 'line accesses', count: ({ lineAccesses }) => lineAccesses },
  { label: '  read hits', count: ({ readHit }) => readHit, of: ofReads },
  { label: '  read misses', count: ({ readMiss }) => readMiss, of: ofReads },
  { label: '  write hits', count: ({ writeHit }) => writeHit, of: ofWrites },
  { label: '  write misses', count: ({ writeMiss }) => writeMiss, of: ofWrites },
  { label: 'misses', count: misses, of: ofLineAccesses },
  { label: '  cold, reads', count: ({ compulsory }) => compulsory.read, of: ofMisses },
  { label: '  cold, writes', count: ({ compulsory }) => compulsory.write, of: ofMisses },
  { label: '  replacement', count: ({ missReplacement }) => missReplacement, of: ofMisses },
  { label: '    capacity, reads', count: ({ capacity }) => capacity?.read, of: ofMisses },
  { label: '    capacity, writes', count: ({ capacity }) => capacity?.write, of: ofMisses },
  { label: '    conflict, reads', count: ({ conflict }) => conflict?.read, of: ofMisses },
  { label: '    conflict, writes', count: ({ conflict }) => conflict?.write, of: ofMisses },
  { label: '  coherence', count: ({ missCoherence }) => missCoherence, of: ofMisses, coherence: true },
  ...(
    [
      ['true sharing, at the miss', ({ trueSharing }) => trueSharing],
      ['false sharing, at the miss', ({ falseSharing }) => falseSharing],
      ['true, over the stay, any access', ({ duboisTrueAny }) => duboisTrueAny],
      ['false, over the stay, any access', ({ duboisFalseAny }) => duboisFalseAny],
      ['true, over the stay, loads', ({ duboisTrueLoad }) => duboisTrueLoad],
      ['false, over the stay, loads', ({ duboisFalseLoad }) => duboisFalseLoad],
    ] satisfies [string, Count][]
  ).map(([label, count]): CountRow => ({ label: `    ${label}`, count, of: ofCoherence, coherence: true })),
  { label: 'fully associative LRU misses', count: (counts) => counts.fullyAssociativeMisses, of: ofLineAccesses },
  { label: 'evictions', count: ({ evictions }) => evictions },
  { label: '  written back', count: ({ writebacksEvict }) => writebacksEvict },
  { label: 'upgrades', count: ({ upgrades }) => upgrades, coherence: true },
  { label: 'invalidations sent', count: ({ invalidationsSent }) => invalidationsSent, coherence: true },
  { label: 'invalidations received', count: (counts) => counts.invalidationsReceived, coherence: true },
  { label: 'misses another CPU held, dirty', count: ({ c2cDirty }) => c2cDirty, of: ofMisses, coherence: true },
  { label: 'misses another CPU held, clean', count: ({ c2cClean }) => c2cClean, of: ofMisses, coherence: true },
  { label: 'written back for a read elsewhere', count: (counts) => counts.writebacksIntervRead, coherence: true },
  { label: 'written back for a write elsewhere', count: (counts) => counts.writebacksIntervWrite, coherence: true },
  { label: 'stores written through', count: (counts) => counts.writeThroughs, of: ofWrites, below: 'write-through' },
  { label: 'second level, hits', count: ({ l2Hit }) => l2Hit, of: ofRequests, below: 'l2' },
  { label: '  misses', count: ({ l2Miss }) => l2Miss, of: ofRequests, below: 'l2' },
  { label: '  evictions', count: ({ l2Evictions }) => l2Evictions, below: 'l2' },
  { label: '  written back', count: ({ l2Writebacks }) => l2Writebacks, below: 'l2' },
  { label: '  lines taken from L1', count: (counts) => counts.backInvalidations, below: 'l2' },
  { label: 'lines at the end, modified', count: ({ endM }) => endM },
  { label: '  exclusive', count: ({ endE }) => endE },
  { label: '  owned', count: ({ endO }) => endO, below: 'moesi' },
  { label: '  shared', count: ({ endS }) => endS, coherence: true },
];

/** CPUs side by side in one block of the table. */
const CPUS_ABREAST = 8;

export function cacheTable(report: CacheReport): string {
  const { perCpu, total } = report;
  const says = ({ count, coherence, below }: CountRow) =>
    count(total) !== undefined &&
    (!coherence || perCpu.length > 1) &&
    (below !== 'l2' || report.l2 !== null) &&
    (below === undefined || below === 'l2' || report.protocol === below);
  const shown = rows.filter(says);
  const figures = (heading: string, counts: CacheCounts) => [
    heading,
    ...shown.map(({ count }) => thousands(count(counts)!)),
  ];
  const share = ({ count, of }: CountRow) => {
    if (of === undefined) return '';
    const whole = of[1](total)!;
    return whole === 0 ? '' : `${((100 * count(total)!) / whole).toFixed(2)} % of ${of[0].padEnd(widest)}`;
  };
  const widest = Math.max(...shown.map(({ of }) => of?.[0].length ?? 0));
  const cpus = perCpu.length > 1 ? perCpu.map((counts, cpu) => figures(`cpu${cpu}`, counts)) : [];
  const last = [figures('total', total), ['', ...shown.map(share)]];
  const blocks: string[][][] = [];
  for (let i = 0; i < cpus.length; i += CPUS_ABREAST) blocks.push(cpus.slice(i, i + CPUS_ABREAST));
  if (blocks.length === 0) blocks.push([]);
  blocks.at(-1)!.push(...last);
  const labels = ['', ...shown.map(({ label }) => label)];
  const tables = blocks.map((block) =>
    columns(
      labels.map((label, i) => [label, ...block.map((column) => column[i])]),
      1,
    ),
  );
  const parts = [heading(report), ...tables, worstLines(report)].filter((lines) => lines.length > 0);
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** A column of the lines with most misses. */
interface LineColumn {
  readonly heading: string;
  readonly cell: (of: WorstLine) => string;
  /** Says something only with classes, or without; only where several CPUs share a bus. */
  readonly classes?: boolean;
  readonly coherence?: true;
}

const lineColumns: readonly LineColumn[] = [
  { heading: 'cold', cell: ({ cold }) => thousands(cold) },
  { heading: 'replacement', cell: ({ replacement }) => thousands(replacement), classes: false },
  { heading: 'capacity', cell: ({ capacity }) => thousands(capacity!), classes: true },
  { heading: 'conflict', cell: ({ conflict }) => thousands(conflict!), classes: true },
  { heading: 'coherence', cell: ({ coherence }) => thousands(coherence), classes: false, coherence: true },
  { heading: 'true', cell: ({ trueSharing }) => thousands(trueSharing!), classes: true, coherence: true },
  { heading: 'false', cell: ({ falseSharing }) => thousands(falseSharing!), classes: true, coherence: true },
  { heading: 'CPUs', cell: ({ cpus }) => rangesText(cpus), coherence: true },
];

function worstLines({ worstLines, missingLines, total, cpus, classes }: CacheReport): string[] {
  if (worstLines.length === 0) return [];
  const shown = lineColumns.filter((of) => (of.classes ?? classes) === classes && (!of.coherence || cpus > 1));
  const all = misses(total)!;
  const rows = worstLines.map((of) => [
    of.address,
    thousands(of.misses),
    `${((100 * of.misses) / all).toFixed(2)} %`,
    ...shown.map(({ cell }) => cell(of)),
  ]);
  return [
    `lines with most misses, ${worstLines.length} of the ${thousands(missingLines)} that missed`,
    ...columns([['address', 'misses', 'of all', ...shown.map(({ heading }) => heading)], ...rows], 1),
  ];
}

/** Numbers in order, runs of them as a range: 0-2,5. */
function rangesText(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** What was read, as lines of a heading. */
export function traceFacts(read: TraceRead, accesses: number): [label: string, text: string | null][] {
  const { trace, cpus, from, warmUp, instructionFetches, otherRecords, foldedPages } = read;
  const left = [
    ...(instructionFetches > 0 ? [`${thousands(instructionFetches)} instruction fetches`] : []),
    ...(otherRecords > 0 ? [`${thousands(otherRecords)} prefetches, flushes, requests between caches`] : []),
  ];
  return [
    ['trace', `${trace}: ${thousands(warmUp + accesses)} accesses, ${cpus === 1 ? '1 CPU' : `${cpus} CPUs`}`],
    ['left out', left.length > 0 ? left.join('; ') : null],
    ['folded', foldedPages > 0 ? `${thousands(foldedPages)} pages of 64-bit addresses; counts are as without` : null],
    [
      'counted',
      from > 1 ? `from line ${from} on; the ${thousands(warmUp)} accesses before it warmed the caches` : null,
    ],
  ];
}

export const factLines = (facts: readonly (readonly [label: string, text: string | null])[]): string[] =>
  facts.flatMap(([label, text]) => (text === null ? [] : [`${label.padEnd(8)}  ${text}`]));

function heading(report: CacheReport): string[] {
  const { total, cpus, l1, policy, protocol, l2, classes } = report;
  const facts: [label: string, text: string | null][] = [
    ...traceFacts(report, total.accesses),
    [
      'cache',
      `L1 data, ${cpus === 1 ? '' : 'one a CPU, '}${sizeText(l1.size)}, ${l1.ways} ways, ${l1.sets} sets, lines of ${l1.line} bytes`,
    ],
    [
      'policy',
      `${policy}; ${protocol === 'write-through' ? 'write-through, no write-allocate' : 'write-back, write-allocate'}` +
        `${cpus === 1 || protocol === 'write-through' ? '' : `; ${protocol.toUpperCase()} on an atomic bus`}`,
    ],
    ['', l2 === null ? null : l2Text(l2)],
    [
      'classes',
      classes ? "capacity and conflict: Hill's 3C, against a fully associative LRU cache of the same size" : null,
    ],
    ...(classes && cpus > 1 ? sharing.map((text): [string, string] => ['', text]) : []),
  ];
  return factLines(facts);
}

function l2Text({ size, ways, policy, shared, inclusion }: SecondLevelGeometry): string {
  const held = inclusion === 'neither' ? 'neither inclusive nor exclusive' : inclusion;
  return `L2, ${shared ? 'shared' : 'one a CPU'}, ${sizeText(size)}, ${ways} ways, ${policy}; ${held}`;
}

const sharing = [
  'sharing, of words of 4 bytes: at the miss (Eggers and Jeremiassen 1991), by the words that the miss touches;',
  'over the stay (Dubois et al. 1993), by all that is touched until the line is lost: by any access, or by loads',
];
