/** include/linux/list.h of 2.6, where it differs from 2.4's: what is taken off a list points nowhere afterwards. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { INIT_LIST_HEAD, list_add, list_add_tail, list_empty, list_head } from '../list.ts';

export { INIT_LIST_HEAD, list_add, list_add_tail, list_empty, list_head };

export const LIST_POISON1 = 0x00100100;
export const LIST_POISON2 = 0x00200200;

function __list_del(cpu: Cpu, prev: addr_t, next: addr_t): void {
  cpu.storePtr(next + list_head.prev, prev);
  cpu.storePtr(prev + list_head.next, next);
}

export function list_del(cpu: Cpu, entry: addr_t): void {
  const next = cpu.loadPtr(entry + list_head.next);
  __list_del(cpu, cpu.loadPtr(entry + list_head.prev), next);
  cpu.storePtr(entry + list_head.next, LIST_POISON1);
  cpu.storePtr(entry + list_head.prev, LIST_POISON2);
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
