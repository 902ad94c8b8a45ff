#!/usr/bin/env node
/**
 * From a recording of touch-plugin.c to a trace, `touch trace 1` of docs/traces.md.
 *
 *   node pack.mjs RECORDING -o TRACE.gz [--header TEXT]... [--guest FILE]
 *
 * --header gives lines that say what was recorded; --guest is what the guest kernel told at its end (kernel/init):
 * its caches and its symbols. What only the recorded allocator or the recorder did is left out here, and counted.
 */
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';

const RECORD_BYTES = 32;
const kinds = 'rwmafbu.';
const flagLetters = ['z', 'n', 'r', 'l'];
const zeroing = 1;

/** The functions of mm/slub.c lie side by side in the kernel's text, from the first of these to the second. */
const slub = ['slab_attr_show', 'slabinfo_write'];
/** Those of mm/slab_common.c that allocate, free, and make caches. */
const slabCommon =
  /^(k(v?)free(_sensitive)?|_*ksize|kfree|krealloc|__kmalloc\w*|kmalloc_\w+|free_large_kmalloc|kmem_cache_(create|create_usercopy|destroy|shrink)|kmem_dump_obj|slab_(show|next|start|stop|unmergeable|kmem_cache_release)|find_mergeable)$/;
/** How the events of the recorder's module come about. */
const probing = /kprobe|rethook|ftrace|^__traceiter_/;
/** Where a CPU waits in a loop; one whose lock holder is not running waits much longer than a real one would. */
const waiting =
  /spin_lock_slowpath|(read|write)_lock_slowpath|^osq_lock$|_spin_on_owner$|^rwsem_optimistic_spin$|^wait_task_inactive$|^(do|poll)_idle$|^default_idle_call$/;
const zeroes = /^(__)?(memset|clear_page)(_|$)/;
/** What describes the recorded allocator's caches. */
const descriptors = new Set(['kmem_cache', 'kmem_cache_node']);
const recorderModule = '[touches]';

class UsageError extends Error {}

/** Calls visit for each record of the file, always with the same object; true if the run's end was reached. */
async function forEachRecord(file, visit) {
  const record = { kind: '', pc: 0, at: 0, object: 0, thread: 0, bytes: 0, cpu: 0, flags: 0 };
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = data.length - (data.length % RECORD_BYTES);
    for (let i = 0; i < end; i += RECORD_BYTES) {
      const kind = data[i + 28];
      if (kind === 0) return false; // what was reserved and not written
      record.kind = String.fromCharCode(kind);
      if (!kinds.includes(record.kind)) throw new UsageError(`${file}: not a recording of touch-plugin.c`);
      if (record.kind === '.') return true;
      record.pc = data.readUInt32LE(i); // the text of a kernel lies in the last 2 GB
      record.at = data.readUInt32LE(i + 8) + data.readUInt32LE(i + 12) * 2 ** 32;
      record.object = data.readUInt32LE(i + 16);
      record.thread = data.readUInt32LE(i + 20);
      record.bytes = data.readUInt32LE(i + 24);
      record.cpu = data[i + 29];
      record.flags = data[i + 30];
      visit(record);
    }
    rest = data.subarray(end);
  }
  return false;
}

/** What the guest told: "c NUMBER BYTES NAME" of each cache, and lines of /proc/kallsyms. */
function readGuest(file) {
  const caches = new Map();
  const functions = [];
  for (const line of readFileSync(file, 'latin1').split(/\r?\n/)) {
    const cache = /^c (\d+) (\d+) (\S+)$/.exec(line);
    if (cache !== null) caches.set(Number(cache[1]), { bytes: Number(cache[2]), name: cache[3] });
    const symbol = /^ffffffff([0-9a-f]{8}) [tTwW] (\S+)(?:\s+(\S+))?$/.exec(line);
    if (symbol !== null)
      functions.push({ from: Number.parseInt(symbol[1], 16), name: symbol[2], module: symbol[3] ?? '' });
  }
  functions.sort((a, b) => a.from - b.from);
  const [first, last] = slub.map((name) => functions.findIndex((f) => f.name === name));
  if (first < 0 || last < first) {
    throw new UsageError(`${file}: no symbols of a kernel 6.1 with SLUB (${slub.join(' to ')})`);
  }
  const allocator = new Set(functions.slice(first, last + 1).map((f) => f.name));
  for (const f of functions) {
    const name = f.name.replace(/\.cold(\.\d+)?$/, '');
    f.leftOut = allocator.has(name) || slabCommon.test(name) || probing.test(name) || f.module === recorderModule;
    f.waits = waiting.test(f.name);
    f.zeroes = zeroes.test(f.name);
  }
  return { caches, functionAt: functionFinder(functions) };
}

