/**
 * Reads the kmem tracepoints of a real kernel from text, line by line, in either of the two forms in which users have them:
 *
 *   ftrace       sh-31126   [000] ..s1.  2301.789996: kfree: call_site=skb_release+0x1a/0x20 ptr=ffff88810564b7c8
 *   perf script  sh 31126 [000]  2301.789996:            kmem:kfree: call_site=skb_release+0x1a ptr=0xffff88810564b7c8
 *
 * Both are a prefix (who, where, when), the event's name, and fields. The forms differ only in punctuation, so one
 * pattern takes the prefix of both, line by line, and fields are found by name. The fields grew over the years: name=
 * is absent from kmem_cache_alloc of older kernels, node= and accounted= from all of theirs.
 *
 * What cannot be an event of interest is counted; what is one but cannot be understood is an InputError.
 */

import { InputError } from '../../base/input-error.ts';

interface EventContext {
  readonly comm: string;
  readonly tid: number;
  readonly cpu: number;
  /** In a soft or hard interrupt; perf does not tell, so there it is false. */
  readonly interrupt: boolean;
  readonly callSite: string;
  /** An identity, never an address: kernels may hash it. null is NULL. */
  readonly pointer: string | null;
}

export interface KmemAllocation extends EventContext {
  readonly kind: 'alloc';
  /** Unknown for kmalloc, and for kmem_cache_alloc where the kernel was too old to tell. */
  readonly cache: string | undefined;
  readonly size: number;
  /** As printed: names joined by `|`, or a hexadecimal number. */
  readonly gfpFlags: string;
}

export interface KmemFree extends EventContext {
  readonly kind: 'free';
  readonly via: 'kmem_cache_free' | 'kfree';
}

export type KmemEvent = KmemAllocation | KmemFree;

/** What is known at the end, besides the events. */
export interface KmemLog {
  readonly format: 'ftrace' | 'perf script';
  readonly lines: number;
  /** Of the page allocator (kmem:mm_page_...). */
  readonly pageEvents: number;
  readonly otherTracepoints: number;
  /** Neither events, nor headers, nor stack traces: warnings of the recorder, say. */
  readonly otherLines: number;
  /** Events that the recorder dropped, as far as the text tells. */
  readonly lostEvents: number;
  /** CPUs of the recorded machine; 0 where the text has no ftrace header. */
  readonly cpus: number;
}

/** What a kernel prints for a pointer before it has gathered the entropy to hash it: the identity is lost. */
export const HIDDEN_POINTER = '(____ptrval____)';

const tracepoints = {
  kmalloc: 'alloc',
  kmalloc_node: 'alloc',
  kmem_cache_alloc: 'alloc',
  kmem_cache_alloc_node: 'alloc',
  kfree: 'free',
  kmem_cache_free: 'free',
} as const;
type Tracepoint = keyof typeof tracepoints;

const fieldsOf = {
  alloc: 'call_site=... ptr=... [name=...] bytes_req=... bytes_alloc=... gfp_flags=...',
  free: 'call_site=... ptr=...',
};

/**
 * comm, tid, CPU, ftrace's flag column, tracepoint system, event. The comm may hold blanks, dashes, colons and
 * brackets, so it ends where all that follows it fits. A thread group may stand before the tid (perf) or after (ftrace).
 */
const eventPrefix =
  /^(.+?)[- ](?:\d+\/)?(\d+)\s+(?:\([\s\d-]*\)\s*)?\[(\d+)\]\s+(?:(\S{4,5})\s+)?\d[\d.]*:\s+(?:(\w+):)?(\w+):(?=\s|$)/;
