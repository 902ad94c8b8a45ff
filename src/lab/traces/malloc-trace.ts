/**
 * An allocation trace from the mallocs of a program:
 *
 *   # malloc trace of sqlite3 3.40.1, ...     what ran, in any words
 *   a 0 48                                    allocate: number, bytes (malloc, calloc, memalign alike)
 *   r 0 96                                    resize (realloc)
 *   f 0                                       free
 *
 * A kernel that keeps those objects calls kmalloc and kfree, and takes whole pages for the largest; a resize is a new object,
 * a copy and a free, for not all kernels have krealloc. The form tells of no threads: all is one. Objects are numbered from 0
 * in order of allocation, so a gap shows that lines are missing; a number may be used again.
 */
import { InputError } from '../../base/input-error.ts';
import type { Limits } from '../../slab/kernel-facts.ts';
import { type AllocationTrace, TraceBuilder, type TraceContext, type TraceParser } from './allocation-trace.ts';

const eventLine = /^([afr]) (\d+)(?: (\d+))?$/;

/** Malformed ones too: what is wrong with them is told better where they are read. */
export const isMallocLine = (line: string): boolean => /^[afr] \d/.test(line.trim());

export class MallocTraceParser implements TraceParser {
  readonly #file: string;
  readonly #builder: TraceBuilder;
  #context: TraceContext = { task: 0, name: 'program', cpu: 0 };
  #lines = 0;
  #otherLines = 0;
  #objects = 0;

  constructor(file: string, limits: Limits) {
    this.#file = file;
    this.#builder = new TraceBuilder(limits);
  }

  line(untrimmed: string): void {
    const text = untrimmed.trim();
    this.#lines++;
    if (text === '') return;
    if (text.startsWith('#')) {
      if (this.#lines === 1) this.#context = { ...this.#context, name: text.slice(1).trim() };
      return;
    }
    const [, event, number, size] = eventLine.exec(text) ?? [];
    if (event !== undefined && (event === 'f') === (size === undefined))
      this.#event(event, Number(number), Number(size));
    else if (/^[afr]\b/.test(text)) {
      throw this.#error(`"${text.slice(0, 40)}" is no event`, 'write "a NUMBER BYTES", "r NUMBER BYTES" or "f NUMBER"');
    } else this.#otherLines++;
  }

  #event(event: string, number: number, size: number): void {
    const context = this.#context;
    if (event === 'a') {
      if (number > this.#objects) {
        throw this.#error(`object number ${number}`, `they count up from 0, and the next is ${this.#objects}`);
      }
      this.#objects = Math.max(this.#objects, number + 1);
      this.#builder.allocate(number, { cache: undefined, size, atomic: false, dma: false }, context);
    } else if (event === 'r') this.#builder.resize(number, size, context);
    else this.#builder.free(number, 'kfree', context);
  }

  finish(): AllocationTrace {
    const [lines, otherLines] = [this.#lines, this.#otherLines];
    return this.#builder.finish(
      { file: this.#file, format: 'malloc', lines, otherLines, otherTracepoints: 0, lostEvents: 0 },
      { cpus: 1, unknownFlags: 0 },
    );
  }

  #error(problem: string, remedy: string): InputError {
    return new InputError(`${this.#file}:${this.#lines}`, problem, remedy);
  }
}
