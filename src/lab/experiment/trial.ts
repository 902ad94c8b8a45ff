/**
 * A change of layout that is tried: fields of the objects in a cache change places with what stands at other offsets, or objects
 * are aligned otherwise. `slabscope c2c --try` runs a point with it and without.
 *
 *     d_count@0x60               the field, in whatever cache of the workload has one of that name
 *     dentry:d_count@0x60        the field of this cache
 *     looked-up:+0x8@0x60        4 bytes that have no name
 *     alignment=whole-line       as the key of specifications
 *
 * Nothing of a workload changes but where it touches its objects: accesses are moved on their way from the CPU, as are those of
 * recorded touches. Values stay where they were, since nobody reads them by another way. An access that reaches over the end of
 * what is moved together is made in pieces. Beyond the end of an object is room that the object has to grow by.
 */
import { InputError } from '../../base/input-error.ts';
import type { Cpu } from '../../hw/cpu.ts';
import { interpose } from '../../hw/interpose.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { roundUp } from '../../kernel/struct.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import { type Alignment, alignmentOf } from '../specification/specification.ts';
import type { Field, FieldNames } from '../watch/attribution.ts';

const WORD = 4;
const LARGEST = 131_072;

export interface Trial {
  readonly alignment: Alignment | null;
  readonly moves: readonly Move[];
}

export interface Move {
  /** Null: every cache that has such a field. */
  readonly cache: string | null;
  /** A name, or an offset of bytes that have none. */
  readonly field: string | number;
  readonly to: number;
}

/** Reads what --try takes; `place` names it in messages. */
export function parseTrial(text: string, place: string): Trial {
  let alignment: Trial['alignment'] = null;
  const moves: Move[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    const key = /^alignment=(.+)$/.exec(part);
    if (key !== null) {
      alignment = alignmentOf(key[1], place);
      continue;
    }
    const move = /^(?:([^:@=]+):)?([^:@=]+)@(0x[\da-f]+|\d+)$/i.exec(part);
    if (move === null) {
      throw new InputError(
        place,
        `${JSON.stringify(part)} is no change of layout`,
        'write FIELD@OFFSET, CACHE:FIELD@OFFSET, CACHE:+OFFSET@OFFSET, or alignment=whole-line',
      );
    }
    const to = Number(move[3]);
    if (to > LARGEST) throw new InputError(place, `offset ${move[3]}`, `objects have ${LARGEST} bytes at most`);
    const nameless = /^\+(0x[\da-f]+|\d+)$/i.exec(move[2]);
    if (nameless !== null && move[1] === undefined) {
      throw new InputError(place, `${part} names no cache`, `write CACHE:${part}`);
    }
    moves.push({ cache: move[1] ?? null, field: nameless === null ? move[2] : Number(nameless[1]), to });
  }
  return { alignment, moves };
}

/** Where the bytes of an object go: those at `at[i]` of the layout as it was stand at `i`. */
export class MovedLayout {
  /** By the offset that a byte had. */
  readonly #to: number[] = [];

  /** Bytes that an object needs; 0 if it needs no more than it had. */
  get end(): number {
    return this.#to.length;
  }

  toOf(offset: number): number {
    return this.#to[offset] ?? offset;
  }

