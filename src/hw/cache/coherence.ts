/**
 * Coherence protocols, as data: for each state of a line in a cache and each event, what the cache does and which state
 * follows. A transition that cannot happen is `impossible`, so that a hole in a table is seen.
 *
 * Sources: MESI: M. S. Papamarcos and J. H. Patel, "A low-overhead coherence solution for multiprocessors with private
 * cache memories", ISCA 1984, with the counting rules of golden/cache. MOESI: AMD64 Architecture Programmer's Manual,
 * volume 2, 7.3, "Memory Coherency and Protocol". Write-through: Intel's Pentium 4, whose L1 writes through to its L2.
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

/**
 * What a cache asks of those outside: the line; the line for itself alone; only that all other copies go; that the store
 * be made below, and that all other copies go.
 */
export type BusRequest = 'read' | 'readExclusive' | 'upgrade' | 'writeThrough';

/** The answer to an access of the cache's own CPU. `nextIfShared` holds where another cache keeps a copy. */
export interface LocalTransition {
  readonly bus: BusRequest | null;
  readonly next: LineState;
  readonly nextIfShared: LineState;
}

/** The answer to another cache's request, seen on the bus, or to the line's replacement. */
export interface RemoteTransition {
  readonly next: LineState;
  /** The copy differs from memory, so it is handed to the one who asks. */
  readonly supplies: boolean;
  /** Memory is brought up to date. */
  readonly writesBack: boolean;
}

export interface StateTransitions {
  readonly localRead: LocalTransition;
  readonly localWrite: LocalTransition;
  readonly busRead: RemoteTransition;
  readonly busReadExclusive: RemoteTransition;
  readonly busUpgrade: RemoteTransition;
  readonly replacement: RemoteTransition;
}

/** By LineState; null for a state that the protocol does not have. */
export type Protocol = readonly (StateTransitions | null)[];

const hit = (next: LineState): LocalTransition => ({ bus: null, next, nextIfShared: next });
const ask = (bus: BusRequest, next: LineState, nextIfShared = next): LocalTransition => ({ bus, next, nextIfShared });
const quietly = (next: LineState): RemoteTransition => ({ next, supplies: false, writesBack: false });
const supply = (next: LineState): RemoteTransition => ({ next, supplies: true, writesBack: false });
const writeBack = (next: LineState): RemoteTransition => ({ next, supplies: true, writesBack: true });

export const impossible: RemoteTransition = {
  get next(): LineState {
    throw new Error('a transition that the protocol rules out');
  },
  supplies: false,
  writesBack: false,
};

const invalid: StateTransitions = {
  localRead: ask('read', Exclusive, Shared),
  localWrite: ask('readExclusive', Modified),
  busRead: quietly(Invalid),
  busReadExclusive: quietly(Invalid),
  busUpgrade: quietly(Invalid),
  replacement: impossible,
};
const shared: StateTransitions = {
  localRead: hit(Shared),
  localWrite: ask('upgrade', Modified),
  busRead: quietly(Shared),
  busReadExclusive: quietly(Invalid),
  busUpgrade: quietly(Invalid),
  replacement: quietly(Invalid),
};
const exclusive: StateTransitions = {
  localRead: hit(Exclusive),
  localWrite: hit(Modified),
  busRead: quietly(Shared),
  busReadExclusive: quietly(Invalid),
  busUpgrade: impossible,
  replacement: quietly(Invalid),
};

export const mesi: Protocol = [
  /* Invalid */ invalid,
  /* Shared */ shared,
  /* Exclusive */ exclusive,
  /* Modified */ {
    localRead: hit(Modified),
    localWrite: hit(Modified),
    busRead: writeBack(Shared),
    busReadExclusive: writeBack(Invalid),
    busUpgrade: impossible,
    replacement: writeBack(Invalid),
  },
  /* Owned */ null,
];

/** A modified line that others read stays where it is, and memory stays as it was, until its owner replaces it. */
export const moesi: Protocol = [
  /* Invalid */ invalid,
  /* Shared */ shared,
  /* Exclusive */ exclusive,
  /* Modified */ {
    localRead: hit(Modified),
    localWrite: hit(Modified),
    busRead: supply(Owned),
    busReadExclusive: supply(Invalid),
    busUpgrade: impossible,
    replacement: writeBack(Invalid),
  },
  /* Owned */ {
    localRead: hit(Owned),
    localWrite: ask('upgrade', Modified),
    busRead: supply(Owned),
    busReadExclusive: supply(Invalid),
    busUpgrade: quietly(Invalid), // whoever upgrades holds the same data, and answers for it from now on
    replacement: writeBack(Invalid),
  },
];

/** Every store is made below, and a store that misses does not fill. A line that is held is Shared. */
export const writeThrough: Protocol = [
  /* Invalid */ {
    ...invalid,
    localRead: ask('read', Shared),
    localWrite: ask('writeThrough', Invalid),
  },
  /* Shared */ {
    ...shared,
    localWrite: ask('writeThrough', Shared),
  },
  /* Exclusive */ null,
  /* Modified */ null,
  /* Owned */ null,
];

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

/** A protocol as caches read it: the same tables, a byte a cell. */
export class Transitions {
  /** What a load makes of a line that was Invalid, where no other cache keeps a copy, and where one does. */
  readonly readAlone: LineState;
  readonly readShared: LineState;
  readonly localWrite: Uint8Array;
  readonly busRead: Uint8Array;
  readonly busReadExclusive: Uint8Array;
  readonly busUpgrade: Uint8Array;
  readonly replacement: Uint8Array;

  constructor(protocol: Protocol) {
    const { next, nextIfShared } = protocol[Invalid]!.localRead;
    this.readAlone = next;
    this.readShared = nextIfShared;
    this.localWrite = Uint8Array.from(protocol, (row) => (row === null ? IMPOSSIBLE : localCell(row.localWrite)));
    const cells = (event: 'busRead' | 'busReadExclusive' | 'busUpgrade' | 'replacement') =>
      Uint8Array.from(protocol, (row) => (row === null ? IMPOSSIBLE : remoteCell(row[event])));
    this.busRead = cells('busRead');
    this.busReadExclusive = cells('busReadExclusive');
    this.busUpgrade = cells('busUpgrade');
    this.replacement = cells('replacement');
  }
}

/** `cell`, which must not be one that the protocol rules out. */
export function possible(cell: number): number {
  if (cell === IMPOSSIBLE) return impossible.next;
  return cell;
}

const localCell = ({ bus, next }: LocalTransition): number =>
  next | (bus === 'upgrade' ? UPGRADES : 0) | (bus === 'writeThrough' ? WRITES_THROUGH : 0);

function remoteCell(transition: RemoteTransition): number {
  if (transition === impossible) return IMPOSSIBLE;
  const { next, supplies, writesBack } = transition;
  return next | (supplies ? SUPPLIES : 0) | (writesBack ? WRITES_BACK : 0);
}
