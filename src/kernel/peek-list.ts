/** Lists seen without touching them. */
import type { Machine } from '../hw/machine.ts';
import type { addr_t } from '../hw/memory.ts';
import { list_head } from './list.ts';

/** What a checker finds where kernel structures contradict themselves. */
export class Corruption extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Corruption';
  }
}

/** A look at a moment at which memory is behind: what a CPU has stored waits in its buffer, where no peek sees it. */
export class StoresInFlight extends Error {
  constructor(cpu: number, stores: number) {
    super(
      `cpu${cpu} has ${stores} ${stores === 1 ? 'store' : 'stores'} in its buffer, and a peek sees memory alone: ` +
        'look when the run has ended, or when no CPU has storesInFlight',
    );
    this.name = 'StoresInFlight';
  }
}

/**
 * The entries of a list, first to last. A list that leaves memory, or whose links do not agree, is a Corruption. Not for
 * what looks on at single accesses (observers): between the stores of one list operation no list is whole.
 */
export function peekList({ memory, cpus }: Machine, head: addr_t): addr_t[] {
  for (const { id, storesInFlight } of cpus) if (storesInFlight > 0) throw new StoresInFlight(id, storesInFlight);
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
