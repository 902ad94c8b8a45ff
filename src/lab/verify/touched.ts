/**
 * Compares the memory that operations touched with what the recorded kernel touched: whether the accesses are the same, one by
 * one in order, and where they are not, which 32-bit words were read or written on one side alone.
 */
import { groupBy } from '../../base/group-by.ts';
import { type Access, countOf, firstDifference } from './accesses.ts';
import { type CaseOutcome, type Difference, skippedCase, type TouchShare, type TouchSummary } from './outcome.ts';
import type { AccessComparison, ComparedOperation } from './recording.ts';

/** Of all operations but those without a bar, where there are so many: a recording may be of little but boot and creation. */
const MOST = 0.95;
const MANY = 1000;
/** Of all operations: the same words read, and the same written. */
const EQUAL_WORDS = 0.99;

export class TouchComparison implements AccessComparison {
  readonly #name: string;
  readonly #shares: TouchShare[] = [];
  readonly #differences = new Map<string, number>();
  #operations = 0;
  #equalWords = 0;
  /** The first operation on a hot path that is not the same. */
  #first: Difference | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  powerOn(): void {}

  compare(operation: ComparedOperation): void {
    const { kind, recorded, ours, tell } = operation;
    const different = firstDifference(recorded, ours);
    this.#operations++;
    this.#shares.push({
      kind: kind.name,
      bar: kind.bar,
      operations: 1,
      inOrder: different === null ? 1 : 0,
      recorded: countOf(recorded),
      ours: countOf(ours),
    });
    if (different === null || this.#haveEqualWords(operation)) this.#equalWords++;
    if (different === null || kind.bar !== 'all') return;
    const [expected, got] = different.map((access) => access && told(access, tell));
    this.#first ??= { where: `${kind.name}, operation ${this.#operations} of those compared`, expected, got };
  }

  /** Whether both sides read the same words, and wrote the same; notes which they did not. */
  #haveEqualWords({ kind, recorded, ours, tell }: ComparedOperation): boolean {
    let equal = true;
    const note = (how: string, sense: string, these: ReadonlySet<number>, those: ReadonlySet<number>) => {
      for (const word of these) {
        if (those.has(word)) continue;
        equal = false;
        const what = `${kind.name}: ${tell(word)} ${how}, ${sense}`;
        this.#differences.set(what, (this.#differences.get(what) ?? 0) + 1);
      }
    };
    const [read, readHere] = [recorded, ours].map((accesses) => wordsOf(accesses, 'w'));
    const [written, writtenHere] = [recorded, ours].map((accesses) => wordsOf(accesses, 'r'));
    note('read', 'missing', read, readHere);
    note('read', 'besides', readHere, read);
    note('written', 'missing', written, writtenHere);
    note('written', 'besides', writtenHere, written);
    return equal;
  }

  summary(): TouchSummary {
    const differences = [...this.#differences].map(([what, count]) => ({ what, count }));
    return {
      shares: summed(this.#shares),
      operations: this.#operations,
      equalWords: this.#equalWords,
      differences: byCount(differences),
    };
  }

  /** Fails where a hot path is not the same one by one, or words differ in more than one operation in a hundred. */
  outcome(): CaseOutcome {
    if (this.#operations === 0) {
      return skippedCase(this.#name, 'no operation of this case was recorded with the memory it touched');
    }
    const touch = this.summary();
    const out = touch.shares
      .filter(({ bar, operations, inOrder }) => bar === 'all' && inOrder < operations)
      .reduce((count, { operations, inOrder }) => count + operations - inOrder, 0);
    const unequal = this.#equalWords < EQUAL_WORDS * this.#operations ? this.#operations - this.#equalWords : 0;
    const words = {
      where: 'sets of words',
      expected: shareOf(EQUAL_WORDS),
      got: shareOf(this.#equalWords / this.#operations),
    };
    return {
      name: this.#name,
      compared: this.#operations,
      unit: 'operations',
      differences: Math.max(out, unequal),
      first: this.#first ?? (unequal > 0 ? words : null),
      skipped: null,
      touch,
    };
  }
}

/** All recordings of one call together: fails where too few operations are the same one by one. Null where none was compared. */
export function totalTouch(cases: readonly TouchComparison[]): CaseOutcome | null {
  const summaries = cases.map((each) => each.summary()).filter(({ shares }) => shares.length > 0);
  if (summaries.length === 0) return null;
  const shares = summed(summaries.flatMap((summary) => summary.shares));
  const barred = shares.filter(({ bar }) => bar !== 'none');
  const operations = sum(barred.map((share) => share.operations));
  const inOrder = sum(barred.map((share) => share.inOrder));
  const enough = operations < MANY || inOrder >= MOST * operations;
  return {
    name: 'touch, all recordings',
    compared: operations,
    unit: 'operations',
    differences: enough ? 0 : operations - inOrder,
    first: enough ? null : { where: 'in order', expected: shareOf(MOST), got: shareOf(inOrder / operations) },
    skipped: null,
    touch: {
      shares,
      operations: sum(summaries.map((summary) => summary.operations)),
      equalWords: sum(summaries.map(({ equalWords }) => equalWords)),
      differences: byCount(
        [
          ...groupBy(
            summaries.flatMap((summary) => summary.differences),
            ({ what }) => what,
          ),
        ].map(([what, same]) => ({
          what,
          count: sum(same.map(({ count }) => count)),
        })),
      ),
    },
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
const shareOf = (part: number) => `${(100 * part).toFixed(2)} %`;

/** Shares of the same kind as one. */
function summed(shares: readonly TouchShare[]): TouchShare[] {
  return [...groupBy(shares, ({ kind }) => kind).values()].map((same) => ({
    ...same[0],
    operations: sum(same.map(({ operations }) => operations)),
    inOrder: sum(same.map(({ inOrder }) => inOrder)),
    recorded: sum(same.map(({ recorded }) => recorded)),
    ours: sum(same.map(({ ours }) => ours)),
  }));
}

/** The aligned 32-bit words of all accesses but those of one kind. */
function wordsOf(accesses: readonly Access[], without: Access['kind']): ReadonlySet<number> {
  const words = new Set<number>();
  for (const { kind, address, bytes } of accesses) {
    if (kind === without) continue;
    for (let word = address & -4; word < address + bytes; word += 4) words.add(word);
  }
  return words;
}

const told = ({ cpu, kind, address, bytes }: Access, tell: (address: number) => string) =>
  `cpu${cpu} ${kind} ${bytes} 0x${address.toString(16)} ${tell(address)}`;

const byCount = (differences: TouchSummary['differences']) =>
  differences.toSorted((a, b) => b.count - a.count || (a.what < b.what ? -1 : 1));
