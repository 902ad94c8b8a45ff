/**
 * /proc/slabinfo as Linux 2.6 prints it, versions 2.0 and 2.1: a header, a comment that names the columns, then a cache a line,
 * newest first, kmem_cache last.
 *
 *   filp   1218   1350   256   15   1 : tunables  120   60    8 : slabdata     90     90      0
 *
 * What a kernel cannot have printed is an InputError.
 */
import { InputError } from '../../../base/input-error.ts';

export interface SlabinfoRow {
  /** The line it stands on, counted from 1, and its text. */
  readonly number: number;
  readonly text: string;

  readonly name: string;
  readonly activeObjects: number;
  readonly objects: number;
  /** With alignment, red zones and all. */
  readonly objectSize: number;
  readonly objectsPerSlab: number;
  readonly pagesPerSlab: number;
  readonly limit: number;
  readonly batchcount: number;
  readonly shared: number;
  readonly activeSlabs: number;
  readonly slabs: number;
}

export interface Slabinfo {
  /** Built with CONFIG_DEBUG_SLAB. */
  readonly statistics: boolean;
  readonly rows: readonly SlabinfoRow[];
}

const numbers = (...columns: readonly string[]) => columns.map((column) => `(?<${column}>\\d{1,10})`).join('\\s+');
const cache = numbers('activeObjects', 'objects', 'objectSize', 'objectsPerSlab', 'pagesPerSlab');
// Kernels that call the first number of an array's its batchcount print the limit there all the same.
const tunables = numbers('limit', 'batchcount', 'shared');
const slabdata = numbers('activeSlabs', 'slabs', 'sharedAvailable');
const plain = `(?<name>\\S+)\\s+${cache}\\s*:\\s*tunables\\s+${tunables}\\s*:\\s*slabdata\\s+${slabdata}`;
/** A uniprocessor's and version 2.0 have fewer counts. */
const statistics = '\\s*:\\s*globalstat(?:\\s+\\d+){5,9}\\s*:\\s*cpustat(?:\\s+\\d+){4}';
const forms = { plain: new RegExp(`^${plain}$`), statistics: new RegExp(`^${plain}${statistics}$`) };

/** `file` names the dump in messages. */
export function parseSlabinfo(text: string, file: string): Slabinfo {
  const [header, ...lines] = text.trimEnd().split('\n');
  const parts = /^slabinfo - version: 2\.[01]( \(statistics\))?$/.exec(header.trimEnd());
  if (parts === null) {
    const right = 'the first line is "slabinfo - version: 2.1", then " (statistics)" of a debug kernel';
    throw new InputError(`${file}:1`, 'not the header of /proc/slabinfo', right);
  }
  if (!lines[0]?.startsWith('#')) {
    throw new InputError(`${file}:2`, 'no names of columns', 'the second line begins with "# name"');
  }
  if (lines.length === 1) throw new InputError(`${file}:2`, 'no caches after the header', 'give the whole dump');
  const form = parts[1] === undefined ? 'plain' : 'statistics';
  const rows = lines.slice(1).map((line, i) => rowOf(line.trim(), form, `${file}:${i + 3}`, i + 3));
  return { statistics: form === 'statistics', rows };
}

function rowOf(text: string, form: keyof typeof forms, place: string, number: number): SlabinfoRow {
  const columns = forms[form].exec(text)?.groups;
  if (columns === undefined) {
    const right =
      'name, 5 numbers : tunables, 3 numbers : slabdata, 3 numbers, and of statistics globalstat and cpustat';
    throw new InputError(place, `not a cache: ${JSON.stringify(text.slice(0, 80))}`, right);
  }
  const row: SlabinfoRow = {
    number,
    text,
    name: columns.name,
    activeObjects: Number(columns.activeObjects),
    objects: Number(columns.objects),
    objectSize: Number(columns.objectSize),
    objectsPerSlab: Number(columns.objectsPerSlab),
    pagesPerSlab: Number(columns.pagesPerSlab),
    limit: Number(columns.limit),
    batchcount: Number(columns.batchcount),
    shared: Number(columns.shared),
    activeSlabs: Number(columns.activeSlabs),
    slabs: Number(columns.slabs),
  };
  check(row, place);
  return row;
}

function check(row: SlabinfoRow, place: string): void {
  const { activeObjects, objects, objectSize, objectsPerSlab, pagesPerSlab, limit, batchcount } = row;
  const { activeSlabs, slabs } = row;
  if (objectSize === 0) throw new InputError(place, 'objects of 0 bytes', 'the third number is the size of an object');
  if (pagesPerSlab === 0 || pagesPerSlab > 32 || (pagesPerSlab & (pagesPerSlab - 1)) !== 0) {
    throw new InputError(place, `${pagesPerSlab} pages per slab`, 'a slab has 1, 2, 4, 8, 16 or 32');
  }
  if (objects !== slabs * objectsPerSlab) {
    const problem = `${objects} objects in ${slabs} slabs of ${objectsPerSlab}`;
    throw new InputError(place, problem, 'the second number is the product of the others');
  }
  if (activeObjects > objects) {
    throw new InputError(place, `${activeObjects} active objects of ${objects}`, 'no more can be active');
  }
  if (activeSlabs > slabs)
    throw new InputError(place, `${activeSlabs} active slabs of ${slabs}`, 'no more can be active');
  if (batchcount > limit) {
    throw new InputError(place, `batchcount ${batchcount} above limit ${limit}`, 'it is at most the limit');
  }
}