function functionFinder(functions) {
  const found = new Map();
  return (pc) => {
    let f = found.get(pc);
    if (f === undefined) {
      let [low, high] = [0, functions.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (functions[middle].from <= pc) low = middle + 1;
        else high = middle;
      }
      f = functions[Math.max(low - 1, 0)];
      found.set(pc, f);
    }
    return f;
  };
}

const isAccess = (record) => record.kind === 'r' || record.kind === 'w' || record.kind === 'm';

/** Tells of each record why it is left out, if it is. It must see them in order: a wait is told by what came before. */
function sieve(guest, counts) {
  const hidden = new Set(); // objects of caches that are left out
  const seen = new Map(); // of each CPU: its reads since it began to wait
  const leave = (reason) => {
    counts[reason] = (counts[reason] ?? 0) + 1;
    return true;
  };
  return (record) => {
    if (guest === undefined) return false;
    if ((record.kind === 'a' || record.kind === 'b') && descriptors.has(guest.caches.get(record.bytes)?.name)) {
      hidden.add(record.object);
    }
    if (hidden.has(record.object)) return isAccess(record) ? leave('to its descriptors') : true;
    if (!isAccess(record)) return false;
    const f = guest.functionAt(record.pc);
    if (f.leftOut) return leave("by the recorded allocator's own functions or for the recorder");
    if (record.flags === zeroing && !f.zeroes) return true; // a store to free memory that was no zeroing
    if (!f.waits || record.kind !== 'r') {
      seen.delete(record.cpu);
      return false;
    }
    const read = `${record.pc} ${record.object} ${record.at}`;
    const reads = seen.get(record.cpu) ?? new Set();
    seen.set(record.cpu, reads);
    if (reads.has(read)) return leave('repeated reads of a CPU that waits');
    reads.add(read);
    return false;
  };
}

/** What must be known before the first line: the objects born before that matter, and the caches that have objects. */
async function survey(file, guest) {
  const born = new Map();
  const neverLive = new Set();
  const used = new Set();
  const caches = new Set();
  const leftOut = sieve(guest, {});
  const whole = await forEachRecord(file, (record) => {
    if (record.kind === 'b') born.set(record.object, { cache: record.bytes, bytes: record.at });
    // A slot told at the module's load, in which an object is made before one is freed: it was free all along.
    if (record.kind === 'u' && born.has(record.object)) neverLive.add(record.object);
    if (leftOut(record)) return;
    if (record.kind === 'a') caches.add(record.bytes);
    else if (born.has(record.object) && record.kind !== 'b') used.add(record.object);
  });
  for (const object of neverLive) used.delete(object);
  for (const object of used) caches.add(born.get(object).cache);
  return { born, neverLive, used, caches, whole };
}

class TraceWriter {
  counts = { born: 0, a: 0, f: 0, u: 0, r: 0, w: 0, m: 0, zeroing: 0 };
  chunks = [];
  #lines = [];
  #guest;
  #nextNumber = 0;
  #numbers = new Map(); // of live objects
  #sites = new Map();
  #functions = new Map();
  #context = '';
  #last = -1;
  #run; // accesses side by side by one instruction, told as one

  constructor(guest) {
    this.#guest = guest;
  }

  born(object, cache, bytes) {
    this.counts.born++;
    this.#say(`b ${this.#number(object)} ${cache} ${bytes}`);
  }

  event(record) {
    this.#flushRun();
    this.#say(this.#contextOf(record));
    if (record.kind === 'a') {
      const flags = flagLetters.filter((_, bit) => record.flags & (1 << bit)).join('') || '-';
      const by = this.#functionOf(record);
      this.#say(`a ${this.#number(record.object)} ${record.bytes} ${record.at} ${flags}${by}`);
      this.counts.a++;
      return;
    }
    const number = this.#numbers.get(record.object);
    if (number === undefined) return;
    if (record.kind === 'f') this.#say(`f ${number}${this.#functionOf(record)}`);
    else this.#say(`f ${number} u`);
    this.#numbers.delete(record.object); // another CPU may read what it should not: a race of the kernel's own
    this.counts.f++;
    if (record.kind === 'u') this.counts.u++;
  }

