/**
 * A CPU, as far as kernel code meets it: loads and stores of memory through its L1, locked read-modify-writes, the
 * interrupt flag, a clock in cycles. Registers are the host's variables, but for the stack pointer, from which the
 * kernel finds `current`. Reads are signed, as C's int and char are on i386.
 */
import type { Counters } from './cache/counters.ts';
import type { L1 } from './cache/l1.ts';
import type { CpuModel } from './cpu-model.ts';
import { LocalApic } from './local-apic.ts';
import type { addr_t, Memory } from './memory.ts';

/**
 * Code that may wait. `yield` says: let every CPU that is behind me catch up, and take interrupts if they are on. Code
 * that cannot wait is a plain function.
 */
export type Program<T = void> = Generator<void, T, void>;
export type InterruptHandler = (cpu: Cpu) => Program;

/** Who gives CPUs their turns in time. */
interface Turns {
  /** Moves the horizon of `cpu`, which runs, on if those who are behind do nothing but wait. */
  catchUpWith(cpu: Cpu): void;
}

export class Cpu {
  readonly id: number;
  readonly l1: L1;
  /** Those of its L1. */
  readonly counters: Counters;
  readonly apic = new LocalApic();
  /** The interrupt descriptor table: what runs for a vector. Shared by all CPUs of a machine. */
  readonly idt: InterruptHandler[];
  clock = 0;
  /** The clock of the CPU next in time. */
  horizon = 0;
  /** The interrupt flag. Use cli, sti or setInterrupts to change it. */
  interruptsOn = true;
  /** The kernel stack pointer. */
  esp: addr_t = 0;
  /** Null on a CPU by itself. */
  turns: Turns | null = null;
  /** The address that `pause` named since the last resume (the watchdog reads it); NULL: not spinning. */
  polling: addr_t = 0;
  /** Stores that wait in a store buffer, unseen by other CPUs; none on a CPU that has no buffer. */
  storesInFlight = 0;
  /** Spinlocks held, for the watchdog's message. */
  readonly locksHeld: addr_t[] = [];

  readonly #view: DataView;
  readonly #costs: CpuModel['cycles'];
  #interruptsOffSince = 0;

  /**
   * Past its horizon: another CPU's time comes first. The rule of the whole time model: whatever another CPU may race for is
   * touched only behind `if (cpu.isAhead) yield;`, so that accesses happen in the order of simulated time. What no other
   * CPU can see needs no such line, and runs on at the host's full speed.
   */
  get isAhead(): boolean {
    if (this.clock <= this.horizon) return false;
    this.turns?.catchUpWith(this);
    return this.clock > this.horizon;
  }

  constructor(id: number, model: CpuModel, l1: L1, memory: Memory, idt: InterruptHandler[]) {
    this.id = id;
    this.l1 = l1;
    this.counters = l1.counters;
    this.idt = idt;
    this.#view = memory.view;
    this.#costs = model.cycles;
  }

  /** One load of `bytes` at `addr` whose value nobody needs: string instructions, trace-driven runs. */
  read(addr: addr_t, bytes: number): void {
    this.clock += this.l1.load(addr, bytes);
  }

  /** One store of `bytes` at `addr`, without a value. */
  write(addr: addr_t, bytes: number): void {
    this.clock += this.l1.store(addr, bytes);
  }

  /** One locked read-modify-write of `bytes` at `addr`, without a value. */
  modify(addr: addr_t, bytes: number): void {
    this.clock += this.l1.modify(addr, bytes) + this.#costs.locked;
  }

  load8(addr: addr_t): number {
    this.read(addr, 1);
    return this.#view.getInt8(addr);
  }

  load16(addr: addr_t): number {
    this.read(addr, 2);
    return this.#view.getInt16(addr, true);
  }

  load32(addr: addr_t): number {
    this.read(addr, 4);
    return this.#view.getInt32(addr, true);
  }

  store8(addr: addr_t, value: number): void {
    this.write(addr, 1);
    this.#view.setInt8(addr, value);
  }

  store16(addr: addr_t, value: number): void {
    this.write(addr, 2);
    this.#view.setInt16(addr, value, true);
  }

  store32(addr: addr_t, value: number): void {
    this.write(addr, 4);
    this.#view.setInt32(addr, value, true);
  }

  /** One access of a pointer's width: 4 bytes on i386. */
  loadPtr(addr: addr_t): addr_t {
    return this.load32(addr);
  }

  storePtr(addr: addr_t, value: addr_t): void {
    this.store32(addr, value);
  }

