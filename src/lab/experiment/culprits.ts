/**
 * Who is to blame for false sharing, from pairs of what was missed and whose store had taken the line: findings, most misses
 * first, each with a change that would part the two, for `slabscope c2c --try` to measure.
 */
import { groupBy } from '../../base/group-by.ts';
import type { OwnerCounts, Sharing, SharingPair, Side } from '../results/owners.ts';
import { type Field, type FieldNames, fieldOf } from '../watch/attribution.ts';
import { cutBy } from './trial.ts';

/**
 * - `field`: two fields of one object. `neighbours`: two objects that lie in one line. `kernel`: the kernel's own structures, whose
 *   layout is the kernel's. `memory`: two places of a memory trace. `unknown`: what took the line away was not seen.
 */
export type FindingKind = 'field' | 'neighbours' | 'kernel' | 'memory' | 'unknown';

/** False sharing in the objects of one cache, in one kind of structure, of two such that lie in one line. */
export interface Finding {
  readonly kind: FindingKind;
  readonly misses: number;
  /** What was missed, and what was written, each most misses first. */
  readonly victims: readonly Part[];
  readonly takers: readonly Part[];
  readonly remedy: Remedy | null;
}

/** An owner on one side of several pairs. */
export interface Part {
  readonly side: Side;
  readonly cpus: readonly number[];
  readonly misses: number;
}

/** Fields to be moved, or an alignment of objects: `trial` as --try takes it. */
export interface Remedy {
  readonly trial: string;
  readonly moved: readonly { readonly side: Side; readonly to: number }[];
}

export interface Layouts {
  /** Bytes of a line. */
  readonly line: number;
  /** Bytes from one object to the next, by cache; none of a memory trace. */
  readonly objectSizes: ReadonlyMap<string, number>;
  readonly fields: FieldNames;
}

const WORD = 4;

/** Fields with less than this share of a finding's misses are not worth a move. */
const WORTH_A_MOVE = 0.1;

/** False sharing, by where it is. */
export function findingsOf(
  { pairs }: Pick<Sharing, 'pairs'>,
  owners: readonly OwnerCounts[],
  layouts: Layouts,
): Finding[] {
  const falsely = pairs.filter(({ sharing }) => sharing === 'falseSharing');
  return [...groupBy(falsely, groupOf).values()]
    .map((group): Finding => {
      const kind = kindOf(group[0]);
      return {
        ...{ kind, misses: missesOf(group) },
        victims: partsOf(group, ({ victim }) => victim),
        takers: partsOf(group, ({ taker }) => taker),
        remedy: kind === 'field' ? moveApart(group, owners, layouts) : kind === 'neighbours' ? WHOLE_LINES : null,
      };
    })
    .sort((a, b) => b.misses - a.misses);
}

const WHOLE_LINES: Remedy = { trial: 'alignment=whole-line', moved: [] };

function kindOf({ victim, taker, sameObject }: SharingPair): FindingKind {
  if (taker === null) return 'unknown';
  if (victim.kind === 'memory') return 'memory';
  if (victim.kind !== 'object' || taker.kind !== 'object') return 'kernel';
  return sameObject ? 'field' : 'neighbours';
}

