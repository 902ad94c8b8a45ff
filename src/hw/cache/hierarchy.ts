/** The caches of one machine: L1s on a bus, one for each CPU, and what lies below them. */
import { InputError } from '../../base/input-error.ts';
import type { CacheGeometry, Latencies, SecondLevelGeometry } from '../cpu-model.ts';
import { Bus } from './bus.ts';
import type { ProtocolName } from './coherence.ts';
import type { Below } from './contracts.ts';
import { L1 } from './l1.ts';
import type { ClassDetail } from './miss-classes.ts';
import { NoSecondLevel } from './no-second-level.ts';
import { PrivateSecondLevel, SharedSecondLevel } from './second-level.ts';
import type { TagArray } from './tag-array.ts';

export interface HierarchyOptions {
  readonly l1: CacheGeometry;
  readonly protocol: ProtocolName;
  /** Null: none. */
  readonly l2: SecondLevelGeometry | null;
  readonly latencies: Latencies;
  readonly classes: ClassDetail;
  /** Numbers in [0, 1) for the random replacement policy, from the run's seed. */
  readonly random?: (() => number) | undefined;
  /** One byte a physical page, 0 = not present; null where addresses are those of a trace. */
  readonly present: Uint8Array | null;
}

function noRandomness(): never {
  throw new InputError(
    'cache',
    'random replacement without a seed',
    'hand in `random`, seeded, or choose another policy',
  );
}

export class CacheHierarchy {
  readonly bus: Bus;
  readonly l1s: L1[] = [];
  /** The shared one, or one for each L1; none where there is no second level. */
  readonly l2s: TagArray[] = [];
  readonly #options: HierarchyOptions;
  readonly #random: () => number;
  readonly #shared: SharedSecondLevel | null = null;

  constructor(options: HierarchyOptions) {
    const { protocol, l2, random = noRandomness } = options;
    this.#options = options;
    this.#random = random;
    this.bus = new Bus(protocol);
    if (l2?.shared === true) {
      this.#shared = new SharedSecondLevel(this.bus, l2, random, this.l1s);
      this.l2s.push(this.#shared);
    }
  }

  /** One more CPU's L1, empty. `remoteCosts`: as L1Options has it. */
  addL1(remoteCosts: Uint16Array | null = null): L1 {
    const { l1: geometry, latencies, classes, present } = this.#options;
    const options = { geometry, latencies, classes, random: this.#random, present, remoteCosts };
    const l1 = new L1(this.bus, this.#below(), options);
    this.l1s.push(l1);
    return l1;
  }

  /** What lies below a new L1. */
  #below(): Below {
    if (this.#shared !== null) return this.#shared;
    const { l2 } = this.#options;
    if (l2 === null) return new NoSecondLevel(this.bus);
    const own = new PrivateSecondLevel(this.bus, l2, this.#random);
    this.l2s.push(own);
    return own;
  }
}