const kmemEventAnywhere = /\b(?:kmalloc|kmem_cache_alloc|kfree|kmem_cache_free)(?:_node)?:\s/;
const stackOrFunctionTrace = /^=> |^[0-9a-f]+ .*\)$|^<stack trace>|<-/;
const headerCounts = /entries-in-buffer\/entries-written: (\d+)\/(\d+)(?:\s+#P:(\d+))?/;
/** Of ftrace, and of `perf script --show-lost-events`. */
const lostMark = /^CPU:\d+ \[LOST (\d+) EVENTS\]|PERF_RECORD_LOST lost (\d+)$/;

/** Whether a line is that of any tracepoint, so that its file is one of these forms. */
export const isTracepointLine = (line: string): boolean => eventPrefix.test(line.trim());

interface Line {
  readonly text: string;
  readonly place: string;
}

export class KmemReader {
  readonly #file: string;
  readonly #latest = new Map<Tracepoint, string>();
  /** Whether the last line so far would be a cut one, should no other follow. */
  #last: { readonly line: Line; readonly cut: boolean; readonly earlier?: string } | undefined;
  #format: KmemLog['format'] = 'ftrace';
  #lines = 0;
  #events = 0;
  #pageEvents = 0;
  #otherTracepoints = 0;
  #otherLines = 0;
  #overwritten = 0;
  #markedLost = 0;
  #cpus = 0;

  /** `file` is for messages only. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Takes the next line; the allocation or free that it tells of, if any. */
  line(untrimmed: string): KmemEvent | null {
    const text = untrimmed.trim();
    this.#lines++;
    if (text === '') return null;
    if (text.startsWith('#')) {
      this.#header(text);
      return null;
    }
    const line = { text, place: `${this.#file}:${this.#lines}` };
    this.#last = { line, cut: false };
    const prefix = eventPrefix.exec(text);
    if (prefix !== null) return this.#event(line, prefix);
    this.#notAnEvent(line);
    return null;
  }

  #header(text: string): void {
    const [, kept, written, cpus] = headerCounts.exec(text) ?? [];
    if (kept !== undefined) this.#overwritten += Number(written) - Number(kept);
    if (cpus !== undefined) this.#cpus = Number(cpus);
  }

  #notAnEvent(line: Line): void {
    const lost = lostMark.exec(line.text);
    if (lost !== null) {
      this.#markedLost += Number(lost[1] ?? lost[2]);
    } else if (kmemEventAnywhere.test(line.text)) {
      throw new InputError(
        line.place,
        'a kmem event without task, CPU and time before it',
        'it should begin like "sh-31126 [000] ..... 2301.789996:" (ftrace) or "sh 31126 [000] 2301.789996:" (perf script)',
      );
    } else if (!stackOrFunctionTrace.test(line.text)) {
      this.#otherLines++;
      this.#last = { line, cut: true };
    }
  }

  #event(line: Line, prefix: RegExpExecArray): KmemEvent | null {
    const [whole, comm, tid, cpu, flags, system = 'kmem', tracepoint] = prefix;
    if (system !== 'kmem' || !isTracepoint(tracepoint)) {
      if (system === 'kmem' && tracepoint.startsWith('mm_page_')) this.#pageEvents++;
      else this.#otherTracepoints++;
      this.#last = { line, cut: whole === line.text };
      return null;
    }
    // ftrace names no system, perf script always does.
    if (this.#events++ === 0 && prefix[5] !== undefined) this.#format = 'perf script';
    const fields = new Fields(tracepoint, line.text.slice(whole.length), line);
    const pointer = fields.pointer();
    const event = fields.event({
      comm: comm.trim(),
      tid: Number(tid),
      cpu: Number(cpu),
      interrupt: flags !== undefined && 'shHzZ'.includes(flags[2]),
      callSite: fields.find('call_site') ?? '',
      pointer,
    });
    const earlier = this.#latest.get(tracepoint);
    if (earlier !== undefined) this.#last = { line, cut: false, earlier };
    // The printed length of NULL tells nothing about that of pointers.
    if (pointer !== null) this.#latest.set(tracepoint, line.text);
    return event;
  }

  finish(): KmemLog {
    if (this.#events === 0) {
      throw new InputError(
        this.#file,
        'holds no kmem event',
        'give the text of an ftrace buffer or of perf script, recorded with kmalloc, kmem_cache_alloc, kfree and kmem_cache_free of kmem',
      );
    }
    const last = this.#last!;
    if (last.cut || (last.earlier !== undefined && endsEarly(last.line.text, last.earlier))) {
      throw new InputError(last.line.place, 'the last line is cut', 'get the whole file again, or remove this line');
    }
    return {
      format: this.#format,
      lines: this.#lines,
      pageEvents: this.#pageEvents,
      otherTracepoints: this.#otherTracepoints,
      otherLines: this.#otherLines,
      // ftrace tells its losses in the header, or by marks between the events, or the same losses by both.
      lostEvents: Math.max(this.#overwritten, this.#markedLost),
      cpus: this.#cpus,
    };
  }
}

