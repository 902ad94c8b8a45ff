/**
 * Layouts from BTF as JSON: `bpftool btf dump file FILE -j`. BTF has the offset of every member; the size of a pointer it has not,
 * but pointers leave no more room than they need.
 */
import { InputError } from '../../base/input-error.ts';
import type { CType, Member, Struct } from './struct-layout.ts';

interface BtfMember {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
  readonly bitfield_size?: number;
}

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly BtfMember[];
}

export const isBtfJson = (value: unknown): value is { types: readonly BtfType[] } =>
  typeof value === 'object' && value !== null && Array.isArray((value as { types?: unknown }).types);

const isMember = (value: unknown): value is BtfMember => {
  const { name, type_id, bits_offset } = (value ?? {}) as Partial<BtfMember>;
  return typeof name === 'string' && Number.isInteger(type_id) && Number.isInteger(bits_offset);
};

export function readBtfJson({ types }: { types: readonly BtfType[] }, file: string): Struct[] {
  const byId = new Map(types.map((type) => [type.id, type]));
  const typeOf = (id: number | undefined, from: BtfType): BtfType => {
    const found = byId.get(id ?? 0);
    if (found !== undefined) return found;
    throw new InputError(file, `type ${from.id} names type ${id}, which is not there`, 'give the whole dump');
  };
  for (const type of types) {
    const isRecord = type.kind === 'STRUCT' || type.kind === 'UNION';
    if (!Number.isInteger(type.id) || (isRecord && (!Number.isInteger(type.size) || !type.members?.every(isMember)))) {
      throw new InputError(
        file,
        `type ${type.id} is not as bpftool writes it`,
        'dump it with bpftool btf dump file FILE -j',
      );
    }
  }
  const pointer = pointerSize(types, byId);
  const known = new Map<number, CType>();
  const builtOf = (type: BtfType, depth: number): CType => {
    const found = known.get(type.id);
    if (found !== undefined) return found;
    if (depth > 64)
      throw new InputError(file, `type ${type.id} is in itself`, 'give a whole dump, as bpftool writes it');
    const built = build(type, depth);
    known.set(type.id, built);
    return built;
  };
  const build = (type: BtfType, depth: number): CType => {
    const { kind, size = 0, type_id, nr_elems = 0 } = type;
    if (kind === 'STRUCT' || kind === 'UNION')
      return { size, members: type.members!.map((each) => member(each, type, depth)) };
    if (kind === 'PTR') return { size: pointer, members: null };
    if (kind === 'ARRAY') return { size: nr_elems * builtOf(typeOf(type_id, type), depth + 1).size, members: null };
    if (['TYPEDEF', 'CONST', 'VOLATILE', 'RESTRICT', 'TYPE_TAG', 'DECL_TAG'].includes(kind)) {
      return builtOf(typeOf(type_id, type), depth + 1);
    }
    return { size, members: null };
  };
  const member = (
    { name, type_id, bits_offset, bitfield_size = 0 }: BtfMember,
    from: BtfType,
    depth: number,
  ): Member => {
    const offset = Math.floor(bits_offset / 8);
    const isNamed = name !== '(anon)' && name !== '';
    const type =
      bitfield_size > 0
        ? { size: Math.ceil((bits_offset + bitfield_size) / 8) - offset, members: null }
        : type_id === 0
          ? { size: 0, members: null }
          : builtOf(typeOf(type_id, from), depth + 1);
    return { name: isNamed ? name : '', offset, type };
  };
  return types.flatMap((type): Struct[] => {
    const isNamed = type.name !== '(anon)' && type.name !== '';
    const isRecord = type.kind === 'STRUCT' || type.kind === 'UNION';
    if (!isNamed || !isRecord) return [];
    const { size, members } = builtOf(type, 0);
    return [{ name: type.name, place: `${file}: type ${type.id}`, size, members: members! }];
  });
}

/** 4 where any pointer that is a member has no room for 8. */
function pointerSize(types: readonly BtfType[], byId: ReadonlyMap<number, BtfType>): 4 | 8 {
  const isPointer = ({ type_id }: BtfMember) => {
    let type = byId.get(type_id);
    for (
      let depth = 0;
      depth < 64 && type !== undefined && ['TYPEDEF', 'CONST', 'VOLATILE'].includes(type.kind);
      depth++
    ) {
      type = byId.get(type.type_id ?? 0);
    }
    return type?.kind === 'PTR';
  };
  const isTight = types.some(({ kind, size = 0, members = [] }) => {
    if (kind !== 'STRUCT') return false;
    return members.some((member, i) => {
      const end = members[i + 1]?.bits_offset ?? 8 * size;
      return isPointer(member) && end - member.bits_offset === 32;
    });
  });
  return isTight ? 4 : 8;
}
