/**
 * Compares the memory that an operation touched with what the recorded kernel touched: the set of cache lines, the set of
 * 32-bit words read, and the set of words written. Prefetches do not count, a locked read-modify-write is both, and the
 * stack and the data of cross-CPU calls are left out, as in the recordings.
 */
import type { Machine } from '../../hw/machine.ts';
import type { addr_t } from '../../hw/memory.ts';
import { type AccessKind, observe } from '../../hw/observe.ts';
import { task_struct_sizeof } from '../../kernel/task.ts';
import { struct_page } from '../../mm/linux-2.4.22/mm.ts';
import { placeAt } from '../../slab/linux-2.4.22/places.ts';
import { cache_sizes_t, type Linux2422 } from '../../slab/linux-2.4.22/slab.ts';

/** [kind, bytes, where], as recorded. */
export type RecordedTouch = readonly [kind: string, bytes: number, where: string];

/** A place by the recordings' names: an offset in a symbol, or a physical address in none. */
interface Place {
  readonly symbol: string;
  readonly offset: number;
}

const MEMORY = '';

/** The sets of one operation, on one side. */
class Touched {
  readonly lines = new Set<string>();
  readonly read = new Set<string>();
  readonly written = new Set<string>();
  readonly #line: number;

  constructor(line: number) {
    this.#line = line;
  }

  add(kind: string, { symbol, offset }: Place, bytes: number): void {
    for (let word = offset & -4; word < offset + bytes; word += 4) {
      if (kind !== 'w') this.read.add(`${symbol}+${word}`);
      if (kind !== 'r') this.written.add(`${symbol}+${word}`);
      this.lines.add(`${symbol}+${Math.floor(word / this.#line)}`);
    }
  }
}

export interface TouchSummary {
  readonly operations: number;
  readonly equalLines: number;
  readonly equalWords: number;
  /** Words that differ, by structure and field, the most frequent first. */
  readonly differences: readonly { readonly what: string; readonly count: number }[];
}

export class TouchComparison {
  readonly #line: number;
  #accesses: { kind: AccessKind; address: addr_t; bytes: number }[] = [];
  #operations = 0;
  #equalLines = 0;
  #equalWords = 0;
  readonly #differences = new Map<string, number>();

  /** `line`: the L1_CACHE_BYTES that lines are compared by. */
  constructor(line: number) {
    this.#line = line;
  }

  /** Listens to all CPUs of a machine. */
  watch(machine: Machine): void {
    for (const cpu of machine.cpus) {
      observe(cpu, (_, kind, address, bytes) => {
        if (kind !== 'p') this.#accesses.push({ kind, address, bytes });
      });
    }
  }

  /** A new operation begins. */
  begin(): void {
    this.#accesses = [];
  }

  /** Compares the accesses since `begin` with those recorded. */
  compare(k: Linux2422, operation: string, recorded: readonly RecordedTouch[]): void {
    const expected = new Touched(this.#line);
    for (const [kind, bytes, where] of recorded) {
      if (kind !== 'p') expected.add(kind === 'rw' ? 'x' : kind, parsePlace(where), bytes);
    }
    const got = new Touched(this.#line);
    for (const { kind, address, bytes } of this.#accesses) {
      const place = placeOf(k, address);
      if (place !== null) got.add(kind, place, bytes);
    }
    this.#operations++;
    if (sameSet(expected.lines, got.lines)) this.#equalLines++;
    const equal = sameSet(expected.read, got.read) && sameSet(expected.written, got.written);
    if (equal) {
      this.#equalWords++;
      return;
    }
    this.#note(k, operation, 'read', 'missing', expected.read, got.read);
    this.#note(k, operation, 'read', 'besides', got.read, expected.read);
    this.#note(k, operation, 'written', 'missing', expected.written, got.written);
    this.#note(k, operation, 'written', 'besides', got.written, expected.written);
  }

  summary(): TouchSummary {
    const differences = [...this.#differences].map(([what, count]) => ({ what, count }));
    return {
      operations: this.#operations,
      equalLines: this.#equalLines,
      equalWords: this.#equalWords,
      differences: differences.sort((a, b) => b.count - a.count || (a.what < b.what ? -1 : 1)),
    };
  }

  #note(k: Linux2422, operation: string, how: string, sense: string, these: Set<string>, those: Set<string>): void {
    for (const word of these) {
      if (those.has(word)) continue;
      const what = `${operation}: ${placeAt(k, addressOf(k, word)).field} ${how}, ${sense}`;
      this.#differences.set(what, (this.#differences.get(what) ?? 0) + 1);
    }
  }
}

const sameSet = (a: Set<string>, b: Set<string>) => a.size === b.size && [...a].every((item) => b.has(item));

/** `symbol+0x10`, `mem_map[7]+0x4`, or a physical address. */
function parsePlace(where: string): Place {
  const match = /^(.*)\+0x([0-9a-f]+)$/.exec(where);
  if (match === null) return { symbol: MEMORY, offset: Number(where) };
  const offset = Number.parseInt(match[2], 16);
  const page = /^mem_map\[(\d+)\]$/.exec(match[1]);
  if (page !== null) return { symbol: 'mem_map', offset: Number(page[1]) * struct_page.sizeof + offset };
  return { symbol: match[1], offset };
}

/** Where one of our addresses stands in the recordings' terms; null for what they leave out. */
function placeOf(k: Linux2422, address: addr_t): Place | null {
  const found = k.symbols.find(address);
  if (found === null) return { symbol: MEMORY, offset: address };
  const { name, offset } = found;
  if (name === 'call_lock' || name === 'call_data') return null;
  if (name.startsWith('task[') && offset >= task_struct_sizeof(k.config.CONFIG_SMP)) return null;
  if (name === 'cache_sizes') return element('cache_sizes', offset, cache_sizes_t.sizeof);
  if (name === 'irq_stat') return element('irq_stat', offset, k.irq_cpustat_t.sizeof);
  if (name === 'contig_page_data' && offset < k.pg_data_t.node_zonelists) {
    return element('zone', offset, k.zone_struct.sizeof);
  }
  return { symbol: name, offset };
}

const element = (array: string, offset: number, sizeof: number): Place => ({
  symbol: `${array}[${Math.floor(offset / sizeof)}]`,
  offset: offset % sizeof,
});

/** The address of a word by its name in a set. */
function addressOf(k: Linux2422, word: string): addr_t {
  const plus = word.lastIndexOf('+');
  const symbol = word.slice(0, plus);
  const offset = Number(word.slice(plus + 1));
  if (symbol === MEMORY) return offset;
  const indexed = /^(cache_sizes|irq_stat|zone)\[(\d+)\]$/.exec(symbol);
  if (indexed === null) return k.symbols.address(symbol) + offset;
  const index = Number(indexed[2]);
  if (indexed[1] === 'zone') return k.zone(index) + offset;
  const sizeof = indexed[1] === 'irq_stat' ? k.irq_cpustat_t.sizeof : cache_sizes_t.sizeof;
  return k.symbols.address(indexed[1]) + index * sizeof + offset;
}