  /** Bytes `from` of the layout as it was change places with those that stand at `to` by now. */
  move(from: number, bytes: number, to: number): void {
    for (let i = this.#to.length; i < Math.max(from, to) + bytes; i++) this.#to.push(i);
    for (let i = 0; i < bytes; i++) {
      const there = this.#to.indexOf(to + i);
      this.#to[there] = this.#to[from + i];
      this.#to[from + i] = to + i;
    }
  }

  /** An access to the layout as it was, in the pieces that stay together. */
  eachPiece(offset: number, bytes: number, access: (offset: number, bytes: number) => void): void {
    let from = offset;
    const end = offset + bytes;
    while (from < end) {
      let piece = 1;
      while (from + piece < end && this.toOf(from + piece) === this.toOf(from) + piece) piece++;
      access(this.toOf(from), piece);
      from += piece;
    }
  }

  /** A field where it stands now; what moves out of a larger one leaves that where it was. */
  moved(field: Field): Field {
    return { ...field, offset: this.toOf(field.offset) };
  }
}

/** The layouts that a trial changes, by cache; `fields` tells where named ones are. */
export function layoutsOf({ moves }: Trial, fields: FieldNames, place: string): Map<string, MovedLayout> {
  const layouts = new Map<string, MovedLayout>();
  for (const move of moves) {
    for (const [cache, field] of fieldsMeant(move, fields, place)) {
      const layout = layouts.get(cache) ?? new MovedLayout();
      layouts.set(cache, layout);
      const now = (fields.get(cache) ?? []).map((each) => layout.moved(each));
      checkRoom(field, move.to, now, cache, place);
      layout.move(field.offset, field.size, move.to);
    }
  }
  return layouts;
}

function fieldsMeant({ cache, field }: Move, fields: FieldNames, place: string): [cache: string, field: Field][] {
  if (typeof field === 'number') {
    const size = WORD;
    return [[cache!, { name: `+0x${field.toString(16)}`, offset: field - (field % WORD), size }]];
  }
  const named = [...fields].flatMap(([of, all]): [string, Field][] =>
    cache !== null && cache !== of ? [] : all.filter(({ name }) => name === field).map((each) => [of, each]),
  );
  if (named.length > 0) return named;
  const known = [...fields].flatMap(([of, all]) => (cache === null || cache === of ? all.map(({ name }) => name) : []));
  throw new InputError(
    place,
    `no field ${field}${cache === null ? '' : ` in ${cache}`}`,
    known.length === 0
      ? 'name fields in the specification, or the bytes by their offset: CACHE:+OFFSET@OFFSET'
      : `name one of ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', ...' : ''}`,
  );
}

/** What stands there must be whole, and not the field itself. */
function checkRoom(field: Field, to: number, now: readonly Field[], cache: string, place: string): void {
  const { size } = field;
  const from = now.find(({ name }) => name === field.name)?.offset ?? field.offset;
  if (Math.abs(to - from) < size) {
    throw new InputError(place, `${field.name} already stands at ${from} to ${from + size}`, 'name another offset');
  }
  const cut = cutBy({ offset: from, size }, to, now);
  if (cut === undefined) return;
  throw new InputError(
    place,
    `${field.name}, ${size} bytes, at ${to} would cut ${cut.name} of ${cache} (${cut.offset} to ${cut.offset + cut.size})`,
    `name an offset where it changes places with whole fields, or one behind the object`,
  );
}

/** A field of which some bytes, and not all, would change places with the moving one; unless it is that, or has it within. */
export function cutBy(moving: Omit<Field, 'name'>, to: number, fields: readonly Field[]): Field | undefined {
  const end = to + moving.size;
  return fields.find(({ offset, size }) => {
    const isTouched = offset < end && to < offset + size;
    const isWhole = offset >= to && offset + size <= end;
    const hasMoving = offset <= moving.offset && moving.offset + moving.size <= offset + size;
    return isTouched && !isWhole && !hasMoving;
  });
}

/** Names as the moved layouts have them. */
export const movedFields = (fields: FieldNames, layouts: ReadonlyMap<string, MovedLayout>): FieldNames =>
  new Map([...fields].map(([cache, all]) => [cache, all.map((field) => layouts.get(cache)?.moved(field) ?? field)]));

/** From now on objects of these caches have their layouts; `multiple` is what the sizes of objects are multiples of. */
export function moveFields(
  allocator: SlabAllocator,
  layouts: ReadonlyMap<string, MovedLayout>,
  multiple: number,
): void {
  if (layouts.size === 0) return;
  const { machine } = allocator.kernel;
  const objects = new LiveObjects(machine.memory.size);
  const allocated = (objp: addr_t): addr_t => {
    if (objp === NULL) return objp;
    const { kind, owner } = allocator.place(objp);
    const layout = kind === 'object' ? layouts.get(owner) : undefined;
    if (layout !== undefined) objects.add(objp, layout);
    return objp;
  };
  interpose(allocator, {
    create: (below) => (cpu, options) => {
      const end = layouts.get(options.name ?? '')?.end ?? 0;
      return below(cpu, end <= options.size ? options : { ...options, size: roundUp(end, multiple) });
    },
    alloc: (below) =>
      function* (cpu, cachep, flags) {
        return allocated(yield* below(cpu, cachep, flags));
      },
    kmalloc: (below) =>
      function* (cpu, size, flags) {
        return allocated(yield* below(cpu, size, flags));
      },
    free: (below) => (cpu, cachep, objp) => {
      objects.remove(objp);
      return below(cpu, cachep, objp);
    },
    kfree: (below) => (cpu, objp) => {
      objects.remove(objp);
      return below(cpu, objp);
    },
  });
  for (const cpu of machine.cpus) moveAccesses(cpu, objects);
}

/** Accesses of these objects go where their layouts have them. */
function moveAccesses(cpu: Cpu, objects: LiveObjects): void {
  const moved = (below: (addr: addr_t, bytes: number) => void) => (addr: addr_t, bytes: number) => {
    const objp = objects.at(addr);
    if (objp === NULL) below(addr, bytes);
    else objects.layoutOf(objp).eachPiece(addr - objp, bytes, (offset, piece) => below(objp + offset, piece));
  };
  const prefetched = (below: (addr: addr_t) => void) => (addr: addr_t) => {
    const objp = objects.at(addr);
    below(objp === NULL ? addr : objp + objects.layoutOf(objp).toOf(addr - objp));
  };
  interpose(cpu, { read: moved, write: moved, modify: moved, prefetch: prefetched, prefetchw: prefetched });
}

/** The objects whose layouts are moved, from their allocation to their free. */
class LiveObjects {
  /** By word, the object that it is in. */
  readonly #at: Int32Array;
  readonly #layouts = new Map<addr_t, MovedLayout>();

  constructor(memory: number) {
    this.#at = new Int32Array(memory / WORD);
  }

  at(addr: addr_t): addr_t {
    return this.#at[addr >>> 2];
  }

  layoutOf(objp: addr_t): MovedLayout {
    return this.#layouts.get(objp)!;
  }

  add(objp: addr_t, layout: MovedLayout): void {
    this.#layouts.set(objp, layout);
    this.#fill(objp, layout, objp);
  }

  remove(objp: addr_t): void {
    const layout = this.#layouts.get(objp);
    if (layout === undefined || this.at(objp) !== objp) return;
    this.#fill(objp, layout, NULL);
  }

  /** Behind the last byte that moves an object is as it was. */
  #fill(objp: addr_t, { end }: MovedLayout, value: addr_t): void {
    this.#at.fill(value, objp >>> 2, (objp + end + WORD - 1) >>> 2);
  }
}
