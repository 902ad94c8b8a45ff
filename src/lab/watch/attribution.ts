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

export class Attribution extends LineAttribution {
  /** Attributes what the CPUs of the allocator's machine do from now on, until `stop`. `fields` names those of objects. */
  constructor(
    allocator: SlabAllocator,
    fields: FieldNames = new Map(),
    options: Omit<AttributionOptions, 'hasNodes'> = {},
  ) {
    const { memory, cpus, nodes } = allocator.kernel.machine;
    const names = new KernelNames(allocator, fields);
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
  readonly #byName = new Map<string, Owner>();
  /** A static never moves. */
  readonly #ofStatics = new Map<addr_t, Owner>();
  /** By cache, then by offset. */
  readonly #ofObjects = new Map<string, Owner[]>();

  constructor(allocator: SlabAllocator, fields: FieldNames) {
    this.#allocator = allocator;
    this.#fields = fields;
  }

  ownerOf(addr: addr_t): Owner {
    const known = this.#ofStatics.get(addr);
    if (known !== undefined) return known;
    const place = this.#allocator.place(addr);
    if (place.kind === 'object') return this.#ownerInObject(place);
    // Pages are too many to tell apart.
    const of = place.kind === 'page' ? '' : place.owner;
    const name = place.kind === 'page' ? `mem_map ${place.field}` : tellPlace(place);
    const owner = this.#named({ name, kind: place.kind, field: place.field, of });
    if (this.#allocator.kernel.symbols.find(addr) !== null) this.#ofStatics.set(addr, owner);
    return owner;
  }

  partOf(addr: addr_t): Owner {
    return this.ownerOf(addr);
  }

  baseOf(addr: addr_t): addr_t {
    return addr - this.#allocator.place(addr).offset;
  }

  symbolOf(addr: addr_t): string {
    return this.#allocator.kernel.symbols.describe(addr);
  }

  #ownerInObject({ kind, owner: cache, offset }: Place): Owner {
    let byOffset = this.#ofObjects.get(cache);
    if (byOffset === undefined) {
      byOffset = [];
      this.#ofObjects.set(cache, byOffset);
    }
    let owner = byOffset[offset];
    if (owner === undefined) {
      const field = fieldAt(this.#fields.get(cache), offset);
      const at = field?.offset ?? offset;
      const name = `${cache} object ${hex(at)}${field === undefined ? '' : ` (${field.name})`}`;
      owner = this.#named({ name, kind, field: field?.name ?? '', of: cache, offset: at });
      byOffset[offset] = owner;
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

const fieldAt = (fields: readonly Field[] | undefined, at: number): Field | undefined =>
  fields?.find(({ offset, size }) => offset <= at && at < offset + size);

const hex = (offset: number): string => `${offset < 0 ? '-' : '+'}0x${Math.abs(offset).toString(16)}`;
