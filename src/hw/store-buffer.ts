/**
 * A CPU with a store buffer: x86-TSO (S. Owens, S. Sarkar, P. Sewell, "A Better x86 Memory Model: x86-TSO", TPHOLs 2009).
 * Stores wait in a first-in first-out buffer, unseen by other CPUs; the CPU's own loads are served from it. So a load may
 * overtake an older store to another place, and nothing else is out of order.
 *
 * The buffer drains, oldest first, in simulated time: the seed draws whether the oldest store leaves as soon as other CPUs
 * have come as far, or some time later. All of it drains before a locked operation, at mfence, when an interrupt is taken or
 * ends (m: Intel SDM vol. 3, "Store Buffer": interrupts, serialising instructions such as iret, locked operations), before
 * an IPI is sent, and where the scheduler stands for a run queue's lock. A full buffer drains its oldest.
 *
 * A store meets the L1 and memory when it drains: cycles, counters, MESI and `peek` see it then. What can go wrong with it
 * (a page not present) goes wrong when the program makes it, as on hardware, where only stores that have retired drain.
 *
 * A load that lies wholly within the newest store that it overlaps is forwarded: it takes what a hit takes and leaves the L1
 * alone. One that overlaps a store but in part waits until that store has drained, as the hardware has it (Intel 64 and
 * IA-32 Architectures Optimization Reference Manual, "Store Forwarding": the bytes loaded must be a subset of those stored).
 * So no load is put together from a buffer and memory. A store across two lines drains at once, both lines together.
 */

import { InputError } from '../base/input-error.ts';
import type { L1 } from './cache/l1.ts';
import { Cpu, type InterruptHandler } from './cpu.ts';
import type { CpuModel } from './cpu-model.ts';
import { type addr_t, type Memory, PAGE_SHIFT, PageFault } from './memory.ts';

export interface StoreBufferOptions {
  /** Entries of one CPU's buffer. P6_STORE_BUFFER_DEPTH is that of a Pentium Pro to Pentium III. */
  readonly depth: number;
  /** Numbers in [0, 1), from the run's seed: how long stores wait. */
  readonly random: () => number;
}

/** m: from memory, unverified. */
export const P6_STORE_BUFFER_DEPTH = 12;

/** Cycles: a dozen misses. */
const LONGEST_WAIT = 1500;

export class BufferedCpu extends Cpu {
  readonly #view: DataView;
  readonly #present: Uint8Array;
  readonly #hit: number;
  readonly #depth: number;
  readonly #random: () => number;
  readonly #at: (time: number, action: () => void) => void;
  /** A ring: from `#oldest` on, `storesInFlight` entries. */
  readonly #addr: Int32Array;
  readonly #bytes: Int32Array;
  readonly #value: Int32Array;
  /** 1: the store has a value; 0: a store without one (`Cpu.write`), which only makes the access. */
  readonly #valued: Uint8Array;
  #oldest = 0;
  #drainDue = false;

  /** `at` has something happen at a time, as Scheduler.at. */
  constructor(
    id: number,
    model: CpuModel,
    l1: L1,
    memory: Memory,
    idt: InterruptHandler[],
    { depth, random }: StoreBufferOptions,
    at: (time: number, action: () => void) => void,
  ) {
    super(id, model, l1, memory, idt);
    if (!Number.isInteger(depth) || depth < 1 || depth > 256) {
      throw new InputError('store buffer', `a depth of ${depth}`, 'depth must be a whole number from 1 to 256');
    }
    this.#view = memory.view;
    this.#present = memory.present;
    this.#hit = model.cycles.l1;
    this.#depth = depth;
    this.#random = random;
    this.#at = at;
    this.#addr = new Int32Array(depth);
    this.#bytes = new Int32Array(depth);
    this.#value = new Int32Array(depth);
    this.#valued = new Uint8Array(depth);
  }

  /** Counts and times a load: forwarded, or of memory, which then holds all that it overlaps. */
  override read(addr: addr_t, bytes: number): void {
    const age = this.#overlapping(addr, bytes);
    if (age >= 0) {
      if (this.#forwards(age, addr, bytes)) {
        this.counters.loads++;
        this.clock += this.#hit;
        return;
      }
      for (let i = 0; i <= age; i++) this.#drainOldest();
    }
    super.read(addr, bytes);
  }

