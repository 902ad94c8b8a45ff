/** Layouts of C structures, as those who read them find them: members at offsets, which may be structures themselves. */
import { InputError } from '../../base/input-error.ts';

/** A structure or union, or an array or scalar, which have no members. */
export interface CType {
  readonly size: number;
  readonly members: readonly Member[] | null;
}

export interface Member {
  /** Empty of an anonymous structure or union, and of bits without a name. */
  readonly name: string;
  /** In bytes from the start of what it is in; of bits the first byte that has any, and their bytes are the size. */
  readonly offset: number;
  readonly type: CType;
}

/** A structure by its name. */
export interface Struct extends CType {
  readonly name: string;
  /** FILE:LINE. */
  readonly place: string;
  readonly members: readonly Member[];
}

/** A structure that the text has, but whose layout does not follow from it. */
export interface Unknown {
  readonly name: string;
  readonly refusal: InputError;
}

/** A member that is no structure: `d_name.len`. Unions have several at one offset. */
export interface Leaf {
  readonly name: string;
  readonly offset: number;
  /** 0 of an array without a length. */
  readonly size: number;
}

/** All leaves, in the order of their declaration. */
export function leavesOf({ members }: CType, prefix = '', at = 0): Leaf[] {
  return (members ?? []).flatMap(({ name, offset, type }): Leaf[] => {
    const path = name === '' ? prefix : prefix === '' ? name : `${prefix}.${name}`;
    if (type.members !== null && type.members.length > 0) return leavesOf(type, path, at + offset);
    return name === '' ? [] : [{ name: path, offset: at + offset, size: type.size }];
  });
}

/** What the readers of text have in common: how they refuse it. */
export const refused = (file: string, line: number, problem: string, remedy: string): InputError =>
  new InputError(`${file}:${line}`, problem, remedy);
