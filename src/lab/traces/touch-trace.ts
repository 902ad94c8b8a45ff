/**
 * An allocation trace with every touch of its objects (docs/traces.md tells the form; ../shared/real/touch/README.md how such
 * traces were recorded):
 *
 *   # touch trace 1            the first line; others with # are a header
 *   c CACHE BYTES NAME         a cache; 0 is malloc, and has no line
 *   n FN NAME                  a function
 *   b ID CACHE BYTES           an object that was there before
 *   t THREAD CPU               who does what follows
 *   a ID CACHE BYTES FLAGS FN  an allocation
 *   f ID FN                    a free
 *   s KIND OFFSET BYTES COUNT FN   a site
 *   SITE ID                    a visit: the accesses of that site in that object; without ID in the object of the line before
 *
 * Nothing of it is guessed, and nothing forgiven: what does not fit the rest is an error, and so is a file that holds less than
 * its header counts.
 */
import { Column } from '../../base/column.ts';
import { InputError } from '../../base/input-error.ts';
import { roundUp } from '../../kernel/struct.ts';
import type { Limits } from '../../slab/kernel-facts.ts';
import {
  type AllocationTrace,
  TraceBuilder,
  type TraceCache,
  type TraceContext,
  type TracedAllocation,
  type TraceParser,
} from './allocation-trace.ts';
import { eachOperation } from './operations.ts';
import type { Runs, Sites, Touches } from './touches.ts';

const firstLine = /^# touch trace (\S+)\s*$/;
const VERSION = '1';

export const isTouchTraceLine = (line: string): boolean => firstLine.test(line);

/** An access may reach to the next multiple of this behind its object. */
const REACH = 8;
const WIDEST = 8;
/** What is known of an ID that is not live: its object was freed. Of one that is, how far accesses reach. */
const FREED = -1;
/** In place of an object's number: it is left out. */
const LEFT_OUT = -1;

/** As touchKinds. */
const KINDS = ['r', 'w', 'm'];
const [DIGIT_0, BLANK] = [48, 32];
const NUMBER = /^\d{1,10}$/;
const LARGEST = 2 ** 31 - 1;