  override write(addr: addr_t, bytes: number): void {
    this.#checkPresent(addr);
    this.#checkPresent(addr + bytes - 1);
    if (this.storesInFlight === this.#depth) this.#drainOldest();
    const entry = this.#entry(this.storesInFlight++);
    this.#addr[entry] = addr;
    this.#bytes[entry] = bytes;
    this.#valued[entry] = 0;
    if (!this.#drainDue) this.#drainLater();
  }

  override modify(addr: addr_t, bytes: number): void {
    this.drain();
    super.modify(addr, bytes);
  }

  override load8(addr: addr_t): number {
    this.read(addr, 1);
    const age = this.#overlapping(addr, 1);
    return age < 0 ? this.#view.getInt8(addr) : this.#forwarded(age, addr, 1);
  }

  override load16(addr: addr_t): number {
    this.read(addr, 2);
    const age = this.#overlapping(addr, 2);
    return age < 0 ? this.#view.getInt16(addr, true) : this.#forwarded(age, addr, 2);
  }

  override load32(addr: addr_t): number {
    this.read(addr, 4);
    const age = this.#overlapping(addr, 4);
    return age < 0 ? this.#view.getInt32(addr, true) : this.#forwarded(age, addr, 4);
  }

  override store8(addr: addr_t, value: number): void {
    this.write(addr, 1);
    this.#giveValue(value);
  }

  override store16(addr: addr_t, value: number): void {
    this.write(addr, 2);
    this.#giveValue(value);
  }

  override store32(addr: addr_t, value: number): void {
    this.write(addr, 4);
    this.#giveValue(value);
  }

  override mfence(): void {
    this.drain();
    super.mfence();
  }

  override drain(): void {
    while (this.storesInFlight > 0) this.#drainOldest();
  }

  #entry(age: number): number {
    return (this.#oldest + age) % this.#depth;
  }

  #giveValue(value: number): void {
    const newest = this.#entry(this.storesInFlight - 1);
    this.#value[newest] = value;
    this.#valued[newest] = 1;
  }

  #checkPresent(addr: addr_t): void {
    if (this.#present[addr >>> PAGE_SHIFT] !== 1) throw new PageFault(addr, this.id);
  }

  /** The newest store that shares bytes with a load: how many are older; -1 if none does. */
  #overlapping(addr: addr_t, bytes: number): number {
    for (let age = this.storesInFlight - 1; age >= 0; age--) {
      const entry = this.#entry(age);
      const start = this.#addr[entry];
      if (start < addr + bytes && addr < start + this.#bytes[entry]) return age;
    }
    return -1;
  }

  #forwards(age: number, addr: addr_t, bytes: number): boolean {
    const entry = this.#entry(age);
    const start = this.#addr[entry];
    return this.#valued[entry] === 1 && start <= addr && addr + bytes <= start + this.#bytes[entry];
  }

  /** Of the store's value, the bytes that the load asks for, signed. */
  #forwarded(age: number, addr: addr_t, bytes: number): number {
    const entry = this.#entry(age);
    const end = addr - this.#addr[entry] + bytes;
    return (this.#value[entry] << (32 - 8 * end)) >> (32 - 8 * bytes);
  }

  #drainOldest(): void {
    const entry = this.#oldest;
    const addr = this.#addr[entry];
    const bytes = this.#bytes[entry];
    this.#oldest = this.#entry(1);
    this.storesInFlight--;
    super.write(addr, bytes);
    if (this.#valued[entry] === 0) return;
    const value = this.#value[entry];
    if (bytes === 4) this.#view.setInt32(addr, value, true);
    else if (bytes === 2) this.#view.setInt16(addr, value, true);
    else this.#view.setInt8(addr, value);
  }

  /** One event is under way while the buffer holds anything; what a fence drains meanwhile does not call it off. */
  #drainLater(): void {
    this.#drainDue = true;
    const wait = this.#random() < 0.5 ? 0 : Math.floor(this.#random() * LONGEST_WAIT);
    this.#at(this.clock + wait, () => {
      this.#drainDue = false;
      if (this.storesInFlight === 0) return;
      this.#drainOldest();
      if (this.storesInFlight > 0) this.#drainLater();
    });
  }
}