  /** One access of a long's width: 4 bytes on i386. */
  loadLong(addr: addr_t): number {
    return this.load32(addr);
  }

  storeLong(addr: addr_t, value: number): void {
    this.store32(addr, value);
  }

  /** lock; decb. The new value. */
  lockDecb(addr: addr_t): number {
    this.modify(addr, 1);
    const value = this.#view.getInt8(addr) - 1;
    this.#view.setInt8(addr, value);
    return this.#view.getInt8(addr);
  }

  /** lock; addl (incl, decl, subl). The new value. */
  lockAdd32(addr: addr_t, addend: number): number {
    this.modify(addr, 4);
    const value = (this.#view.getInt32(addr, true) + addend) | 0;
    this.#view.setInt32(addr, value, true);
    return value;
  }

  /** xchgl, which locks by itself. The old value. */
  lockXchg32(addr: addr_t, value: number): number {
    this.modify(addr, 4);
    const old = this.#view.getInt32(addr, true);
    this.#view.setInt32(addr, value, true);
    return old;
  }

  /** xchgb. The old value. */
  lockXchg8(addr: addr_t, value: number): number {
    this.modify(addr, 1);
    const old = this.#view.getInt8(addr);
    this.#view.setInt8(addr, value);
    return old;
  }

  /** lock; cmpxchgl. The old value, which is `expected` if and only if `value` was stored. */
  lockCmpxchg32(addr: addr_t, expected: number, value: number): number {
    this.modify(addr, 4);
    const old = this.#view.getInt32(addr, true);
    if (old === expected) this.#view.setInt32(addr, value, true);
    return old;
  }

  /** lock; btsl. Sets bit `bit` of the bitmap at `addr`; whether it was set. */
  lockBts(addr: addr_t, bit: number): boolean {
    const word = addr + (bit >>> 5) * 4;
    this.modify(word, 4);
    const old = this.#view.getInt32(word, true);
    this.#view.setInt32(word, old | (1 << (bit & 31)), true);
    return (old & (1 << (bit & 31))) !== 0;
  }

  /** lock; btrl. Clears bit `bit` of the bitmap at `addr`; whether it was set. */
  lockBtr(addr: addr_t, bit: number): boolean {
    const word = addr + (bit >>> 5) * 4;
    this.modify(word, 4);
    const old = this.#view.getInt32(word, true);
    this.#view.setInt32(word, old & ~(1 << (bit & 31)), true);
    return (old & (1 << (bit & 31))) !== 0;
  }

  /** btcl, not locked: a load and a store. Turns bit `bit` of the bitmap at `addr`; whether it was set. */
  btc(addr: addr_t, bit: number): boolean {
    const word = addr + (bit >>> 5) * 4;
    const old = this.load32(word);
    this.store32(word, old ^ (1 << (bit & 31)));
    return (old & (1 << (bit & 31))) !== 0;
  }

  prefetch(addr: addr_t): void {
    this.l1.prefetch(addr, false);
  }

  prefetchw(addr: addr_t): void {
    this.l1.prefetch(addr, true);
  }

  /** Makes every store before this one seen by all. A CPU without a store buffer has none that is not. */
  drain(): void {}

  /** A full barrier. Without a store buffer it orders nothing that was not in order; it still takes its time. */
  mfence(): void {
    this.clock += this.#costs.locked;
  }

  /** rep; nop in a loop that polls `polled`: the watchdog learns what this CPU waits for. */
  pause(polled: addr_t): void {
    this.polling = polled;
    this.clock += this.#costs.pause;
    this.counters.spinCycles += this.#costs.pause;
  }

  cli(): void {
    if (!this.interruptsOn) return;
    this.interruptsOn = false;
    this.#interruptsOffSince = this.clock;
  }

  /** True if an interrupt is due, which the next `yield` takes. */
  sti(): boolean {
    if (!this.interruptsOn) {
      this.interruptsOn = true;
      const { counters } = this;
      const cycles = this.clock - this.#interruptsOffSince;
      counters.interruptsOffCycles += cycles;
      if (cycles > counters.longestInterruptsOff) counters.longestInterruptsOff = cycles;
    }
    return this.apic.pending !== 0 && this.apic.nextArrival() <= this.clock;
  }

  /** Time in which this CPU does nothing of interest, up to `time`. */
  idleUntil(time: number): void {
    if (time <= this.clock) return;
    this.counters.idleCycles += time - this.clock;
    this.clock = time;
  }
}
