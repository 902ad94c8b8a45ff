/** The recordings that are known, told apart by the names of their files or by what they hold, and how each is compared. */
import { InputError } from '../../base/input-error.ts';
import { jsonIn } from '../../base/parse-json.ts';
import { AccessList } from '../caches/memory-trace.ts';
import { looksLikeJsonTests, parseJsonTests } from '../litmus/json-tests.ts';
import { verifyDirected, verifyExpectedCoherence, verifyExpectedCounts } from './cache-counts.ts';
import { verifyLitmus } from './litmus.ts';
import { MissComparison, totalMisses } from './missed.ts';
import { type CaseOutcome, skippedCase } from './outcome.ts';
import { type AccessComparison, headerOf, verifyCase } from './recording.ts';
import { allRecordings } from './recordings.ts';
import { verifySlabinfo } from './slabinfo.ts';
import { TouchComparison, totalTouch } from './touched.ts';

/** Where files come from. All throw an InputError for one that is not there. */
export interface Files {
  /** Unpacked, where the name ends in .gz. */
  text(path: string): string;
  bytes(path: string): Uint8Array;
  json(path: string): unknown;
}

/** What to compare of a case's accesses, where they were recorded. */
export interface AccessOptions {
  readonly touch?: boolean;
  readonly misses?: boolean;
}

interface Format {
  /** By name, without .gz. */
  readonly matches: RegExp;
  /** Told by what the file holds, where its name does not tell. */
  readonly recognises?: (text: string) => boolean;
  readonly verify: (path: string) => Iterable<CaseOutcome>;
  /** The kernel's that has it; where it stands in a folder `linux-VERSION`, that one's. */
  readonly version?: string;
}

export const knownNames =
  'recordings are named case-*.jsonl, geometry.csv, layouts.json, expected.json, expected-coherence.json, ' +
  'directed-mesi.json, linux-*.txt or slabinfo*.txt (or these with .gz), or hold a case or litmus tests as JSON';

const isCase = (text: string) => {
  const header = jsonIn(text.slice(0, text.indexOf('\n')));
  return typeof header === 'object' && header !== null && 'kind' in header && header.kind === 'header';
};

/** One call: its files one after the other, and in the end what all of them came to together. */
export class Verification {
  readonly #files: Files;
  readonly #options: AccessOptions;
  readonly #formats: readonly Format[];
  readonly #touched: TouchComparison[] = [];
  readonly #missed: MissComparison[] = [];

  constructor(files: Files, options: AccessOptions) {
    this.#files = files;
    this.#options = options;
    const traceBeside = (path: string) => (name: string) => {
      const trace = `${path.replace(/[^\\/]*$/, '')}${name}.gz`;
      return AccessList.parse(files.bytes(trace), trace);
    };
    this.#formats = [
      { matches: /^case-.*\.jsonl$/, recognises: isCase, verify: (path) => this.#case(path) },
      ...allRecordings.flatMap(({ version, documents }) =>
        documents.map(({ name, recognises, verify }) => ({
          version,
          matches: new RegExp(`^${name.replace('.', '\\.')}$`),
          recognises,
          verify: (path: string) => verify(files.text(path), path),
        })),
      ),
      {
        matches: /^expected\.json$/,
        verify: (path) => verifyExpectedCounts(files.json(path), path, (name) => traceBeside(path)(`${name}.din`)),
      },
      {
        matches: /^expected-coherence\.json$/,
        verify: (path) => verifyExpectedCoherence(files.json(path), path, (name) => traceBeside(path)(`${name}.mp`)),
      },
      { matches: /^directed-mesi\.json$/, verify: (path) => verifyDirected(files.json(path), path) },
      {
        matches: /^(linux-|slabinfo).*\.txt$/,
        verify: (path) => [
          verifySlabinfo(files.text(path), path, path.replace(/\.txt(\.gz)?$/, '.json'), (sidecar) =>
            files.json(sidecar),
          ),
        ],
      },
      {
        matches: /^(litmus.*\.jsonl?|corpus\.jsonl|named\.json)$/,
        recognises: looksLikeJsonTests,
        verify: (path) => [verifyLitmus(parseJsonTests(files.text(path), path), `litmus/${lastName(path)}`)],
      },
    ];
  }

  /** Whether a file is a recording: by its name, or else by what it holds. */
  knows(path: string): boolean {
    return this.#formatOf(path) !== undefined;
  }

  verify(path: string): Iterable<CaseOutcome> {
    const kernel = folderVersion(path);
    if (kernel !== undefined && !allRecordings.some(({ version }) => `${version}.`.startsWith(`${kernel}.`))) {
      return [skippedCase(path, `kernel ${kernel} is not built yet`)];
    }
    const format = this.#formatOf(path);
    if (format === undefined) throw new InputError(path, 'not a recording that is known', knownNames);
    return format.verify(path);
  }

  /** What all cases came to together. */
  together(): CaseOutcome[] {
    return [totalTouch(this.#touched), totalMisses(this.#missed)].filter((outcome) => outcome !== null);
  }

  #formatOf(path: string): Format | undefined {
    const name = lastName(path).replace(/\.gz$/, '');
    const byName = this.#formats.filter(({ matches }) => matches.test(name));
    if (byName.length === 1 || (byName.length === 0 && !/\.jsonl?$/.test(name))) return byName[0];
    const text = this.#files.text(path);
    const recognising = (formats: readonly Format[]) => {
      const able = formats.filter(({ recognises }) => recognises?.(text));
      return able.find(({ version }) => version === folderVersion(path)) ?? able[0];
    };
    return byName.length === 0 ? recognising(this.#formats) : (recognising(byName) ?? byName[0]);
  }

  #case(path: string): CaseOutcome[] {
    const lines = this.#files.text(path).split('\n');
    const { allocator, case: name } = headerOf(lines, path);
    const recordings = allRecordings.find((each) => each.allocator.test(String(allocator)));
    if (recordings === undefined) {
      const known = typeof name === 'string' ? `linux-${allocator}/${name}` : path;
      return [skippedCase(known, `kernel ${allocator} is not built yet`)];
    }
    return verifyCase(recordings, lines, path, (caseName) => this.#comparisons(caseName));
  }

  #comparisons(caseName: string): AccessComparison[] {
    const { touch = false, misses = false } = this.#options;
    const touched = touch ? [new TouchComparison(`${caseName} touch`)] : [];
    const missed = misses ? [new MissComparison(`${caseName} misses`)] : [];
    this.#touched.push(...touched);
    this.#missed.push(...missed);
    return [...touched, ...missed];
  }
}

/** As the folder of a recording says it: 2.4.0 of linux-2.4.0. */
const folderVersion = (path: string) => /(?:^|[\\/])linux-([^\\/]+)[\\/][^\\/]*$/.exec(path)?.[1];

const lastName = (path: string) => path.replace(/^.*[\\/]/, '');
