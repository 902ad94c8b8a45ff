/** L1s on a bus with memory behind it. Where a line came from is not told: a miss costs by its class. */
import type { Bus } from './bus.ts';
import { Exclusive, Modified } from './coherence.ts';
import {
  type Above,
  type Below,
  DIRTY,
  FROM_ELSEWHERE,
  NOBODY,
  POSTED,
  type Source,
  type Supply,
} from './contracts.ts';

export class NoSecondLevel implements Below {
  readonly snooped = null;
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  read(l1: Above, line: number, id: number): Supply {
    const { loadMissAlone, loadMissShared } = this.#bus.transitions;
    return this.#bus.read(l1, line, id) === NOBODY ? loadMissAlone : loadMissShared;
  }

  readExclusive(l1: Above, line: number, id: number): Supply {
    const { handsChangesOver } = this.#bus.transitions;
    return this.#bus.readExclusive(l1, line, id) === DIRTY && handsChangesOver ? Modified : Exclusive;
  }

  upgrade(l1: Above, line: number, id: number): boolean {
    return this.#bus.upgrade(l1, line, id) === DIRTY;
  }

  write(l1: Above, line: number, id: number): Source {
    return this.#bus.upgrade(l1, line, id) === NOBODY ? POSTED : FROM_ELSEWHERE;
  }

  replaced(l1: Above, _line: number, id: number): void {
    this.#bus.directory.holders[id] &= ~l1.bit;
  }
}
