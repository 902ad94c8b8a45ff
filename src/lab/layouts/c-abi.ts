/**
 * Where members of a structure lie, as gcc lays it out for i386 and x86-64: the psABIs, and where these are silent gcc's
 * stor-layout.c (place_field, layout_decl), with bits as PCC_BITFIELD_TYPE_MATTERS has them.
 */
export const abis = ['i386', 'x86-64'] as const;
export type Abi = (typeof abis)[number];

export interface Scalar {
  readonly size: number;
  /** In a structure. */
  readonly align: number;
}

const same = (size: number): Scalar => ({ size, align: size });

/** By the words of a declaration, in alphabetical order and without signs. */
const scalars: Readonly<Record<Abi, Readonly<Record<string, Scalar>>>> = {
  i386: {
    ...{ char: same(1), short: same(2), int: same(4), long: same(4), 'long long': { size: 8, align: 4 } },
    ...{ float: same(4), double: { size: 8, align: 4 }, 'double long': { size: 12, align: 4 }, _Bool: same(1) },
    pointer: same(4),
  },
  'x86-64': {
    ...{ char: same(1), short: same(2), int: same(4), long: same(8), 'long long': same(8), __int128: same(16) },
    ...{ float: same(4), double: same(8), 'double long': same(16), _Bool: same(1), pointer: same(8) },
  },
};

/** What these words declare, in any order; null where the ABI knows no such type. */
export function scalarOf(words: readonly string[], abi: Abi): Scalar | null {
  const kind = words.filter((word) => word !== 'signed' && word !== 'unsigned').sort();
  const named = kind.length > 1 ? kind.filter((word) => word !== 'int') : kind;
  return scalars[abi][named.length === 0 ? 'int' : named.join(' ')] ?? null;
}

export const pointerOf = (abi: Abi): Scalar => scalars[abi].pointer;

/** The greatest alignment of the target, which `aligned` without a number means. */
export const GREATEST_ALIGNMENT = 16;

export interface Placed {
  readonly offset: number;
  readonly size: number;
}

/** Takes members in their order. */
export class RecordLayout {
  readonly #isUnion: boolean;
  readonly #packed: boolean;
  /** In bits, where the next member may begin; of a union the end of the largest. */
  #end = 0;
  #align = 1;

  constructor(isUnion: boolean, packed: boolean) {
    this.#isUnion = isUnion;
    this.#packed = packed;
  }

  /** `packed` and `aligned`: of the member itself; 0 where nothing is said. */
  member({ size, align }: Scalar, packed: boolean, aligned: number): Placed {
    const own = Math.max(this.#packed || packed ? 1 : align, aligned);
    const offset = this.#isUnion ? 0 : roundUp(this.#end, 8 * own) / 8;
    this.#reach(8 * (offset + size), own);
    return { offset, size };
  }

  /** `width` bits of a type; null of those that only fill up. */
  bits({ size, align }: Scalar, width: number, named: boolean, packed: boolean, aligned: number): Placed | null {
    let first = this.#isUnion ? 0 : this.#end;
    if (width === 0) {
      this.#end = roundUp(first, 8 * align);
      return null;
    }
    if (aligned > 0) first = roundUp(first, 8 * aligned);
    else if (!this.#packed && !packed && spansMore(first, width, align, size)) first = roundUp(first, 8 * align);
    this.#reach(first + width, Math.max(named && !this.#packed && !packed ? align : 1, aligned));
    if (!named) return null;
    const offset = Math.floor(first / 8);
    return { offset, size: Math.ceil((first + width) / 8) - offset };
  }

  /** With what is said of the whole. */
  finish(aligned: number): Scalar {
    const align = Math.max(this.#align, aligned);
    return { size: roundUp(Math.ceil(this.#end / 8), align), align };
  }

  #reach(end: number, align: number): void {
    this.#end = this.#isUnion ? Math.max(this.#end, end) : end;
    this.#align = Math.max(this.#align, align);
  }
}

/** excess_unit_span() of gcc: more units of the type's alignment than the type itself has. */
const spansMore = (first: number, width: number, align: number, size: number): boolean =>
  Math.ceil(((first % (8 * align)) + width) / (8 * align)) > size / align;

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