export class TouchTraceParser implements TraceParser {
  readonly #file: string;
  readonly #builder: TraceBuilder;
  readonly #caches = new Map<number, { readonly name: string; readonly bytes: number }>();
  readonly #functions = [''];
  readonly #sites = new SiteWriter();
  readonly #visits = new VisitWriter();
  readonly #allocatedBy = new Column(Int32Array);
  /** By ID: bytes from the object's start that may be touched, or FREED; and the object's number, or LEFT_OUT. */
  readonly #reach = new Column(Int32Array);
  readonly #objects = new Column(Int32Array);
  readonly #readers = new Map<string, (fields: readonly string[]) => void>([
    ['c', (fields) => this.#cache(fields)],
    ['n', (fields) => this.#name(fields)],
    ['s', (fields) => this.#site(fields)],
    ['b', (fields) => this.#born(fields)],
    ['t', (fields) => this.#thread(fields)],
    ['a', (fields) => this.#allocate(fields)],
    ['f', (fields) => this.#free(fields)],
  ]);
  #ids = 0;
  /** Of the line before. */
  #last = -1;
  #context: TraceContext = { task: 0, name: '0', cpu: 0 };
  #begun = false;
  #lines = 0;
  /** The largest number of a function that had no line when it was used, and where that was. */
  #unnamed = { fn: 0, line: 0 };
  /** What the header counts, by name. */
  #stated: Readonly<Record<string, number>> = {};
  readonly #read = { born: 0, allocations: 0, frees: 0, unseen: 0 };
  /** Accesses, by kind: all, those of objects that are left out, and those of objects born before. */
  readonly #accesses = [0, 0, 0];
  #skipped = 0;
  #inBornBefore = 0;

  constructor(file: string, limits: Limits) {
    this.#file = file;
    this.#builder = new TraceBuilder(limits);
  }

  line(text: string): void {
    this.#lines++;
    if (!this.#visit(text)) this.#other(text.trimEnd());
  }

  /** A line of one or two numbers; false where it is none. */
  #visit(text: string): boolean {
    const { length } = text;
    let at = 0;
    let site = 0;
    for (; at < length; at++) {
      const digit = text.charCodeAt(at) - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      site = 10 * site + digit;
    }
    if (at === 0) return false;
    let id = this.#last;
    if (at < length) {
      if (text.charCodeAt(at) !== BLANK || ++at === length) return false;
      id = 0;
      for (; at < length; at++) {
        const digit = text.charCodeAt(at) - DIGIT_0;
        if (digit < 0 || digit > 9) return false;
        id = 10 * id + digit;
      }
      this.#last = id;
    }
    const sites = this.#sites;
    if (site >= sites.length)
      this.#fail(`site ${site}`, `sites are defined before they are used, so far ${sites.length}`);
    if (id < 0 || id >= this.#ids) this.#unknownObject(id);
    const end = sites.end.get(site);
    if (end > this.#reach.get(id)) this.#outside(site, id);
    const count = sites.count.get(site);
    this.#accesses[sites.kind.get(site)] += count;
    const object = this.#objects.get(id);
    if (object === LEFT_OUT) this.#skipped += count;
    else {
      if (id < this.#read.born) this.#inBornBefore += count;
      if (!this.#visits.inRun) this.#visits.beginRun(this.#builder, this.#context);
      this.#visits.push(site, object);
    }
    this.#begun = true;
    return true;
  }

  #other(text: string): void {
    const fields = text.split(' ');
    const read = this.#readers.get(fields[0]);
    if (read !== undefined) read(fields);
    else if (text.startsWith('#')) this.#header(text);
    // Behind a visit there may be blanks, or a line may end as on Windows.
    else if (text !== '' && !this.#visit(text))
      this.#malformed(text, 'SITE ID, or a line that begins with #, c, n, b, t, a, f or s');
  }

  #header(text: string): void {
    const [, version] = this.#lines === 1 ? (firstLine.exec(text) ?? []) : [];
    if (version !== undefined && version !== VERSION)
      this.#fail(`a touch trace of version ${version}`, `version ${VERSION} is read here`);
    if (/^# \d+ objects? born before,/.test(text)) this.#stated = countsIn(text);
  }

  #cache(fields: readonly string[]): void {
    const [cache, bytes] = this.#numbers(fields, [1, 2], 4, 'c CACHE BYTES NAME');
    if (cache === MALLOC || this.#caches.has(cache))
      this.#fail(`cache ${cache} a second time`, 'each has one line, and 0 none');
    this.#caches.set(cache, { name: fields[3], bytes });
  }

  #name(fields: readonly string[]): void {
    const [fn] = this.#numbers(fields, [1], 3, 'n FN NAME');
    if (fn !== this.#functions.length)
      this.#fail(`function ${fn}`, `they count up, and the next is ${this.#functions.length}`);
    this.#functions.push([...fields[2]].join(''));
  }

  #site(fields: readonly string[]): void {
    const form = 's KIND OFFSET BYTES COUNT FN';
    const kind = KINDS.indexOf(fields[1]);
    if (kind < 0) this.#malformed(fields.join(' '), form);
    const [offset, bytes, count, fn = 0] = this.#numbers(fields, [2, 3, 4, 5], 6, form);
    const end = offset + bytes * count;
    if (bytes < 1 || bytes > WIDEST || count < 1 || end > LARGEST)
      this.#fail(
        `a site of ${count} accesses of ${bytes} bytes`,
        `one has at least one access, of 1 to ${WIDEST} bytes`,
      );
    this.#sites.push({ kind, offset, bytes, count, fn: this.#function(fn), end });
  }

  #born(fields: readonly string[]): void {
    const [id, cache, bytes] = this.#numbers(fields, [1, 2, 3], 4, 'b ID CACHE BYTES');
    if (this.#begun) this.#fail('an object born before, behind the first event', 'all of them stand before it');
    const allocation = this.#allocation(cache, bytes, false);
    this.#newObject(id, bytes, 0, () => this.#builder.born(id, allocation));
    this.#read.born++;
  }

  #thread(fields: readonly string[]): void {
    const [thread, cpu] = this.#numbers(fields, [1, 2], 3, 't THREAD CPU');
    if (cpu > MAX_CPU) this.#fail(`CPU ${cpu}`, `they are numbered from 0 to ${MAX_CPU}`);
    // A kernel's thread 0 is idle, one a CPU; as it calls that of CPU 1.
    const idle = thread === 0 && this.#caches.size > 0;
    this.#context = idle
      ? { task: `swapper/${cpu}`, name: `swapper/${cpu}-0`, cpu }
      : { task: thread, name: `thread-${thread}`, cpu };
    this.#visits.endRun();
  }

  #allocate(fields: readonly string[]): void {
    const form = 'a ID CACHE BYTES FLAGS FN';
    const [id, cache, bytes, fn = 0] = this.#numbers(fields, [1, 2, 3, 5], 6, form);
    const flags = fields[4];
    if (!/^(-|[znrl]+)$/.test(flags)) this.#malformed(fields.join(' '), `${form}, FLAGS - or of z, n, r, l`);
    const allocation = this.#allocation(cache, bytes, flags.includes('n'));
    this.#begun = true;
    this.#visits.endRun();
    this.#newObject(id, bytes, this.#function(fn), () => this.#builder.allocate(id, allocation, this.#context));
    this.#read.allocations++;
  }

  #free(fields: readonly string[]): void {
    const unseen = fields[2] === 'u';
    const [id, fn = 0] = this.#numbers(fields, unseen ? [1] : [1, 2], unseen ? fields.length : 3, 'f ID FN');
    this.#function(fn);
    if (id >= this.#ids) this.#unknownObject(id);
    if (this.#reach.get(id) === FREED) this.#fail(`a free of object ${id}, which is freed already`, REMEDY);
    this.#begun = true;
    this.#visits.endRun();
    this.#reach.set(id, FREED);
    this.#read.frees++;
    if (unseen) {
      this.#read.unseen++;
      this.#builder.freeUnseen(id, this.#context);
    } else this.#builder.free(id, 'kmem_cache_free', this.#context);
  }

  /** Objects of a cache are as large as accesses reach. */
  #allocation(cacheNumber: number, bytes: number, atomic: boolean): TracedAllocation {
    const cache = this.#caches.get(cacheNumber);
    if (cache === undefined && cacheNumber !== MALLOC)
      this.#fail(`cache ${cacheNumber}`, 'a cache has its line before its first object: c CACHE BYTES NAME');
    if (cache === undefined || isKmalloc(cache.name)) return { cache: undefined, size: bytes, atomic, dma: false };
    const size = roundUp(Math.max(bytes, cache.bytes), REACH);
    return { cache: cache.name, cacheNumber, size, atomic, dma: false };
  }

  #newObject(id: number, bytes: number, fn: number, create: () => number | null): void {
    if (id !== this.#ids) {
      const remedy = `they count up from 0 and are never used again, and the next is ${this.#ids}`;
      this.#fail(id < this.#ids ? `object ${id} a second time` : `object ${id}`, remedy);
    }
    const object = create();
    this.#ids++;
    this.#last = id;
    this.#reach.set(id, roundUp(bytes, REACH));
    this.#objects.set(id, object ?? LEFT_OUT);
    if (object !== null) this.#allocatedBy.set(object, fn);
  }

  /** The fields at `places`, of which the last, that of a function, may be missing where there are `length` of all. */
  #numbers(fields: readonly string[], places: readonly number[], length: number, form: string): number[] {
    const mayLack = places.at(-1) === length - 1 && form.endsWith('FN');
    if (fields.length !== length && !(mayLack && fields.length === length - 1)) this.#malformed(fields.join(' '), form);
    const given = places.filter((place) => place < fields.length).map((place) => fields[place]);
    if (!given.every((text) => NUMBER.test(text) && Number(text) <= LARGEST)) this.#malformed(fields.join(' '), form);
    return given.map(Number);
  }

  /** A function's line may come behind its first use, but come it must. */
  #function(fn: number): number {
    if (fn >= Math.max(this.#functions.length, this.#unnamed.fn + 1)) this.#unnamed = { fn, line: this.#lines };
    return fn;
  }

  finish(): AllocationTrace {
    this.#checkWhole();
    const lines = this.#lines;
    const [reads, writes, modifies] = this.#accesses;
    const [skipped, inBornBefore] = [this.#skipped, this.#inBornBefore];
    const functions = this.#functions;
    const sites = this.#sites.finish();
    const touches: Touches = {
      ...this.#visits.finish(),
      sites,
      functions,
      allocatedBy: this.#allocatedBy.first(this.#ids),
    };
    const counts = { reads, writes, modifies, skipped, inBornBefore };
    const trace = this.#builder.finish(
      { file: this.#file, format: 'touch trace', lines, otherLines: 0, otherTracepoints: 0, lostEvents: 0 },
      { cpus: 1, unknownFlags: 0 },
      { touches, summary: { ...counts, sites: sites.length, functions: functions.length - 1 } },
    );
    return { ...trace, caches: usedCaches(trace, touches) };
  }

  /** A file that was cut between two lines shows it only here. */
  #checkWhole(): void {
    const [reads, writes, modifies] = this.#accesses;
    const { fn, line } = this.#unnamed;
    if (fn >= this.#functions.length) {
      this.#lines = line;
      this.#fail(`function ${fn}`, 'every function has a line: n FN NAME');
    }
    const { born, ...events } = this.#read;
    const read: Record<string, number> = { 'objects born before': born, ...events, reads, writes, modifies };
    const wrong = Object.entries(this.#stated).find(
      ([what, stated]) => read[what] !== undefined && read[what] !== stated,
    );
    if (wrong === undefined) return;
    const [what, stated] = wrong;
    this.#fail(`the trace ends with ${read[what]} ${what}, and its header counts ${stated}`, REMEDY);
  }

  #unknownObject(id: number): never {
    if (id < 0)
      return this.#fail('an access without an object', 'write SITE ID; later lines of the same object need none');
    return this.#fail(`object ${id}, which was not allocated`, REMEDY);
  }

  #outside(site: number, id: number): never {
    if (this.#reach.get(id) === FREED) return this.#fail(`an access to object ${id}, which is freed`, REMEDY);
    const [offset, end] = [this.#sites.end.get(site) - this.#sites.bytesOf(site), this.#sites.end.get(site)];
    const reach = this.#reach.get(id);
    return this.#fail(
      `an access to bytes ${offset} to ${end - 1} of object ${id}`,
      `accesses to it end at byte ${reach - 1}, its size rounded up to ${REACH}: a whole, unaltered trace is needed`,
    );
  }

  #malformed(text: string, form: string): never {
    return this.#fail(
      `"${text.slice(0, 40)}" is no line of a touch trace`,
      `write ${form}, numbers in decimal, parted by one blank`,
    );
  }

  #fail(problem: string, remedy: string): never {
    throw new InputError(`${this.#file}:${this.#lines}`, problem, remedy);
  }
}

