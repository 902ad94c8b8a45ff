/** include/linux/list.h of 2.6, where it differs from 2.4's: what is taken off a list points nowhere afterwards. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import {
  __list_del,
  INIT_LIST_HEAD,
  list_add,
  list_add_tail,
  list_del_init,
  list_empty,
  list_head,
  list_move,
} from '../list.ts';

export { INIT_LIST_HEAD, list_add, list_add_tail, list_del_init, list_empty, list_head, list_move };

export const LIST_POISON1 = 0x00100100;
export const LIST_POISON2 = 0x00200200;

export function list_del(cpu: Cpu, entry: addr_t): void {
  const next = cpu.loadPtr(entry + list_head.next);
  __list_del(cpu, cpu.loadPtr(entry + list_head.prev), next);
  cpu.storePtr(entry + list_head.next, LIST_POISON1);
  cpu.storePtr(entry + list_head.prev, LIST_POISON2);
}
