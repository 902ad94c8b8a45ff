/**
 * MESI, as data: for each state of a line in a cache and each event, what the cache does and which state follows.
 * A transition that cannot happen is `impossible`, so that a hole in the table is seen.
 *
 * Source: M. S. Papamarcos and J. H. Patel, "A low-overhead coherence solution for multiprocessors with private cache
 * memories", ISCA 1984; the counting rules are those of golden/cache.
 */
export const Invalid = 0;
export const Shared = 1;
export const Exclusive = 2;
export const Modified = 3;

export type LineState = typeof Invalid | typeof Shared | typeof Exclusive | typeof Modified;
export const stateLetters = ['I', 'S', 'E', 'M'] as const;

/** What a cache asks of the bus: the line; the line for itself alone; only that all other copies go. */
export type BusRequest = 'read' | 'readExclusive' | 'upgrade';

/** The answer to an access of the cache's own CPU. `nextIfShared` holds where another cache keeps a copy. */
export interface LocalTransition {
  readonly bus: BusRequest | null;
  readonly next: LineState;
  readonly nextIfShared: LineState;
}

/** The answer to another cache's request, seen on the bus, or to the line's replacement. */
export interface RemoteTransition {
  readonly next: LineState;
  /** The copy differs from memory: it is written back, and handed to the one who asks. */
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

/** Indexed by LineState. */
export type Protocol = readonly [StateTransitions, StateTransitions, StateTransitions, StateTransitions];

const hit = (next: LineState): LocalTransition => ({ bus: null, next, nextIfShared: next });
const ask = (bus: BusRequest, next: LineState, nextIfShared = next): LocalTransition => ({ bus, next, nextIfShared });
const quietly = (next: LineState): RemoteTransition => ({ next, writesBack: false });
const writeBack = (next: LineState): RemoteTransition => ({ next, writesBack: true });

export const impossible: RemoteTransition = {
  get next(): LineState {
    throw new Error('a transition that the protocol rules out');
  },
  writesBack: false,
};

export const mesi: Protocol = [
  /* Invalid */ {
    localRead: ask('read', Exclusive, Shared),
    localWrite: ask('readExclusive', Modified),
    busRead: quietly(Invalid),
    busReadExclusive: quietly(Invalid),
    busUpgrade: quietly(Invalid),
    replacement: impossible,
  },
  /* Shared */ {
    localRead: hit(Shared),
    localWrite: ask('upgrade', Modified),
    busRead: quietly(Shared),
    busReadExclusive: quietly(Invalid),
    busUpgrade: quietly(Invalid),
    replacement: quietly(Invalid),
  },
  /* Exclusive */ {
    localRead: hit(Exclusive),
    localWrite: hit(Modified),
    busRead: quietly(Shared),
    busReadExclusive: quietly(Invalid),
    busUpgrade: impossible,
    replacement: quietly(Invalid),
  },
  /* Modified */ {
    localRead: hit(Modified),
    localWrite: hit(Modified),
    busRead: writeBack(Shared),
    busReadExclusive: writeBack(Invalid),
    busUpgrade: impossible,
    replacement: writeBack(Invalid),
  },
];
