/**
 * A watchdog over the CPUs of a scheduler: whether anybody can still go on. Four ways to wait in vain are told apart:
 *
 * - Whoever could run did nothing but poll since anybody did more, stored nothing, and no event or interrupt is to come: what
 *   they poll cannot change any more, so it is a deadlock at once.
 * - A spin lasts longer than any lock may be held, though something may yet happen.
 * - All contexts sleep, and nothing is to come, or nothing came but timers for as long.
 * - A wait that does more than poll, which looks like progress, lasts ten times as long.
 */
import type { Cpu } from './cpu.ts';
import type { addr_t } from './memory.ts';

/** Nobody can go on, or a spin has lasted longer than any lock may be held. Names the lock, its holder, the waiters. */
export class Lockup extends Error {
  readonly waiters: readonly number[];

  constructor(message: string, waiters: readonly number[]) {
    super(`lockup: ${message}`);
    this.name = 'Lockup';
    this.waiters = waiters;
  }
}

export interface WatchdogOptions {
  /** Cycles after which a spin is a lockup though something may yet happen. */
  readonly lockupCycles: number;
  /** How messages print an address. */
  readonly describe: (addr: addr_t) => string;
}

/** One CPU and the contexts that it has to run. */
export interface Watched {
  readonly cpu: Cpu;
  readonly contexts: readonly { readonly blocked: boolean }[];
}

/** A program or handler: since when it does nothing but poll; Infinity if it does more. */
export interface Polling {
  pollingSince: number;
}

export class Watchdog<T extends Watched = Watched> {
  readonly #all: readonly T[];
  readonly #options: WatchdogOptions;
  /** Those who have done nothing but poll since anybody did more: one bit a CPU, for this is asked at every turn. */
  #stuck = 0;
  /** Time of the first timed event that found every context asleep; Infinity once one is awake. */
  #asleepSince = Infinity;

  constructor(all: readonly T[], options: WatchdogOptions) {
    this.#all = all;
    this.#options = options;
  }

  /** Something happened that may have changed what others wait for. */
  somethingHappened(): void {
    this.#stuck = 0;
  }

  /** A context was woken, or a device has done part of its work: those who sleep meanwhile do not sleep in vain. */
  progress(): void {
    this.#asleepSince = Infinity;
  }

  /** `watched` has run on, in `polling`, and made a store or did not. */
  ran(watched: T, polling: Polling, stored: boolean): void {
    if (this.#stillPolls(watched.cpu, polling) && !stored) this.#stuck |= bitOf(watched);
    else this.#stuck = 0;
  }

  /** Reports a deadlock if no event is to come, and of those who `couldRun` none does more than poll. */
  noEventToCome(couldRun: (watched: T) => boolean): void {
    if (this.#stuck === 0) return;
    const isDeadlock = this.#all.every((watched) => {
      const { interruptsOn, apic } = watched.cpu;
      return !(interruptsOn && apic.pending !== 0) && ((this.#stuck & bitOf(watched)) !== 0 || !couldRun(watched));
    });
    if (isDeadlock) this.#reportSpinners('nobody can go on');
  }

  /** A timed event comes. Reports a lockup if every context has slept for longer than any lock may be held. */
  eventComes(time: number): void {
    const contexts = this.#all.flatMap((watched) => watched.contexts);
    if (contexts.length === 0 || contexts.some(({ blocked }) => !blocked)) this.#asleepSince = Infinity;
    else this.#asleepSince = Math.min(this.#asleepSince, time);
    if (time - this.#asleepSince > this.#options.lockupCycles) this.reportSleepers();
  }

  /** Reports a lockup if `cpu` has waited for `what` since the clock stood at `since`, in a wait that does more than poll. */
  watchWait(cpu: Cpu, what: addr_t, since: number): void {
    const limit = 10 * this.#options.lockupCycles;
    if (cpu.clock - since <= limit) return;
    throw new Lockup(`cpu${cpu.id} waits for ${this.#options.describe(what)} in vain (since ${limit} cycles)`, [
      cpu.id,
    ]);
  }

  reportSleepers(): never {
    const sleepers = this.#all.filter(({ contexts }) => contexts.length > 0).map(({ cpu }) => cpu.id);
    const where = sleepers.map((id) => `cpu${id}`).join(', ');
    throw new Lockup(`all contexts sleep, and nothing can wake them: on ${where}`, sleepers);
  }

  #stillPolls(cpu: Cpu, polling: Polling): boolean {
    if (cpu.polling === 0) {
      polling.pollingSince = Infinity;
      return false;
    }
    const { lockupCycles } = this.#options;
    polling.pollingSince = Math.min(polling.pollingSince, cpu.clock);
    if (cpu.clock - polling.pollingSince > lockupCycles) this.#reportSpinners(`since ${lockupCycles} cycles`);
    return true;
  }

  #reportSpinners(how: string): never {
    const spinners = this.#all.filter(({ cpu }) => cpu.polling !== 0);
    const waits = spinners.map(({ cpu }) => {
      const holder = this.#all.find((other) => other.cpu.locksHeld.includes(cpu.polling));
      const held = holder === undefined ? 'which no CPU holds' : `held by cpu${holder.cpu.id}`;
      return `cpu${cpu.id} spins on ${this.#options.describe(cpu.polling)}, ${held}`;
    });
    throw new Lockup(
      `${waits.join('; ')} (${how})`,
      spinners.map(({ cpu }) => cpu.id),
    );
  }
}

const bitOf = ({ cpu }: Watched): number => 1 << cpu.id;
