/** Lists seen without touching them. */
import type { addr_t, Memory } from '../hw/memory.ts';
import { list_head } from './list.ts';

/** What a checker finds where kernel structures contradict themselves. */
export class Corruption extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Corruption';
  }
}

/** The entries of a list, first to last. A list that leaves memory, or whose links do not agree, is a Corruption. */
export function peekList(memory: Memory, head: addr_t): addr_t[] {
  const entries: addr_t[] = [];
  let previous = head;
  for (let at = memory.peek32(head + list_head.next); at !== head; at = memory.peek32(at + list_head.next)) {
    const inMemory = at > 0 && at + list_head.sizeof <= memory.size;
    if (!inMemory || memory.peek32(at + list_head.prev) !== previous) {
      throw new Corruption(`the list at 0x${head.toString(16)} is broken behind entry ${entries.length}`);
    }
    entries.push(at);
    previous = at;
  }
  return entries;
}
