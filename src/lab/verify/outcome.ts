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
  /** More to print about the case. */
  readonly detail?: string;
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
