/** An experiment's results as text for a terminal. */

import { groupBy } from '../base/group-by.ts';
import type { Comparison } from '../lab/results/compare.ts';
import { combinationOf, valuesOf } from '../lab/results/points.ts';
import type { Results, TraceReport } from '../lab/results/results.ts';
import type { TouchSummary } from '../lab/traces/allocation-trace.ts';
import { answerOf, differencesOf, inShort, questionOf, timeAnswerOf } from './answer.ts';
import { comparisonsNote, comparisonTable, ownersLines } from './comparison-tables.ts';
import { countsTables } from './counts-tables.ts';
import { thousands, wrap } from './figures.ts';
import { BOLD, DIM, type Line, PLAIN, paragraph, RED, textWidth } from './lines.ts';
import { columns } from './text-table.ts';
import {
  alikeOf,
  byAxis,
  caveatOf,
  changesOf,
  effectsOf,
  layoutOf,
  passedOverOf,
  reachOf,
  seedsOf,
  specificationOf,
  touchesToldOf,
  warningsOf,
} from './wording.ts';

export interface TableOptions {
  readonly colour?: boolean;
  /** Columns of the terminal: tables leave out what has no room. */
  readonly width?: number;
  /** Last is where a terminal's reader looks, first is where a file's does. */
  readonly answer?: 'first' | 'last';
  /** The answer, and the comparison that it is from. */
  readonly brief?: boolean;
}

