/**
 * The question that an axis asks, and its answer at a glance: by value of the axis, of misses and of time, and why the two differ
 * where they do. It stays short however many cases there are; the tables have each of them.
 */
import { groupBy } from '../base/group-by.ts';
import type { Comparison } from '../lab/results/compare.ts';
import type { Effect } from '../lab/results/statistics.ts';
import { nounOf, valuesInWords } from './axis-words.ts';
import { thousands } from './figures.ts';
import { cyclesOf, missesOf, secondLevelOf, type Verdict, verdictOf, verdicts } from './wording.ts';

type EffectOf = (of: Comparison) => Effect | null;

/** What the comparisons along one axis answer. */
export function questionOf(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return 'What was counted';
  const [{ axis }] = comparisons;
  return axis === 'colouring'
    ? 'Does slab colouring reduce L1 misses on this workload?'
    : `Does ${nounOf(axis)} change L1 misses?`;
}

/** To the question of these comparisons along one axis. */
export function answerOf(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return 'Nothing was compared: no axis has two values';
  const found = verdicts(comparisons, missesOf);
  if (found.length === 1) return answerOfAll(comparisons, found[0]);
  const told = byValue(comparisons, missesOf, 'L1 misses');
  return variantsOf(comparisons).size > 1 ? told : `It depends${told}`;
}

/** The same of time; empty where no cycles of an operation are known. */
export function timeAnswerOf(comparisons: readonly Comparison[]): string {
  const known = comparisons.filter((of) => cyclesOf(of) !== null);
  if (known.length === 0) return '';
  const [verdict, ...more] = verdicts(known, cyclesOf);
  const told =
    more.length === 0 && (verdict === 'unclear' || verdict === 'untold' || verdict === 'none')
      ? clauseOf(known, cyclesOf)
      : byValue(known, cyclesOf, '');
  return `Estimated cycles: ${told.replace(/^ on /, 'depends on ').replace(/^: /, '')}`;
}

function answerOfAll(comparisons: readonly Comparison[], verdict: Verdict): string {
  if (verdict === 'untold') {
    return comparisons.some((of) => missesOf(of) === null)
      ? 'The change cannot be told: nothing missed on the one side'
      : 'One seed gives no interval, so no answer';
  }
  if (verdict === 'unclear') return 'Not clear: too few seeds to tell';
  if (verdict === 'none') return 'No: misses change by less than 1 %';
  if (variantsOf(comparisons).size > 1) return byValue(comparisons, missesOf, 'L1 misses');
  const isYes = verdict === 'fewer' || comparisons[0].axis !== 'colouring';
  return `${isYes ? 'Yes' : 'No'}: ${clauseOf(comparisons, missesOf, 'L1 misses')}`;
}

const variantsOf = (comparisons: readonly Comparison[]) => groupBy(comparisons, ({ variant }) => variant);

// --- By value ------------------------------------------------------------------------------------------------------

/** A headline goes on two lines of a picture. */
const LONGEST = 120;
const MOST_CLAUSES = 4;

/** Where the axis has several values, what each does; where it has one, what it does by the key that it depends on. */
function byValue(comparisons: readonly Comparison[], effectOf: EffectOf, what: string): string {
  const variants = variantsOf(comparisons);
  const [{ axis }] = comparisons;
  if (variants.size === 1) {
    const key = dependsOn(comparisons, effectOf);
    const all = `: ${clauseOf(comparisons, effectOf, what)}`;
    if (key === null) return all;
    const told = clausesOf(
      key,
      groupBy(comparisons, ({ fixed }) => fixed[key]!),
      effectOf,
      what,
    );
    return told === null ? all : ` on ${nounOf(key)}: ${told}`;
  }
  const told = clausesOf(axis, variants, effectOf, what);
  return told ?? `From ${ends(axis, variants, effectOf, what)}`;
}

/** A clause for each value, those alike together; null where that would be long. */
function clausesOf(
  axis: string,
  groups: ReadonlyMap<string | number, readonly Comparison[]>,
  effectOf: EffectOf,
  what: string,
): string | null {
  const clauses = [...groups].map(([value, of]) => ({ value, of, text: clauseOf(of, effectOf) }));
  const isScale = [...groups.keys()].every((value) => typeof value === 'number');
  if (!isScale) clauses.sort((a, b) => leastOf(a.of, effectOf) - leastOf(b.of, effectOf));
  const alike = [...groupBy(clauses, ({ text }) => text)];
  const first = alike.findIndex(([text]) => named(text, what) !== text);
  const told = alike.map(([text, of], i) => {
    const values = of.map(({ value }) => value);
    return `${valuesInWords(axis, values)}: ${i === first ? named(text, what) : text}`;
  });
  const whole = told.join('; ');
  return told.length <= MOST_CLAUSES && whole.length <= LONGEST ? whole : null;
}

