/** What a comparison with recorded truth gives: per case, how much was compared and what differed first. */
export interface Difference {
  /** Where: an operation, a row, a step. */
  readonly where: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface CaseOutcome {
  readonly name: string;
  /** What was compared, in the case's own units: operations, rows, steps, counts. */
  readonly compared: number;
  readonly unit: string;
  readonly differences: number;
  /** The first difference in full. */
  readonly first: Difference | null;
  /** Why the case was not run at all; null if it was. */
  readonly skipped: string | null;
  /** Of a comparison of accesses. */
  readonly touch?: TouchSummary;
  /** Of a comparison of misses, by cache. */
  readonly misses?: readonly MissSummary[];
}

/** Operations of one kind. */
export interface TouchShare {
  readonly kind: string;
  /** Whether all must be in order, or most of all that are so barred. */
  readonly bar: 'all' | 'most' | 'none';
  readonly operations: number;
  /** Of them with the compiled kernel's accesses one by one. */
  readonly inOrder: number;
  /** Accesses, recorded and the emulator's. */
  readonly recorded: number;
  readonly ours: number;
}

export interface TouchSummary {
  readonly shares: readonly TouchShare[];
  readonly operations: number;
  /** Of them those that read the same words, and wrote the same. */
  readonly equalWords: number;
  /** Words that differ, by operation, structure and field, the most frequent first. */
  readonly differences: readonly { readonly what: string; readonly count: number }[];
}

/** What one cache made of both streams of accesses. */
export interface MissSummary {
  readonly cache: string;
  /** Bytes of it. */
  readonly size: number;
  readonly classes: readonly MissClassSummary[];
}

/** Misses of one class. */
export interface MissClassSummary {
  readonly missClass: string;
  readonly recorded: number;
  readonly ours: number;
  /** Summed over operations, each from the state that the recorded accesses before it left: how far the two are apart. */
  readonly byOperation: number;
}

/** Gathers comparisons of one case. */
export class Comparison {
  readonly #name: string;
  readonly #unit: string;
  #compared = 0;
  #differences = 0;
  #first: Difference | null = null;

  constructor(name: string, unit: string) {
    this.#name = name;
    this.#unit = unit;
  }

  get differs(): boolean {
    return this.#differences > 0;
  }

  /** One unit compared: equal if both sides print the same. */
  compare(where: () => string, expected: unknown, got: unknown): void {
    this.#compared++;
    if (JSON.stringify(expected) === JSON.stringify(got)) return;
    this.#differences++;
    this.#first ??= { where: where(), expected, got };
  }

  outcome(): CaseOutcome {
    return {
      name: this.#name,
      compared: this.#compared,
      unit: this.#unit,
      differences: this.#differences,
      first: this.#first,
      skipped: null,
    };
  }
}

export function skippedCase(name: string, reason: string): CaseOutcome {
  return { name, compared: 0, unit: 'operations', differences: 0, first: null, skipped: reason };
}

export const passed = (outcome: CaseOutcome) => outcome.skipped === null && outcome.differences === 0;