const REMEDY = 'a whole, unaltered trace is needed';
const MALLOC = 0;
const MAX_CPU = 65_535;

/** The general caches of a kernel: what comes from them was asked for by size. */
const isKmalloc = (name: string): boolean => /^(dma-)?kmalloc-/.test(name);

/** `# 392 objects born before, 26209 allocations, 23297 frees (0 unseen), ...`: what is counted, and how often. */
function countsIn(text: string): Record<string, number> {
  const counts = text.slice(2).matchAll(/(\d+) (objects born before|[a-z]+)/g);
  return Object.fromEntries([...counts].map(([, count, what]) => [what, Number(count)]));
}

/** The caches, with how many objects each has and how often these are touched. */
function usedCaches({ caches, born, operations, objects }: AllocationTrace, touches: Touches): TraceCache[] {
  const cacheOf = new Int32Array(objects).fill(-1);
  const used = caches.map((cache) => ({ ...cache, objects: 0, touches: 0 }));
  for (const list of [born, operations]) {
    for (const operation of eachOperation(list)) {
      if (operation.kind !== 'alloc') continue;
      cacheOf[operation.object] = operation.cache;
      used[operation.cache].objects++;
    }
  }
  const { length, site, object, sites } = touches;
  for (let i = 0; i < length; i++) {
    const cache = cacheOf[object[i]];
    if (cache >= 0) used[cache].touches += sites.count[site[i]];
  }
  return used;
}

