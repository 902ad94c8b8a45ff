/**
 * In which order CPUs touch an object. Each does what falls to it in the order of the trace, and may be ahead of the others or
 * behind, but not where an object passes between them: what reads it comes behind every write of it that was recorded before,
 * and what writes it, or frees it, behind every touch. An allocation writes the whole object.
 *
 * *Events* are the operations and the visits of a trace, numbered together from 0 in its order. A *handover* is an event of one
 * CPU that has to be done before one of another. They are found before the replay, in one pass through the trace, so that
 * between two handovers a CPU has nothing to ask.
 */
import { Column } from '../../base/column.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { eachStep } from '../traces/steps.ts';
import { READ, type Touches } from '../traces/touches.ts';

/** Which CPU does what. */
export interface Placed {
  readonly cpus: number;
  readonly cpuOfOperation: Uint8Array;
  readonly cpuOfRun: Uint8Array;
}

/** The handovers of one replay, and how far it has come. */
export class TouchOrder {
  /** By CPU. */
  readonly stops: readonly Stops[];
  /** Of each operation the number of its event; that of a visit is its own, and as many as operations come before it. */
  readonly eventOf: Int32Array;

  /** `isLeftOut`, by object. */
  constructor(trace: AllocationTrace, touches: Touches, placed: Placed, isLeftOut: Uint8Array) {
    this.eventOf = new Int32Array(trace.operations.length);
    const handovers = new Handovers(trace.objects, placed.cpus);
    const { operations } = trace;
    const { site, object, sites, runs } = touches;
    let visits = 0;
    eachStep(
      operations,
      touches,
      (i) => {
        const event = i + visits;
        const of = operations.object[i];
        this.eventOf[i] = event;
        // A new object has nothing to wait for, so both are writes.
        if (isLeftOut[of] === 0) handovers.writes(placed.cpuOfOperation[i], of, event);
      },
      (i) => {
        const cpu = placed.cpuOfRun[i];
        const end = runs.begin[i + 1];
        const before = runs.operation[i];
        for (; visits < end; visits++) {
          const of = object[visits];
          if (isLeftOut[of] === 1) continue;
          if (sites.kind[site[visits]] === READ) handovers.reads(cpu, of, visits + before);
          else handovers.writes(cpu, of, visits + before);
        }
      },
    );
    this.stops = handovers.finish();
  }
}

/** Takes events in the order of the trace. */
class Handovers {
  readonly #cpus: number;
  /** Of each object the event that wrote it last, and its CPU; -1 before one has. */
  readonly #written: Int32Array;
  readonly #writer: Int8Array;
  /** Whether nobody but the writer has touched it since. */
  readonly #isOwn: Uint8Array;
  /** By object and CPU: the event that touched it last, or -1. */
  readonly #touched: Int32Array;
  /** By CPU and other CPU: up to which event the one has waited for the other. */
  readonly #known: Int32Array;
  /** The handovers: the two events, and their CPUs. */
  readonly #from = new Column(Int32Array);
  readonly #giver = new Column(Uint8Array);
  readonly #to = new Column(Int32Array);
  readonly #taker = new Column(Uint8Array);
  #length = 0;

  constructor(objects: number, cpus: number) {
    this.#cpus = cpus;
    this.#written = new Int32Array(objects).fill(-1);
    this.#writer = new Int8Array(objects).fill(-1);
    this.#isOwn = new Uint8Array(objects);
    this.#touched = new Int32Array(objects * cpus).fill(-1);
    this.#known = new Int32Array(cpus * cpus).fill(-1);
  }

  reads(cpu: number, object: number, event: number): void {
    const at = object * this.#cpus + cpu;
    if (this.#writer[object] !== cpu) {
      const written = this.#written[object];
      if (written > this.#touched[at]) this.#handOver(written, this.#writer[object], event, cpu);
      this.#isOwn[object] = 0;
    }
    this.#touched[at] = event;
  }

  writes(cpu: number, object: number, event: number): void {
    const first = object * this.#cpus;
    if (this.#writer[object] !== cpu || this.#isOwn[object] === 0) {
      // What was touched before the last write was waited for by that.
      const since = Math.max(0, this.#written[object]);
      for (let other = 0; other < this.#cpus; other++) {
        const touched = this.#touched[first + other];
        if (other !== cpu && touched >= since) this.#handOver(touched, other, event, cpu);
      }
      this.#writer[object] = cpu;
      this.#isOwn[object] = 1;
    }
    this.#written[object] = event;
    this.#touched[first + cpu] = event;
  }

  #handOver(from: number, giver: number, to: number, taker: number): void {
    const known = taker * this.#cpus + giver;
    if (from <= this.#known[known]) return;
    this.#known[known] = from;
    const i = this.#length++;
    this.#from.set(i, from);
    this.#giver.set(i, giver);
    this.#to.set(i, to);
    this.#taker.set(i, taker);
  }

  finish(): Stops[] {
    const length = this.#length;
    const givenAt = new Float64Array(length).fill(Number.NaN);
    const keys: number[][] = Array.from({ length: this.#cpus }, () => []);
    for (let i = 0; i < length; i++) {
      keys[this.#giver.get(i)].push(keyOf(this.#from.get(i) + 1, GIVES, i, length));
      keys[this.#taker.get(i)].push(keyOf(this.#to.get(i), TAKES, i, length));
    }
    return keys.map((of) => new Stops(Float64Array.from(of).sort(), givenAt));
  }
}

const [GIVES, TAKES] = [0, 1];

/** Sorts by event; what is given before an event comes before what is taken. */
const keyOf = (event: number, side: number, handover: number, handovers: number): number =>
  (2 * event + side) * handovers + handover;

/** The handovers of one CPU: where it has to stop, from one event to the next. */
export class Stops {
  /** Before this event; Infinity once there is nothing to stop for. */
  event = Infinity;
  readonly #keys: Float64Array;
  /** When each handover was given, told to all CPUs; NaN before. */
  readonly #givenAt: Float64Array;
  #next = 0;
  #handover = 0;
  #side = TAKES;

  constructor(keys: Float64Array, givenAt: Float64Array) {
    this.#keys = keys;
    this.#givenAt = givenAt;
    this.#read();
  }

  /** All events before `event` are done, at `clock`: who waits for them may go on. */
  done(event: number, clock: number): void {
    while (this.#side === GIVES && this.event <= event) {
      this.#givenAt[this.#handover] = clock;
      this.#advance();
    }
  }

  /** Whether what the event waits for is done. */
  get isGiven(): boolean {
    return !Number.isNaN(this.#givenAt[this.#handover]);
  }

  /** Goes on; when what the event waited for was done. */
  take(): number {
    const at = this.#givenAt[this.#handover];
    this.#advance();
    return at;
  }

  #advance(): void {
    this.#next++;
    this.#read();
  }

  #read(): void {
    const handovers = this.#givenAt.length;
    if (this.#next === this.#keys.length) {
      this.event = Infinity;
      this.#side = TAKES;
      return;
    }
    const key = this.#keys[this.#next];
    this.#handover = key % handovers;
    const at = (key - this.#handover) / handovers;
    this.#side = at % 2;
    this.event = (at - this.#side) / 2;
  }
}