const leastOf = (of: readonly Comparison[], effectOf: EffectOf): number =>
  Math.min(...of.map((each) => (isTold(each, effectOf) ? effectOf(each)!.value : 0)));

/** The values that do most in either direction. */
function ends(
  axis: string,
  groups: ReadonlyMap<string | number, readonly Comparison[]>,
  effectOf: EffectOf,
  what: string,
): string {
  const all = [...groups.values()].flat().filter((of) => isTold(of, effectOf));
  const sorted = all.toSorted((a, b) => effectOf(a)!.value - effectOf(b)!.value);
  const told = (of: Comparison, what: string) =>
    `${named(clauseOf([of], effectOf), what)} (${valuesInWords(axis, [of.variant])})`;
  return `${told(sorted[0]!, what)} to ${told(sorted.at(-1)!, '')}`;
}

/** The key that tells best what becomes of a case; null where none tells more than the most frequent verdict. */
function dependsOn(comparisons: readonly Comparison[], effectOf: EffectOf): string | null {
  const astray = (cases: readonly Comparison[]) => {
    const sizes = [...groupBy(cases, (of) => verdictOf(of, effectOf)).values()].map(({ length }) => length);
    return cases.length - Math.max(...sizes);
  };
  const keys = Object.keys(comparisons[0].fixed).map((key) => {
    const groups = [...groupBy(comparisons, ({ fixed }) => fixed[key]).values()];
    return { key, astray: groups.reduce((sum, group) => sum + astray(group), 0), groups: groups.length };
  });
  const [best] = keys
    .filter(({ groups, astray: of }) => groups > 1 && of < astray(comparisons))
    .sort((a, b) => a.astray - b.astray || a.groups - b.groups);
  return best?.key ?? null;
}

// --- A clause ------------------------------------------------------------------------------------------------------

const isTold = (of: Comparison, effectOf: EffectOf) => ['fewer', 'more'].includes(verdictOf(of, effectOf));

/** What happens in these cases: `1.4 to 3.6 % fewer`, `no change`, `4.7 % fewer to 17 % more`. */
export function clauseOf(of: readonly Comparison[], effectOf: EffectOf, what = ''): string {
  const changes = of.filter((each) => isTold(each, effectOf)).map((each) => effectOf(each)!.value);
  const [least, most] = [Math.min(...changes), Math.max(...changes)];
  if (changes.length === 0) {
    const found = verdicts(of, effectOf);
    return found.map((verdict) => nothing[verdict as keyof typeof nothing]).join(' or ');
  }
  if (least < 0 && most > 0) return `${named(amountsOf([least]), what)} to ${amountsOf([most])}`;
  const isAll = changes.length === of.length;
  const nearest = least < 0 ? most : least;
  const farthest = least < 0 ? least : most;
  return named(isAll ? amountsOf([nearest, farthest]) : `up to ${amountsOf([farthest])}`, what);
}

const nothing = { none: 'no change', unclear: 'not clear', untold: 'not told' };

/** `3 % fewer` with what is fewer. */
const named = (clause: string, what: string): string =>
  what === '' ? clause : clause.replace(/fewer|more|as many/, (word) => `${word} ${what}`);

/** From this on, twice as many is easier read than 100 % more. */
const TIMES = 2;

/** Changes of one direction. */
function amountsOf(changes: readonly number[]): string {
  const word = changes[0]! < 0 ? 'fewer' : 'more';
  const isTimes = changes.every((change) => change >= TIMES);
  const figures = changes.map((change) => (isTimes ? rounded(1 + change) : rounded(100 * Math.abs(change))));
  const range = [...new Set(figures)].join(' to ');
  return isTimes ? `${range} times as many` : `${range} % ${word}`;
}

/** With two digits, since intervals are wider than that. */
const rounded = (figure: number): string => (figure < 9.95 ? figure.toFixed(1) : thousands(figure));

// --- Where misses and time differ ----------------------------------------------------------------------------------