function isTracepoint(name: string): name is Tracepoint {
  return Object.hasOwn(tracepoints, name);
}

/** The text behind the event's name, taken apart on demand. */
class Fields {
  readonly #tracepoint: Tracepoint;
  readonly #text: string;
  readonly #line: Line;

  constructor(tracepoint: Tracepoint, text: string, line: Line) {
    this.#tracepoint = tracepoint;
    this.#text = text;
    this.#line = line;
  }

  event(context: EventContext): KmemEvent {
    if (tracepoints[this.#tracepoint] === 'free') {
      return { kind: 'free', ...context, via: this.#tracepoint === 'kfree' ? 'kfree' : 'kmem_cache_free' };
    }
    const size = this.#size();
    const gfpFlags = this.#need('gfp_flags');
    const cache = this.#tracepoint.startsWith('kmalloc') ? undefined : this.#cacheName();
    if (this.#tracepoint.startsWith('kmem_cache') && size === 0) {
      throw this.#error('has bytes_req=0', 'the objects of a cache have at least 1 byte');
    }
    return { kind: 'alloc', ...context, cache, size, gfpFlags };
  }

  pointer(): string | null {
    const printed = this.#need('ptr');
    if (/^(?:0x)?0+$|^\((?:nil|null)\)$/.test(printed)) return null;
    if (printed === HIDDEN_POINTER || printed === '(ptrval)') return HIDDEN_POINTER;
    if (!/^(?:0x)?[0-9a-f]+$/i.test(printed)) {
      throw this.#error(`has a malformed ptr=${printed}`, 'a pointer is hexadecimal, (nil) or (null)');
    }
    return printed;
  }

  /** Up to the next blank. Blanks before the value are padding, as in `ptr=  (null)`. */
  find(key: string): string | undefined {
    const at = this.#text.indexOf(` ${key}=`);
    if (at < 0) return undefined;
    let start = at + key.length + 2;
    while (this.#text[start] === ' ') start++;
    const end = this.#text.indexOf(' ', start);
    return this.#text.slice(start, end < 0 ? undefined : end);
  }

  #need(key: string): string {
    const value = this.find(key);
    if (value) return value;
    const remedy = `the whole line reads "${this.#tracepoint}: ${fieldsOf[tracepoints[this.#tracepoint]]}"`;
    throw this.#error(`lacks ${key}`, remedy);
  }

  #size(): number {
    const printed = this.#need('bytes_req');
    if (/^\d+$/.test(printed)) return Number(printed);
    throw this.#error(`has a malformed bytes_req=${printed}`, 'a size is a whole number of bytes, in decimal');
  }

  /** Names may hold blanks, so it reaches to the field that follows it in every kernel. */
  #cacheName(): string | undefined {
    const [, name] = / name=(.*) bytes_req=/.exec(this.#text) ?? [];
    if (name === '') throw this.#error('has an empty name', 'it should be that of a cache, as name=filp');
    return name;
  }

  #error(problem: string, remedy: string): InputError {
    return new InputError(this.#line.place, `this ${this.#tracepoint} event ${problem}`, remedy);
  }
}

/**
 * Whether a line lacks the last fields of an earlier one of its kind, or digits of the pointer. A cut inside the last
 * value, be it a cache's name or `accounted`, goes unseen; nothing that the trace needs stands there.
 */
function endsEarly(text: string, earlier: string): boolean {
  const keys = fieldKeys(text);
  const keysBefore = fieldKeys(earlier);
  if (keys !== keysBefore) return keysBefore.startsWith(keys);
  return isShorterPointer(finalPointer(text), finalPointer(earlier));
}

/** Kernels print pointers of one length, NULL excepted; shorter than 8 digits are only those in examples made by hand. */
function isShorterPointer(pointer: string | undefined, earlier: string | undefined): boolean {
  if (pointer === undefined || earlier === undefined || pointer === '0x0') return false;
  return pointer.length < earlier.length && /[0-9a-f]{8}/i.test(earlier);
}

const fieldKeys = (text: string): string => (text.match(/ \w+=/g) ?? []).join('');
/** Where it is the last field, and is a number. */
const finalPointer = (text: string): string | undefined => / ptr=(\w+)$/.exec(text)?.[1];
