/** Attribution on a booted kernel: addresses have the names that its memory, seen by peek, gives them. */
import type { Cpu } from '../../hw/cpu.ts';
import { interpose } from '../../hw/interpose.ts';
import type { addr_t } from '../../hw/memory.ts';
import type { Place, Role, SlabAllocator } from '../../slab/allocator.ts';
import type { Owner } from '../results/owners.ts';
import type { MissesByRole } from '../results/points.ts';
import { type AttributionOptions, LineAttribution, type Naming } from './line-attribution.ts';
import { tellPlace } from './tell-place.ts';

/** A field of the objects in a cache. */
export interface Field {
  readonly name: string;
  /** In bytes from the object's start. */
  readonly offset: number;
  readonly size: number;
}

/** What the fields of objects are called, by the name of their cache. */
export type FieldNames = ReadonlyMap<string, readonly Field[]>;

export interface KernelAttributionOptions extends Omit<AttributionOptions, 'hasNodes'> {
  /** What an object of a general cache is, by its address: a name of `fields`; undefined where it is not known. */
  readonly structAt?: (objp: addr_t) => string | undefined;
}

export class Attribution extends LineAttribution {
  /** Attributes what the CPUs of the allocator's machine do from now on, until `stop`. `fields` names those of objects. */
  constructor(
    allocator: SlabAllocator,
    fields: FieldNames = new Map(),
    { structAt, ...options }: KernelAttributionOptions = {},
  ) {
    const { memory, cpus, nodes } = allocator.kernel.machine;
    const names = new KernelNames(allocator, fields, structAt ?? (() => undefined));
    super(cpus[0].l1.shift, memory.size, names, { ...options, hasNodes: nodes !== null });
    for (const cpu of cpus) {
      this.watch(cpu.l1);
      this.stops.push(this.#watchSpins(cpu));
    }
  }

  /** The misses of all owners of each role. */
  missesByRole(): MissesByRole {
    const misses: Partial<Record<Role, number>> = {};
    for (const { kind, misses: own } of this.owners()) misses[kind as Role] = (misses[kind as Role] ?? 0) + own;
    return misses;
  }

  #watchSpins(cpu: Cpu): () => void {
    return interpose(cpu, {
      pause: (below) => (polled) => {
        this.spun(polled);
        below(polled);
      },
    });
  }
}

class KernelNames implements Naming {
  readonly #allocator: SlabAllocator;
  readonly #fields: FieldNames;
  readonly #structAt: (objp: addr_t) => string | undefined;
  readonly #byName = new Map<string, Owner>();
  /** A static never moves. */
  readonly #ofStatics = new Map<addr_t, Owner>();
  /** By cache, then by offset and bytes. */
  readonly #ofObjects = new Map<string, Map<number, Owner>>();

  constructor(allocator: SlabAllocator, fields: FieldNames, structAt: (objp: addr_t) => string | undefined) {
    this.#allocator = allocator;
    this.#fields = fields;
    this.#structAt = structAt;
  }

  ownerOf(addr: addr_t, bytes: number): Owner {
    const known = this.#ofStatics.get(addr);
    if (known !== undefined) return known;
    const place = this.#allocator.place(addr);
    if (place.kind === 'object')
      return this.#ownerInObject(place, this.#structAt(addr - place.offset) ?? place.owner, bytes);
    // Pages are too many to tell apart.
    const of = place.kind === 'page' ? '' : place.owner;
    const name = place.kind === 'page' ? `mem_map ${place.field}` : tellPlace(place);
    const owner = this.#named({ name, kind: place.kind, field: place.field, of });
    if (this.#allocator.kernel.symbols.find(addr) !== null) this.#ofStatics.set(addr, owner);
    return owner;
  }

  partOf(addr: addr_t, bytes: number): Owner {
    return this.ownerOf(addr, bytes);
  }

  baseOf(addr: addr_t): addr_t {
    return addr - this.#allocator.place(addr).offset;
  }

  symbolOf(addr: addr_t): string {
    return this.#allocator.kernel.symbols.describe(addr);
  }

  /** `cache`: or the structure that the object of a general cache is known to be. */
  #ownerInObject({ kind, offset }: Place, cache: string, bytes: number): Owner {
    let known = this.#ofObjects.get(cache);
    if (known === undefined) {
      known = new Map();
      this.#ofObjects.set(cache, known);
    }
    const fields = this.#fields.get(cache);
    // Where nothing is named all accesses to a byte are of one owner.
    const key = fields === undefined ? offset : (offset + LONGEST) * LONGEST + Math.min(bytes, LONGEST - 1);
    let owner = known.get(key);
    if (owner === undefined) {
      const field = fieldOf(fields, offset, bytes);
      const at = field?.offset ?? offset;
      const name = `${cache} object ${hex(at)}${field === undefined ? '' : ` (${field.name})`}`;
      owner = this.#named({ name, kind, field: field?.name ?? '', of: cache, offset: at });
      known.set(key, owner);
    }
    return owner;
  }

  #named(owner: Owner): Owner {
    const known = this.#byName.get(owner.name);
    if (known !== undefined) return known;
    this.#byName.set(owner.name, owner);
    return owner;
  }
}

/** Longer accesses are told apart no further: no field that is no array is so long. */
const LONGEST = 64;

/**
 * Of several fields, as unions have, the smallest that has the whole access, of as small ones the first; where none has it, as
 * of an access to two fields, the smallest that has its first byte.
 */
export function fieldOf(fields: readonly Field[] | undefined, at: number, bytes: number): Field | undefined {
  const having = (end: number) =>
    fields
      ?.filter(({ offset, size }) => offset <= at && end <= offset + size)
      .reduce<Field | undefined>(
        (least, field) => (least === undefined || field.size < least.size ? field : least),
        undefined,
      );
  return having(at + bytes) ?? having(at + 1);
}

const hex = (offset: number): string => `${offset < 0 ? '-' : '+'}0x${Math.abs(offset).toString(16)}`;