/** Of a kernel structure its name: `kmem_cache_t` of `kmem_cache_t.gfpflags`; all caches' together. */
const structureOf = ({ kind, field, of }: Side): string => (kind === 'object' ? of : field.replace(/[.[].*/, ''));

function groupOf(pair: SharingPair): string {
  const { victim, taker } = pair;
  const kind = kindOf(pair);
  // A line of a trace is a place of its own.
  if (kind === 'memory') return `memory ${victim.of}`;
  if (kind === 'unknown') return kind;
  return [kind, structureOf(victim), structureOf(taker!)].join('\t');
}

const missesOf = (pairs: readonly SharingPair[]): number => pairs.reduce((sum, { misses }) => sum + misses, 0);

/** One side of the pairs, by owner. */
export function partsOf(pairs: readonly SharingPair[], sideOf: (pair: SharingPair) => Side | null): Part[] {
  const seen = pairs.flatMap((pair) => {
    const side = sideOf(pair);
    return side === null ? [] : [{ side, misses: pair.misses }];
  });
  return [...groupBy(seen, ({ side }) => side.name).values()]
    .map((group) => ({
      side: group[0].side,
      cpus: [...new Set(group.map(({ side }) => side.cpu))].sort((a, b) => a - b),
      misses: group.reduce((sum, { misses }) => sum + misses, 0),
    }))
    .sort((a, b) => b.misses - a.misses);
}

// --- A remedy ------------------------------------------------------------------------------------------------------

interface Word {
  readonly side: Side;
  readonly offset: number;
  readonly size: number;
}

/** Takes written fields away from those that are missed for them: to where least is touched, or behind the object. */
function moveApart(pairs: readonly SharingPair[], owners: readonly OwnerCounts[], layouts: Layouts): Remedy | null {
  const moving = fieldsToMove(pairs).map((side): Word => {
    const offset = wordOf(side);
    return { side, offset, size: fieldOf(layouts.fields.get(side.of), offset, 1)?.size ?? WORD };
  });
  const [{ side }] = moving;
  const size = layouts.objectSizes.get(side.of);
  // Objects of a general cache are of many structures.
  if (size === undefined || /^size-\d/.test(side.of)) return null;
  const isMoving = (offset: number) => moving.some((word) => word.offset === offset);
  const stay = pairs
    .flatMap(({ victim, taker }) => [victim, taker!])
    .map(wordOf)
    .filter((offset) => !isMoving(offset));
  const to = coldestPlace(side.of, moving, stay, size, owners, layouts);
  let at = to;
  const moved = moving.map((word) => {
    at = roundUp(at, word.size);
    const place = { side: word.side, to: at };
    at += word.size;
    return place;
  });
  const trial = moved.map(({ side, to }) => `${side.of}:${side.field || `+${hex(wordOf(side))}`}@${hex(to)}`);
  return { trial: trial.join(','), moved };
}

/** Adds takers, those with most misses first, as long as more pairs are parted by it: two that take from each other must not go together. */
function fieldsToMove(pairs: readonly SharingPair[]): Side[] {
  const all = missesOf(pairs);
  const partedBy = (names: ReadonlySet<string>) =>
    missesOf(pairs.filter(({ victim, taker }) => names.has(victim.name) !== names.has(taker!.name)));
  const moving: Side[] = [];
  let parted = 0;
  for (const { side } of partsOf(pairs, ({ taker }) => taker)) {
    const more = partedBy(new Set([...moving, side].map(({ name }) => name)));
    if (moving.length > 0 && more - parted < WORTH_A_MOVE * all) continue;
    moving.push(side);
    parted = more;
  }
  return moving;
}

function coldestPlace(
  cache: string,
  moving: readonly Word[],
  stay: readonly number[],
  size: number,
  owners: readonly OwnerCounts[],
  { line, fields }: Layouts,
): number {
  const bytes = moving.reduce((end, word) => roundUp(end, word.size) + word.size, 0);
  const step = Math.max(...moving.map((word) => word.size), WORD);
  // The first object of a slab lies on a line; where they are whole lines, all do.
  const areParted = (a: number, b: number) =>
    size % line === 0 ? Math.floor(a / line) !== Math.floor(b / line) : Math.abs(a - b) >= line + step;
  const places: { at: number; misses: number }[] = [];
  for (let at = 0; at + bytes <= size; at += step) {
    const within = (offset: number) => offset >= at && offset < at + bytes;
    const isFree = !moving.some((word) => word.offset + word.size > at && word.offset < at + bytes);
    const isApart = stay.every((offset) => areParted(at, offset) && areParted(at + bytes - 1, offset));
    if (!isFree || !isApart || isCut(moving, at, fields.get(cache) ?? [])) continue;
    const misses = owners
      .filter(({ kind, of, offset = 0 }) => kind === 'object' && of === cache && within(offset))
      .reduce((sum, owner) => sum + owner.misses, 0);
    places.push({ at, misses });
  }
  const behind = { at: roundUp(size, line), misses: 0 };
  // What is missed there now would be missed elsewhere.
  const missed = owners
    .filter(({ kind, of }) => kind === 'object' && of === cache)
    .reduce((sum, of) => sum + of.misses, 0);
  const coldest = places.sort((a, b) => a.misses - b.misses || a.at - b.at)[0];
  return coldest !== undefined && coldest.misses <= 0.01 * missed ? coldest.at : behind.at;
}

/** Whether a field that stands there would lose some of its bytes. */
function isCut(moving: readonly Word[], to: number, fields: readonly Field[]): boolean {
  let at = to;
  return moving.some(({ offset, size }) => {
    at = roundUp(at, size) + size;
    return cutBy({ offset, size }, at - size, fields) !== undefined;
  });
}

const wordOf = ({ offset = 0, field }: Side): number => (field === '' ? offset - (offset % WORD) : offset);

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

const hex = (value: number): string => `0x${value.toString(16)}`;
