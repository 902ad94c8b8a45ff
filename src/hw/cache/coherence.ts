/**
 * Coherence protocols, as data: what a cache makes of its own CPU's misses and stores, and of other CPUs' requests, by the
 * state of the line. Caches run these tables; there is no cell that they do not read. What a protocol rules out is
 * `impossible`, so that a hole in a table is seen.
 *
 * Not in the tables, since they are the same in all protocols: a load that hits changes nothing; a line that is replaced is
 * written back if it differs from memory. What a second level does for its own CPU is code (second-level.ts).
 *
 * Sources: MESI: M. S. Papamarcos and J. H. Patel, "A low-overhead coherence solution for multiprocessors with private
 * cache memories", ISCA 1984. MOESI: AMD64 Architecture Programmer's Manual, volume 2, 7.3, "Memory Coherency and Protocol".
 * Write-through: Intel's Pentium 4, whose L1 writes through to its L2.
 */
export const Invalid = 0;
export const Shared = 1;
export const Exclusive = 2;
export const Modified = 3;
/** Differs from memory, and others share it: this cache answers for it. */
export const Owned = 4;

export type LineState = typeof Invalid | typeof Shared | typeof Exclusive | typeof Modified | typeof Owned;
export const stateLetters = ['I', 'S', 'E', 'M', 'O'] as const;

/** Whether a copy in this state differs from memory. */
export const isDirty = (state: number): boolean => state >= Modified;

/** A store of the cache's own CPU that hits. */
export interface StoreTransition {
  readonly next: LineState;
  /** That all other copies go; or that the store be made below, and all other copies go. */
  readonly asks: 'upgrade' | 'writeThrough' | null;
}

/** The answer to another CPU's request. */
export interface SnoopTransition {
  readonly next: LineState;
  /**
   * The copy differs from memory, so it is handed to the one who asks; one who upgrades has the data already, and takes over the
   * duty to write it back.
   */
  readonly supplies: boolean;
  /** Memory is brought up to date. */
  readonly writesBack: boolean;
}

export const impossible = 'impossible';

export interface StateTransitions {
  readonly store: StoreTransition;
  /** Another CPU, or a device, wants to read the line. */
  readonly busRead: SnoopTransition | typeof impossible;
  /** It wants the line for itself alone. */
  readonly busReadExclusive: SnoopTransition | typeof impossible;
  /** It has the line already, and wants all other copies gone. */
  readonly busUpgrade: SnoopTransition | typeof impossible;
}

export interface Protocol {
  /** What a load that misses makes of the line: where no other cache keeps a copy, and where one does. */
  readonly loadMiss: { readonly alone: LineState; readonly shared: LineState };
  /** A store that misses fetches the line for itself alone; or it is made below, and does not fill. */
  readonly storeMiss: 'readExclusive' | 'writeThrough';
  /** By the state of a line that is held: those that the protocol has. */
  readonly held: { readonly [State in LineState]?: StateTransitions };
}

const silently = (next: LineState): StoreTransition => ({ next, asks: null });
const ask = (asks: 'upgrade' | 'writeThrough', next: LineState): StoreTransition => ({ next, asks });
const quietly = (next: LineState): SnoopTransition => ({ next, supplies: false, writesBack: false });
const supply = (next: LineState): SnoopTransition => ({ next, supplies: true, writesBack: false });
const writeBack = (next: LineState): SnoopTransition => ({ next, supplies: true, writesBack: true });

const shared: StateTransitions = {
  store: ask('upgrade', Modified),
  busRead: quietly(Shared),
  busReadExclusive: quietly(Invalid),
  busUpgrade: quietly(Invalid),
};
const exclusive: StateTransitions = {
  store: silently(Modified),
  busRead: quietly(Shared),
  busReadExclusive: quietly(Invalid),
  busUpgrade: impossible,
};

export const mesi: Protocol = {
  loadMiss: { alone: Exclusive, shared: Shared },
  storeMiss: 'readExclusive',
  held: {
    [Shared]: shared,
    [Exclusive]: exclusive,
    [Modified]: {
      store: silently(Modified),
      busRead: writeBack(Shared),
      busReadExclusive: writeBack(Invalid),
      busUpgrade: impossible,
    },
  },
};