class SiteWriter {
  readonly kind = new Column(Uint8Array);
  readonly count = new Column(Int32Array);
  /** The first byte behind its accesses. */
  readonly end = new Column(Int32Array);
  readonly #offset = new Column(Int32Array);
  readonly #bytes = new Column(Uint8Array);
  readonly #fn = new Column(Int32Array);
  length = 0;

  push(site: { kind: number; offset: number; bytes: number; count: number; fn: number; end: number }): void {
    const i = this.length++;
    this.kind.set(i, site.kind);
    this.count.set(i, site.count);
    this.end.set(i, site.end);
    this.#offset.set(i, site.offset);
    this.#bytes.set(i, site.bytes);
    this.#fn.set(i, site.fn);
  }

  /** Of all its accesses together. */
  bytesOf(site: number): number {
    return this.#bytes.get(site) * this.count.get(site);
  }

  finish(): Sites {
    const { length } = this;
    return {
      length,
      kind: this.kind.first(length),
      offset: this.#offset.first(length),
      bytes: this.#bytes.first(length),
      count: this.count.first(length),
      fn: this.#fn.first(length),
    };
  }
}

class VisitWriter {
  readonly #site = new Column(Int32Array);
  readonly #object = new Column(Int32Array);
  #visits = 0;
  readonly #begin = new Column(Int32Array);
  readonly #operation = new Column(Int32Array);
  readonly #thread = new Column(Int32Array);
  readonly #cpu = new Column(Uint16Array);
  #runs = 0;
  inRun = false;

  push(site: number, object: number): void {
    const i = this.#visits++;
    this.#site.set(i, site);
    this.#object.set(i, object);
  }

  beginRun(builder: TraceBuilder, context: TraceContext): void {
    const i = this.#runs++;
    const { thread, cpu } = builder.place(context);
    this.#begin.set(i, this.#visits);
    this.#operation.set(i, builder.operations);
    this.#thread.set(i, thread);
    this.#cpu.set(i, cpu);
    this.inRun = true;
  }

  endRun(): void {
    this.inRun = false;
  }

  finish(): Pick<Touches, 'length' | 'site' | 'object' | 'runs'> {
    const [length, runs] = [this.#visits, this.#runs];
    this.#begin.set(runs, length);
    const columns: Runs = {
      length: runs,
      begin: this.#begin.first(runs + 1),
      operation: this.#operation.first(runs),
      thread: this.#thread.first(runs),
      cpu: this.#cpu.first(runs),
    };
    return { length, site: this.#site.first(length), object: this.#object.first(length), runs: columns };
  }
}
