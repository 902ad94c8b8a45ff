/**
 * /proc/slabinfo as Linux 2.4 prints it, version 1.1: a header, then a cache a line, newest first after kmem_cache.
 *
 *   skbuff_head_cache    822   1200    160   49   50    1 :  252  126
 *
 * Groups of numbers are parted by colons; the header tells which there are. A name may hold blanks, slashes and
 * brackets, so the first group is read from the right. Blanks count for nothing else: mails lose and gain them. What a
 * kernel cannot have printed is an InputError.
 */
import { InputError } from '../../base/input-error.ts';

export interface SlabinfoRow {
  /** The line it stands on, counted from 1, and its text. */
  readonly number: number;
  readonly text: string;

  readonly name: string;
  readonly activeObjects: number;
  readonly objects: number;
  /** After alignment and with red zones: not what kmem_cache_create() was asked for. */
  readonly objectSize: number;
  readonly activeSlabs: number;
  readonly slabs: number;
  readonly pagesPerSlab: number;
  /** Of the per-CPU arrays; null without SMP. */
  readonly arrays: { readonly limit: number; readonly batchcount: number } | null;
}

export interface Slabinfo {
  /** Built with CONFIG_DEBUG_SLAB. */
  readonly statistics: boolean;
  readonly smp: boolean;
  readonly rows: readonly SlabinfoRow[];
}

const slabColumns = ['active objects', 'objects', 'object size', 'active slabs', 'slabs', 'pages per slab'];
const statisticsColumns = ['high mark', 'allocations', 'grown', 'reaped', 'errors'];
const arrayColumns = ['limit', 'batchcount'];
const hitColumns = ['allochit', 'allocmiss', 'freehit', 'freemiss'];

/** The case's name, from that of its file. */
export const dumpName = (file: string) => `slabinfo/${file.replace(/^.*[\\/]/, '').replace(/\.txt(\.gz)?$/, '')}`;

/** The version in the first line, as "1.1" or "2.0". */
export function slabinfoVersion(text: string, file: string): string {
  const header = /^slabinfo - version: (\d+\.\d+)(?= |$)/.exec(text.split('\n', 1)[0].trimEnd());
  if (header === null) throw notAHeader(file);
  return header[1];
}

/** Reads a dump of version 1.1; `file` names it in messages. */
export function parseSlabinfo(text: string, file: string): Slabinfo {
  const [header, ...lines] = text.trimEnd().split('\n');
  const parts = /^slabinfo - version: 1\.1( \(statistics\))?( \(SMP\))?$/.exec(header!.trimEnd());
  if (parts === null) throw notAHeader(file);
  const statistics = parts[1] !== undefined;
  const smp = parts[2] !== undefined;
  const groups = [
    slabColumns,
    ...(statistics ? [statisticsColumns] : []),
    ...(smp ? [arrayColumns] : []),
    ...(statistics && smp ? [hitColumns] : []),
  ];
  if (lines.length === 0) throw new InputError(`${file}:1`, 'no caches after the header', 'give the whole dump');
  return { statistics, smp, rows: lines.map((line, i) => new Line(line.trim(), file, i + 2, groups).row()) };
}

export const notAHeader = (file: string) =>
  new InputError(
    `${file}:1`,
    'not the header of /proc/slabinfo',
    'the first line is "slabinfo - version: 1.1", then " (statistics)" of a debug kernel, then " (SMP)"',
  );

class Line {
  readonly #text: string;
  readonly #file: string;
  readonly #number: number;
  readonly #groups: readonly (readonly string[])[];

  constructor(text: string, file: string, number: number, groups: readonly (readonly string[])[]) {
    this.#text = text;
    this.#file = file;
    this.#number = number;
    this.#groups = groups;
  }

  row(): SlabinfoRow {
    const { name, numbers } = this.#columns();
    const value = (column: string) => numbers.get(column)!;
    const row: SlabinfoRow = {
      number: this.#number,
      text: this.#text,
      name,
      activeObjects: value('active objects'),
      objects: value('objects'),
      objectSize: value('object size'),
      activeSlabs: value('active slabs'),
      slabs: value('slabs'),
      pagesPerSlab: value('pages per slab'),
      arrays: numbers.has('limit') ? { limit: value('limit'), batchcount: value('batchcount') } : null,
    };
    this.#check(row);
    return row;
  }

  #columns(): { name: string; numbers: ReadonlyMap<string, number> } {
    const columns = this.#groups.flat();
    const printed = this.#groups.map((group) => group.map(() => '(\\d{1,10})').join('\\s+')).join('\\s+:\\s+');
    const match = new RegExp(`^(\\S|\\S.*?\\S)\\s+${printed}$`).exec(this.#text);
    if (match === null || this.#holdsNumbers(match[1])) {
      const whole = this.#groups.map((group) => group.join(', ')).join(' : ');
      throw this.#error(`not a cache: ${JSON.stringify(this.#text.slice(0, 80))}`, `expected name, ${whole}`);
    }
    return { name: match[1], numbers: new Map(columns.map((column, i) => [column, Number(match[i + 2])])) };
  }

  /**
   * Whether what stands before the numbers is a name and a number too many. A name may well end in a number, but only
   * the kernel's own padding tells.
   */
  #holdsNumbers(name: string): boolean {
    return /\s\s/.test(name) || (/\s\d+$/.test(name) && !this.#text.startsWith(`${name.padEnd(17)} `));
  }

  #check({ activeObjects, objects, objectSize, activeSlabs, slabs, pagesPerSlab, arrays }: SlabinfoRow): void {
    if (objectSize === 0) throw this.#error('objects of 0 bytes', 'the third number is the size of an object');
    if (pagesPerSlab === 0 || pagesPerSlab > 32 || (pagesPerSlab & (pagesPerSlab - 1)) !== 0) {
      throw this.#error(`${pagesPerSlab} pages per slab`, 'a slab has 1, 2, 4, 8, 16 or 32');
    }
    if (activeSlabs > slabs) throw this.#error(`${activeSlabs} active slabs of ${slabs}`, 'no more can be active');
    if (slabs === 0 ? objects > 0 : objects === 0 || objects % slabs !== 0) {
      throw this.#error(`${objects} objects in ${slabs} slabs`, 'all slabs of a cache hold the same number, 1 or more');
    }
    const most = slabs === 0 ? 0 : (objects / slabs) * activeSlabs;
    if (activeObjects < activeSlabs || activeObjects > most) {
      const right = `an active slab of this cache has 1 to ${most / activeSlabs || 0} active objects`;
      throw this.#error(`${activeObjects} active objects in ${activeSlabs} active slabs`, right);
    }
    if (arrays !== null && arrays.batchcount > arrays.limit) {
      throw this.#error(`batchcount ${arrays.batchcount} above limit ${arrays.limit}`, 'it is at most the limit');
    }
  }

  #error(problem: string, remedy: string): InputError {
    return new InputError(`${this.#file}:${this.#number}`, problem, remedy);
  }
}