  access(record) {
    if (!this.#numbers.has(record.object)) return;
    this.counts[record.kind]++;
    if (record.flags === zeroing) this.counts.zeroing++;
    const run = this.#run;
    if (
      run !== undefined &&
      run.kind === record.kind &&
      run.object === record.object &&
      run.pc === record.pc &&
      run.bytes === record.bytes &&
      run.thread === record.thread &&
      run.cpu === record.cpu &&
      run.at + run.count * run.bytes === record.at
    ) {
      run.count++;
      return;
    }
    this.#flushRun();
    this.#run = { ...record, count: 1 };
  }

  finish() {
    this.#flushRun();
    this.#flushLines();
  }

  #flushRun() {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    this.#say(this.#contextOf(run));
    const site = `s ${run.kind} ${run.at} ${run.bytes} ${run.count}${this.#functionOf(run)}`;
    let index = this.#sites.get(site);
    if (index === undefined) {
      index = this.#sites.size;
      this.#sites.set(site, index);
      this.#say(site);
    }
    const number = this.#numbers.get(run.object);
    this.#say(number === this.#last ? `${index}` : `${index} ${number}`);
    this.#last = number;
  }

  #number(object) {
    const number = this.#nextNumber++;
    this.#numbers.set(object, number);
    this.#last = number;
    return number;
  }

  #contextOf({ thread, cpu }) {
    const context = `t ${thread} ${cpu}`;
    if (context === this.#context) return '';
    this.#context = context;
    return context;
  }

  #functionOf(record) {
    if (this.#guest === undefined) return '';
    const f = this.#guest.functionAt(record.pc);
    let number = this.#functions.get(f);
    if (number === undefined) {
      number = this.#functions.size + 1;
      this.#functions.set(f, number);
      this.#say(`n ${number} ${f.name}${f.module}`);
    }
    return ` ${number}`;
  }

  #say(line) {
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length === 1 << 16) this.#flushLines();
  }

  #flushLines() {
    if (this.#lines.length > 0) this.chunks.push(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }
}

async function pack(file, output, headers, guestFile) {
  const guest = guestFile === undefined ? undefined : readGuest(guestFile);
  const { born, neverLive, used, caches, whole } = await survey(file, guest);
  if (caches.size === 0) throw new UsageError(`${file}: no allocation was recorded`);
  const lost = {};
  const leftOut = sieve(guest, lost);
  const writer = new TraceWriter(guest);
  for (const object of used) writer.born(object, born.get(object).cache, born.get(object).bytes);
  await forEachRecord(file, (record) => {
    if (leftOut(record) || neverLive.has(record.object) || record.kind === 'b') return;
    if (isAccess(record)) writer.access(record);
    else writer.event(record);
  });
  writer.finish();
  const { counts } = writer;
  const head = [
    'touch trace 1',
    ...headers,
    `${counts.born} objects born before, ${counts.a} allocations, ${counts.f} frees (${counts.u} unseen), ` +
      `${counts.r} reads, ${counts.w} writes, ${counts.m} modifies, ` +
      `${counts.zeroing} of the writes zeroing by the allocator on request`,
    ...Object.entries(lost).map(([reason, count]) => `left out: ${count} accesses, ${reason}`),
    whole ? 'whole run' : 'cut: the first part of the run',
  ].map((line) => `# ${line}\n`);
  const cacheLines = [...caches]
    .filter((number) => number !== 0)
    .sort((a, b) => a - b)
    .map((number) => {
      const cache = guest?.caches.get(number);
      if (cache === undefined)
        throw new UsageError(`${file}: no cache ${number} is known; give --guest of this recording`);
      return `c ${number} ${cache.bytes} ${cache.name}\n`;
    });
  const gzip = output.endsWith('.gz') ? [createGzip({ level: 9 })] : [];
  await pipeline(Readable.from([...head, ...cacheLines, ...writer.chunks]), ...gzip, createWriteStream(output));
  process.stderr.write(head.join(''));
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', short: 'o' },
      header: { type: 'string', multiple: true, default: [] },
      guest: { type: 'string' },
    },
  });
  if (positionals.length !== 1 || values.out === undefined) {
    throw new UsageError('usage: pack.mjs RECORDING -o TRACE.gz [--header TEXT]... [--guest FILE]');
  }
  await pack(positionals[0], values.out, values.header, values.guest);
} catch (error) {
  const expected = error instanceof UsageError || error.code?.startsWith('E');
  process.stderr.write(`pack: ${expected ? error.message : error.stack}\n`);
  process.exitCode = 2;
}
