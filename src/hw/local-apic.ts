/**
 * One CPU's local APIC: interrupt vectors that wait, each from the time at which it arrives, and those in service. The
 * upper four bits of a vector are its priority; a vector is taken only above the priority in service (Intel SDM vol. 3,
 * "Advanced Programmable Interrupt Controller"). A vector posted while it waits already is one interrupt, not two.
 */
export class LocalApic {
  readonly #arrival = new Float64Array(256).fill(Infinity);
  readonly #inService: number[] = [];
  /** Vectors that wait; 0 lets the CPU look no further. */
  pending = 0;
  #isStarted = true;

  /** False while the CPU is stopped: it takes no interrupt, and what is sent to it is lost. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  start(): void {
    this.#isStarted = true;
  }

  stop(): void {
    this.#isStarted = false;
    this.#arrival.fill(Infinity);
    this.pending = 0;
  }

  /** `vector` arrives at `time` cycles. */
  post(vector: number, time: number): void {
    if (!this.#isStarted) return;
    if (this.#arrival[vector] === Infinity) this.pending++;
    this.#arrival[vector] = Math.min(this.#arrival[vector], time);
  }

  /** The arrival of the first vector that could be taken, Infinity if there is none. */
  nextArrival(): number {
    let next = Infinity;
    for (let vector = this.#lowestTakeable(); vector < 256; vector++) next = Math.min(next, this.#arrival[vector]);
    return next;
  }

  /** Takes the highest vector that has arrived by `clock`; -1 if there is none. */
  accept(clock: number): number {
    for (let vector = 255; vector >= this.#lowestTakeable(); vector--) {
      if (this.#arrival[vector] > clock) continue;
      this.#arrival[vector] = Infinity;
      this.pending--;
      this.#inService.push(vector);
      return vector;
    }
    return -1;
  }

  /** The handler of the vector accepted last is done with the interrupt. */
  endOfInterrupt(): void {
    this.#inService.pop();
  }

  #lowestTakeable(): number {
    const current = this.#inService.at(-1);
    return current === undefined ? 16 : ((current >> 4) + 1) << 4;
  }
}
