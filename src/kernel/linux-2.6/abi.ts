/** What the instruction set fixes about C's types: the one place that knows how wide a pointer is. */
import { type CType, ptr as i386Ptr, type Struct, struct } from '../struct.ts';

export interface Abi {
  readonly name: 'i386' | 'x86-64';
  /** A data pointer, a function pointer. */
  readonly ptr: CType;
  /** long, unsigned long, size_t. */
  readonly long: CType;
  readonly list_head: Struct<{ next: CType; prev: CType }>;
  readonly rcu_head: Struct<{ next: CType; func: CType }>;
}

function abi(name: Abi['name'], word: CType): Abi {
  return {
    name,
    ptr: word,
    long: word,
    list_head: struct({ next: word, prev: word }),
    rcu_head: struct({ next: word, func: word }),
  };
}

export const i386 = abi('i386', i386Ptr);
/** For layouts and geometry alone: no machine has 64-bit CPUs yet. */
export const x86_64 = abi('x86-64', { sizeof: 8, align: 8 });