/** By what cycles may change while misses do not, or otherwise than they do. */
type Reason = 'waiting' | 'sharing' | 'second level' | 'same level' | 'unknown';

/** So many ways are told, the others counted. */
const WAYS = 3;

/**
 * A sentence for each way in which cycles go another way than misses, with its reason as far as counts show one: first where the two
 * contradict each other, then what most cases do.
 */
export function differencesOf(comparisons: readonly Comparison[]): string[] {
  const cases = comparisons.flatMap((of) => {
    const [misses, cycles] = [verdictOf(of, missesOf), verdictOf(of, cyclesOf)];
    const isJudged = [misses, cycles].every((verdict) => ['fewer', 'more', 'none'].includes(verdict));
    return isJudged && misses !== cycles ? [{ of, misses, cycles, reason: reasonOf(of, cycles) }] : [];
  });
  const weight = (kind: typeof cases) =>
    kind.length + (kind.some(({ misses, cycles }) => ![misses, cycles].includes('none')) ? comparisons.length : 0);
  const kinds = [...groupBy(cases, ({ misses, cycles, reason }) => `${misses} ${cycles} ${reason}`).values()];
  kinds.sort((a, b) => weight(b) - weight(a));
  const left = kinds.slice(WAYS).reduce((sum, { length }) => sum + length, 0);
  const told = kinds.slice(0, WAYS).map((kind) => {
    const [{ misses, cycles, reason }] = kind as [(typeof kind)[number]];
    const of = kind.map((each) => each.of);
    const where = of.length === comparisons.length ? '' : ` (${of.length} of ${comparisons.length} cases)`;
    const change = cycles === 'none' ? 'do not change' : `are ${clauseOf(of, cyclesOf)}`;
    const contrast = misses === 'none' ? 'misses do not change' : `misses are ${clauseOf(of, missesOf)}`;
    return `Cycles ${change} where ${contrast}${where}: ${tellReason(reason, of, cycles)}.`;
  });
  return left === 0 ? told : [...told, `In ${left} more of ${comparisons.length} cases they differ otherwise.`];
}

const changeOf = (effect: Effect | null) => (effect === null ? 0 : effect.variant - effect.base);

function reasonOf(of: Comparison, verdict: Verdict): Reason {
  const { effects } = of;
  const cycles = changeOf(effects.cyclesPerOperation);
  const below = changeOf(effects.l2MissesPerOperation ?? effects.missesPerOperation);
  if (verdict === 'none') return secondLevelOf(of)?.reading === 'change' ? 'unknown' : 'same level';
  const waiting = changeOf(effects.lineWaitCyclesPerOperation) + changeOf(effects.spinCyclesPerOperation);
  if (waiting / cycles >= 0.5) return 'waiting';
  const sharing = sharingOf(of, 'variant') - sharingOf(of, 'base');
  if (sharing / cycles > 0 && Math.abs(sharing) >= 0.5 * Math.abs(below)) return 'sharing';
  return secondLevelOf(of)?.reading === 'change' && below / cycles > 0 ? 'second level' : 'unknown';
}

/** Misses by sharing, of an operation. */
function sharingOf({ effects }: Comparison, side: 'base' | 'variant'): number {
  const { missesPerOperation, missesPerThousand, trueSharingPerThousand, falseSharingPerThousand } = effects;
  const accesses = (missesPerOperation?.[side] ?? 0) / (missesPerThousand?.[side] || 1);
  return accesses * ((trueSharingPerThousand?.[side] ?? 0) + (falseSharingPerThousand?.[side] ?? 0));
}

function tellReason(reason: Reason, of: readonly Comparison[], cycles: Verdict): string {
  const less = cycles === 'fewer';
  switch (reason) {
    case 'waiting':
      return `CPUs wait ${less ? 'less' : 'more'} for lines and locks of each other`;
    case 'sharing':
      return `${less ? 'fewer' : 'more'} misses are by sharing, and come from other CPUs`;
    case 'second level':
      return `${clauseOf(of, secondLevelOf, 'lines')} miss the second level too`;
    case 'same level':
      return 'those lines come from the second level or are few, and cost little';
    case 'unknown':
      return 'the counts of misses do not tell why';
  }
}

/** Of axes that are not the main one: question and answer in a line. */
export const inShort = (comparisons: readonly Comparison[]): string =>
  `${questionOf(comparisons)} ${[answerOf(comparisons), timeAnswerOf(comparisons)].filter((text) => text !== '').join('. ')}.`;
