/** `slabscope verify PATH...`: replays recorded truth and prints, per case, what was compared and what differed. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { AccessList } from '../lab/caches/memory-trace.ts';
import { looksLikeJsonTests, parseJsonTests } from '../lab/litmus/json-tests.ts';
import {
  type DirectedCases,
  type ExpectedCoherence,
  type ExpectedCounts,
  verifyDirected,
  verifyExpectedCoherence,
  verifyExpectedCounts,
} from '../lab/verify/cache-counts.ts';
import { verifyGeometry } from '../lab/verify/geometry.ts';
import { verifyLayouts } from '../lab/verify/layouts.ts';
import { verifyLinuxCase } from '../lab/verify/linux-case.ts';
import { verifyLitmus } from '../lab/verify/litmus.ts';
import { type CaseOutcome, passed, skippedCase } from '../lab/verify/outcome.ts';
import { verifySlabinfo } from '../lab/verify/slabinfo.ts';
import { kernels } from '../slab/kernels.ts';
import { isDirectory, parseJson, readText, readUnpacked } from './files.ts';
import { Progress } from './progress.ts';

/** One kind of recording: how its files are named, or what they begin with, and how one is compared. */
interface Format {
  readonly matches: RegExp;
  /** Told by what the file holds, where its name does not tell. */
  readonly recognises?: (path: string) => boolean;
  readonly verify: (path: string, touch: boolean) => Iterable<CaseOutcome>;
}

const formats: readonly Format[] = [
  {
    matches: /^case-.*\.jsonl(\.gz)?$/,
    verify: (path, touch) => verifyLinuxCase(readText(path).split('\n'), path, touch),
  },
  { matches: /^geometry\.csv(\.gz)?$/, verify: (path) => verifyGeometry(readText(path).split('\n'), path) },
  {
    matches: /^layouts\.json(\.gz)?$/,
    verify: (path) => verifyLayouts(documentWith(path, 'configs') as Parameters<typeof verifyLayouts>[0]),
  },
  {
    matches: /^expected\.json(\.gz)?$/,
    verify: (path) => {
      const traces = documentWith(path, 'traces') as ExpectedCounts['traces'];
      return verifyExpectedCounts({ traces }, (trace) => readTrace(join(dirname(path), `${trace}.din.gz`)));
    },
  },
  {
    matches: /^expected-coherence\.json(\.gz)?$/,
    verify: (path) => {
      const traces = documentWith(path, 'traces') as ExpectedCoherence['traces'];
      return verifyExpectedCoherence({ traces }, (trace) => readTrace(join(dirname(path), `${trace}.mp.gz`)));
    },
  },
  {
    matches: /^directed-mesi\.json(\.gz)?$/,
    verify: (path) => {
      documentWith(path, 'cases');
      return verifyDirected(parseJson(path) as DirectedCases);
    },
  },
  {
    matches: /^(linux-|slabinfo).*\.txt(\.gz)?$/,
    verify: (path) => [verifySlabinfo(readText(path), path, path.replace(/\.txt(\.gz)?$/, '.json'), parseJson)],
  },
  {
    matches: /^(litmus.*\.jsonl?|corpus\.jsonl|named\.json)(\.gz)?$/,
    recognises: (path) => /\.jsonl?(\.gz)?$/.test(path) && looksLikeJsonTests(readText(path)),
    verify: (path) => [verifyLitmus(parseJsonTests(readText(path), path), `litmus/${basename(path)}`)],
  },
];

/** The member `key` of a JSON document, which must have it. */
function documentWith(path: string, key: string): unknown {
  const document = parseJson(path) as Record<string, unknown> | null;
  if (typeof document?.[key] !== 'object') {
    throw new InputError(path, `no "${key}"`, `a recording of this name holds "${key}"`);
  }
  return document[key];
}

const readTrace = (path: string) => AccessList.parse(readUnpacked(path), path);

/** The recordings that a path means: the file itself, or those in the folder and below. */
function* recordings(path: string): Generator<string> {
  if (!isDirectory(path)) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) yield* recordings(inside);
    else if (formatOf(inside) !== undefined) yield inside;
  }
}

const knownNames =
  'recordings are named case-*.jsonl, geometry.csv, layouts.json, expected.json, expected-coherence.json, ' +
  'directed-mesi.json, linux-*.txt or slabinfo*.txt (or these with .gz), or hold litmus tests as JSON';

const formatOf = (path: string) =>
  formats.find(({ matches }) => matches.test(basename(path))) ?? formats.find(({ recognises }) => recognises?.(path));

/** The kernel whose recordings a folder holds, by its name; null where it names none. */
const kernelOf = (path: string) => /^linux-(.+)$/.exec(basename(dirname(path)))?.[1] ?? null;

function outcomesOf(file: string, touch: boolean): Iterable<CaseOutcome> {
  const kernel = kernelOf(file);
  if (kernel !== null && !kernels.has(kernel)) {
    return [skippedCase(file, `kernel ${kernel} is not built yet`)];
  }
  const format = formatOf(file);
  if (format === undefined) throw new InputError(file, 'not a recording that is known', knownNames);
  return format.verify(file, touch);
}

export interface VerifyOptions {
  /** Print the outcomes as JSON. */
  readonly json?: boolean;
  /** Compare the memory touched by each operation, where it was recorded. */
  readonly touch?: boolean;
}

/** Prints the outcomes as they come; true if every case that ran passed. */
export function verify(paths: readonly string[], options: VerifyOptions, print: (line: string) => void): boolean {
  const { json = false, touch = false } = options;
  const outcomes: CaseOutcome[] = [];
  for (const path of paths) {
    const files = [...recordings(path)];
    if (files.length === 0) {
      throw new InputError(path, 'no recording in this folder', knownNames);
    }
    const progress = new Progress('files', files.length, 2000);
    for (const file of files) {
      for (const outcome of outcomesOf(file, touch)) {
        outcomes.push(outcome);
        if (json) continue;
        progress.end();
        print(describe(outcome));
      }
      progress.step();
    }
    progress.end();
  }
  const count = (test: (outcome: CaseOutcome) => boolean) => outcomes.filter(test).length;
  const skipped = count((outcome) => outcome.skipped !== null);
  const failed = count((outcome) => outcome.differences > 0);
  if (json) print(JSON.stringify({ outcomes }, null, 2));
  else print(`${count(passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0;
}

function describe({ name, compared, unit, differences, first, skipped, detail }: CaseOutcome): string {
  const more = detail === undefined ? '' : `; ${detail}`;
  if (skipped !== null) return `skipped  ${name}: ${skipped}`;
  if (first === null) return `passed   ${name}: ${compared} ${unit}${more}`;
  return [
    `FAILED   ${name}: ${differences} of ${compared} ${unit} differ; first ${first.where}${more}`,
    `  expected ${JSON.stringify(first.expected)}`,
    `  got      ${JSON.stringify(first.got)}`,
  ].join('\n');
}
