/**
 * User-mode traffic between kernel entries: before each operation, a CPU loads lines of a buffer of its own, outside the
 * kernel's caches, as many as the share of its L1 that they are to evict. It goes round a buffer, its footprint, of twice the L1's size
 * at least, from a place that the seed draws, so that a line is long gone when its turn comes again. Under LRU and tree-PLRU
 * each load then evicts a line; `random` keeps some of the older ones. Twice the L1 never presses on a second level; a footprint as
 * large as that evicts as many lines there.
 *
 * None of this is in the counts of a point: what the loads do to counters and clock is kept here, to be taken off.
 */

import { InputError } from '../../base/input-error.ts';
import { below, seeded } from '../../base/random.ts';
import { Counters } from '../../hw/cache/counters.ts';
import { L1 } from '../../hw/cache/l1.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../hw/memory.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import { type Totals, totals } from '../watch/measurement.ts';

interface User {
  readonly pages: readonly addr_t[];
  /** The line of the buffer that is next. */
  next: number;
  /** What this CPU counted in user mode, and the cycles that it spent there. */
  counters: Counters;
  clock: number;
}

const counterNames = Object.keys(new Counters());

/** Adds what changed since `before`, a copy of `counters`. */
function addChanges(sum: Counters, counters: Counters, before: object): void {
  const [to, now, then] = [sum, counters, before] as unknown as Record<string, number>[];
  for (const name of counterNames) to[name] += now[name] - then[name];
}

export interface InterferenceOptions {
  /** Percent of the L1's lines that are evicted at each entry. */
  readonly share: number;
  /** Bytes that user mode goes round; twice the L1 without it. */
  readonly footprint?: number | undefined;
}

export class Interference {
  readonly #allocator: SlabAllocator;
  readonly #loads: number;
  readonly #footprint: number;
  readonly #users: User[] = [];

  constructor(allocator: SlabAllocator, { share, footprint }: InterferenceOptions) {
    const { l1 } = allocator.kernel.machine.model;
    this.#allocator = allocator;
    this.#loads = Math.round((l1.size / l1.line) * (share / 100));
    this.#footprint = footprint ?? 2 * l1.size;
  }

  /** Takes the pages of the buffers. */
  *setUp(cpu: Cpu, seed: string): Program {
    const { machine } = this.#allocator.kernel;
    const { line } = machine.model.l1;
    const { GFP_USER } = this.#allocator.version.gfp;
    for (const { id } of machine.cpus) {
      const pages: addr_t[] = [];
      while (pages.length * PAGE_SIZE < this.#footprint) {
        const page = yield* this.#allocator.get_free_pages(cpu, GFP_USER, 0);
        if (page === NULL) throw new InputError('interference', 'no memory for user pages', 'give the machine more');
        pages.push(page);
      }
      const next = below(seeded(seed, `user mode of cpu${id}`), (pages.length * PAGE_SIZE) / line);
      this.#users.push({ pages, next, counters: new Counters(), clock: 0 });
    }
  }

  /** User mode, up to the kernel entry that comes now. */
  enter(cpu: Cpu): void {
    const user = this.#users[cpu.id];
    const { line } = this.#allocator.kernel.machine.model.l1;
    const linesPerPage = PAGE_SIZE / line;
    const lines = user.pages.length * linesPerPage;
    const before = { ...cpu.counters };
    const { clock } = cpu;
    for (let i = 0; i < this.#loads; i++) {
      const page = user.pages[Math.floor(user.next / linesPerPage)];
      // Around those who watch this L1: set pressure and attribution are the kernel's.
      cpu.clock += L1.prototype.load.call(cpu.l1, page + (user.next % linesPerPage) * line, 4);
      user.next = (user.next + 1) % lines;
    }
    user.clock += cpu.clock - clock;
    addChanges(user.counters, cpu.counters, before);
  }

  /** What user mode did so far came before what is counted. */
  startCounting(): void {
    for (const user of this.#users) {
      user.counters = new Counters();
      user.clock = 0;
    }
  }

  /** All that CPUs counted in user mode since then. */
  totals(): Totals {
    return totals(this.#users);
  }
}