export function resultsTable(results: Results, options: TableOptions = {}): string {
  const { colour = false, width = Number.POSITIVE_INFINITY, answer = 'last', brief: isBrief = false } = options;
  const { points, comparisons } = results;
  const axes = byAxis(comparisons);
  const concluded = axes.length === 0 ? [] : conclusion(axes, results, { width, isBrief });
  const tables = isBrief
    ? axes.slice(0, 1).map((of) => comparisonTable(of, width))
    : [
        ...countsTables(results, width),
        ...axes.map((of) => comparisonTable(of, width)),
        comparisons.length === 0 ? [] : comparisonsNote(comparisons, width),
        ownersLines(axes[0] ?? []),
      ];
  const sections: Line[][] = [
    heading(results, width, isBrief),
    warningsOf(points).flatMap((warning) => paragraph(warning, RED, width)),
    ...(answer === 'first' ? [concluded, ...tables] : [...tables, concluded]),
  ];
  const paint = ([text, style]: Line) => (colour && style !== PLAIN ? `\u001b[${style}m${text}\u001b[0m` : text);
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.map(paint).join('\n')}\n`)
    .join('\n');
}

// --- What was run --------------------------------------------------------------------------------------------------

function heading(results: Results, width: number, isBrief: boolean): Line[] {
  const { name, machine, trace, traces = trace === null ? [] : [trace] } = results;
  const facts: [label: string, items: string[]][] = [
    ['machine', machine.split(', ')],
    ...traces.flatMap((of) => (isBrief ? [['trace', [of.name]] as [string, string[]]] : traceFacts(of, results))),
    ['touches', touchesToldOf(results)],
    ['seeds', [seedsOf(results)]],
    ...(isBrief ? [] : alwaysFacts(results)),
    ['specification', [specificationOf(results)]],
  ];
  const rows = facts.flatMap(([label, items]) => listed(items, width).map((line, i) => [i > 0 ? '' : label, line]));
  return [[name, BOLD], ...columns(rows, 2).map((line) => [line, PLAIN] as const)];
}

/** Keys that could vary and do not, where others do: tables leave them out. */
function alwaysFacts({ points }: Results): [label: string, items: string[]][] {
  const combinations = points.map(({ point }) => combinationOf(point));
  const keys = Object.keys(combinations[0] ?? {}).filter((key) => key !== 'touch');
  const fixed = keys.filter((key) => valuesOf(combinations, key).length === 1);
  return fixed.length === keys.length ? [] : [['throughout', fixed.map((key) => `${key} ${combinations[0]![key]}`)]];
}

function traceFacts(trace: TraceReport, results: Results): [label: string, items: string[]][] {
  const traced = [
    `${trace.name}: ${trace.format}`,
    `${thousands(trace.events)} events`,
    ...ifAny(trace.bornBefore, 'objects born before'),
    trace.threads === 1 ? '1 thread' : `${thousands(trace.threads)} threads`,
    `${thousands(trace.allocations)} allocations`,
    `${thousands(trace.frees)} frees`,
    ...ifAny(trace.resizes, 'of both by resizing'),
    ...ifAny(trace.pageAllocations, 'taking whole pages'),
    ...ifAny(trace.unseenFrees, 'unseen frees'),
    `${thousands(trace.liveAtEnd)} objects live at the end`,
    `${thousands(trace.peakLiveBytes)} bytes at most`,
  ];
  const { touches } = trace;
  const skipped = Object.entries({
    ...trace.skipped,
    'touches of objects left out': touches?.skipped ?? 0,
    'other tracepoint': trace.otherTracepoints,
    'line of no known form': trace.otherLines,
  }).filter(([, events]) => events > 0);
  const renamed = trace.caches.filter((cache) => cache.name !== cache.recordedName);
  return [
    ['trace', traced],
    ['recorded', touches === undefined ? [] : touchFacts(touches)],
    ['passed over', passedOverOf(results, trace)],
    ['skipped', skipped.map(([reason, events]) => `${reason} (${thousands(events)})`)],
    ['lost', ifAny(trace.lostEvents, 'dropped by the recorder')],
    [
      'assumed',
      [
        ...ifAny(trace.unknownFlags, 'with gfp_flags in numbers able to wait'),
        ...ifAny(trace.cachesOfSeveralSizes, 'asked for several sizes to be caches of the largest'),
      ],
    ],
    ['renamed', renamed.map((cache) => `${cache.recordedName} -> ${cache.name}`)],
  ];
}

const touchFacts = ({ reads, writes, modifies, inBornBefore, sites, functions }: TouchSummary): string[] => [
  `${thousands(reads + writes + modifies)} touches`,
  ...[`${thousands(reads)} reads`, `${thousands(writes)} writes`, `${thousands(modifies)} of both at once`],
  ...ifAny(inBornBefore, 'in objects born before'),
  `${thousands(sites)} sites`,
  ...ifAny(functions, 'functions'),
];

const ifAny = (count: number, what: string): string[] => (count > 0 ? [`${thousands(count)} ${what}`] : []);

/** Broken between items only. */
const listed = (items: readonly string[], width: number): string[] =>
  wrap(
    items.map((item, i) => (i < items.length - 1 ? `${item},` : item)),
    (line) => line.length <= textWidth(width) - 'specification  '.length,
  );

// --- The answer ----------------------------------------------------------------------------------------------------

/** So many groups of cases are told one by one; where there are more, the tables have them. */
const GROUPS = 4;

function conclusion(
  [comparisons, ...others]: readonly (readonly Comparison[])[],
  results: Results,
  { width, isBrief }: { readonly width: number; readonly isBrief: boolean },
): Line[] {
  const said = (sentence: string, style = PLAIN) => paragraph(sentence, style, width);
  const layout = layoutOf(comparisons);
  const groups = [...groupBy(comparisons, layout.groupOf)];
  const time = timeAnswerOf(comparisons);
  return [
    [questionOf(comparisons), BOLD],
    ...said(`${answerOf(comparisons)}.`, BOLD),
    ...(time === '' ? [] : said(`${time}.`, BOLD)),
    ...differencesOf(comparisons).flatMap((sentence) => said(sentence)),
    ...(isBrief || groups.length > GROUPS ? [] : groups).flatMap(([group, members]) => {
      const told = [effectsOf(members, layout), changesOf(members)].filter((text) => text !== '').join('; ');
      return said(`${group === '' ? '' : `${group}: `}${told}.`);
    }),
    ...[...reachOf(comparisons, results.measures), ...alikeOf(comparisons)].flatMap((sentence) => said(sentence)),
    ...others.flatMap((of) => said(inShort(of))),
    ...said(caveatOf(comparisons, results), DIM),
  ];
}
