/** include/linux/list.h: circular doubly linked lists, each access in the order of the compiled kernel. */
import type { Cpu } from '../hw/cpu.ts';
import { type addr_t, NULL } from '../hw/memory.ts';
import { ptr, struct } from './struct.ts';

export const list_head = struct({ next: ptr, prev: ptr });

export function INIT_LIST_HEAD(cpu: Cpu, head: addr_t): void {
  cpu.storePtr(head + list_head.next, head);
  cpu.storePtr(head + list_head.prev, head);
}

export function __list_add(cpu: Cpu, entry: addr_t, prev: addr_t, next: addr_t): void {
  cpu.storePtr(next + list_head.prev, entry);
  cpu.storePtr(entry + list_head.next, next);
  cpu.storePtr(entry + list_head.prev, prev);
  cpu.storePtr(prev + list_head.next, entry);
}

export function list_add(cpu: Cpu, entry: addr_t, head: addr_t): void {
  __list_add(cpu, entry, head, cpu.loadPtr(head + list_head.next));
}

export function list_add_tail(cpu: Cpu, entry: addr_t, head: addr_t): void {
  __list_add(cpu, entry, cpu.loadPtr(head + list_head.prev), head);
}

export function __list_del(cpu: Cpu, prev: addr_t, next: addr_t): void {
  cpu.storePtr(next + list_head.prev, prev);
  cpu.storePtr(prev + list_head.next, next);
}

/** `next` is given by a caller that has read it already. */
export function list_del(cpu: Cpu, entry: addr_t, next: addr_t = cpu.loadPtr(entry + list_head.next)): void {
  __list_del(cpu, cpu.loadPtr(entry + list_head.prev), next);
  cpu.storePtr(entry + list_head.next, NULL);
  cpu.storePtr(entry + list_head.prev, NULL);
}

export function list_del_init(cpu: Cpu, entry: addr_t): void {
  const next = cpu.loadPtr(entry + list_head.next);
  __list_del(cpu, cpu.loadPtr(entry + list_head.prev), next);
  INIT_LIST_HEAD(cpu, entry);
}

export function list_move(cpu: Cpu, entry: addr_t, head: addr_t): void {
  const next = cpu.loadPtr(entry + list_head.next);
  __list_del(cpu, cpu.loadPtr(entry + list_head.prev), next);
  list_add(cpu, entry, head);
}

export function list_empty(cpu: Cpu, head: addr_t): boolean {
  return cpu.loadPtr(head + list_head.next) === head;
}

/** One step of list_for_each(): the entry behind `pos`, with a prefetch of the one behind that. */
export function listStep(cpu: Cpu, pos: addr_t): addr_t {
  const next = cpu.loadPtr(pos + list_head.next);
  cpu.prefetch(cpu.loadPtr(next + list_head.next));
  return next;
}