/** A modified line that others read stays where it is, and memory stays as it was, until its owner replaces it. */
export const moesi: Protocol = {
  loadMiss: { alone: Exclusive, shared: Shared },
  storeMiss: 'readExclusive',
  held: {
    [Shared]: shared,
    [Exclusive]: exclusive,
    [Modified]: {
      store: silently(Modified),
      busRead: supply(Owned),
      busReadExclusive: supply(Invalid),
      busUpgrade: impossible,
    },
    [Owned]: {
      store: ask('upgrade', Modified),
      busRead: supply(Owned),
      busReadExclusive: supply(Invalid),
      busUpgrade: supply(Invalid), // the upgrader has the same data and becomes the one that must write it back
    },
  },
};

/** Every store is made below. A line that is held is Shared. */
export const writeThrough: Protocol = {
  loadMiss: { alone: Shared, shared: Shared },
  storeMiss: 'writeThrough',
  held: { [Shared]: { ...shared, store: ask('writeThrough', Shared) } },
};

export const protocols = { mesi, moesi, 'write-through': writeThrough } as const;
export type ProtocolName = keyof typeof protocols;

export const protocolSummaries: Record<ProtocolName, string> = {
  mesi: 'Modified, Exclusive, Shared, Invalid: Intel, write-back',
  moesi: 'with Owned: a modified line is shared without going to memory; AMD since K7',
  'write-through': 'every store goes to the next level too; Pentium 4',
};

/** The bits of a cell in `Transitions`: the next state, then what is asked or done. */
export const NEXT = 7;
export const UPGRADES = 8;
export const WRITES_THROUGH = 16;
export const SUPPLIES = 32;
export const WRITES_BACK = 64;
const IMPOSSIBLE = 128;

/** Requests on the bus: with the state of the line in them they are the index of a cell. */
export const BUS_READ = 0;
export const BUS_READ_EXCLUSIVE = 8;
export const BUS_UPGRADE = 16;
export type BusRequest = typeof BUS_READ | typeof BUS_READ_EXCLUSIVE | typeof BUS_UPGRADE;

/** A protocol as caches read it: the same tables, a byte a cell. */
export class Transitions {
  readonly loadMissAlone: LineState;
  readonly loadMissShared: LineState;
  readonly storeMissFills: boolean;
  /** By state. */
  readonly store = new Uint8Array(8).fill(IMPOSSIBLE);
  /** By request and state. */
  readonly snoop = new Uint8Array(24).fill(IMPOSSIBLE);
  /** True under MOESI: a changed line passes from cache to cache without being written back. */
  readonly handsChangesOver: boolean;

  constructor({ loadMiss, storeMiss, held }: Protocol) {
    this.loadMissAlone = loadMiss.alone;
    this.loadMissShared = loadMiss.shared;
    this.storeMissFills = storeMiss === 'readExclusive';
    for (const [state, transitions] of Object.entries(held)) {
      this.store[Number(state)] = storeCell(transitions.store);
      this.snoop[BUS_READ | Number(state)] = snoopCell(transitions.busRead);
      this.snoop[BUS_READ_EXCLUSIVE | Number(state)] = snoopCell(transitions.busReadExclusive);
      this.snoop[BUS_UPGRADE | Number(state)] = snoopCell(transitions.busUpgrade);
    }
    const taken = this.snoop[BUS_READ_EXCLUSIVE | Modified];
    this.handsChangesOver = (taken & SUPPLIES) !== 0 && (taken & WRITES_BACK) === 0;
  }
}

/** `cell`, which must not be one that the protocol rules out. */
export function possible(cell: number): number {
  if (cell === IMPOSSIBLE) throw new Error('a transition that the protocol rules out');
  return cell;
}

const storeCell = ({ next, asks }: StoreTransition): number =>
  next | (asks === 'upgrade' ? UPGRADES : 0) | (asks === 'writeThrough' ? WRITES_THROUGH : 0);

function snoopCell(transition: SnoopTransition | typeof impossible): number {
  if (transition === impossible) return IMPOSSIBLE;
  const { next, supplies, writesBack } = transition;
  return next | (supplies ? SUPPLIES : 0) | (writesBack ? WRITES_BACK : 0);
}
