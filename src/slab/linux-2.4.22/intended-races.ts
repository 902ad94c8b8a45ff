/** The races that 2.4.22 has on purpose, or lives with: what the race detector finds in a run of it, with the reason each. */
import type { IntendedRace, RaceSide } from '../kernel-facts.ts';

const reads = (...fns: string[]): RaceSide => ({ kind: 'r', fns });
const writes = (...fns: string[]): RaceSide => ({ kind: 'w', fns });

export const intendedRaces: readonly IntendedRace[] = [
  {
    field: 'zone_struct.free_pages',
    sides: [reads('fromZones'), writes('rmqueue', 'giveBack')],
    reason:
      '__alloc_pages tests watermarks without zone->lock: a stale count chooses another zone or reclaims too early',
  },
  {
    field: 'zone_struct.free_pages',
    sides: [reads('fromZones'), writes('rmqueue', 'giveBack')],
    sameCpu: true,
    reason: 'the same watermark test, with interrupts on: the handler that strikes allocates or frees pages itself',
  },
  {
    field: 'zone_struct.need_balance',
    sides: [writes('__alloc_pages'), writes('__alloc_pages')],
    reason: 'a hint to kswapd: all store the same 1',
  },
  {
    field: 'zone_struct.need_balance',
    sides: [writes('__alloc_pages'), writes('__alloc_pages')],
    sameCpu: true,
    reason: 'a hint to kswapd: all store the same 1',
  },
  {
    field: 'irq_cpustat_t.__local_irq_count',
    sides: [reads('in_interrupt'), writes('addIrqCount')],
    sameCpu: true,
    reason: 'a handler counts itself in and out again, so whom it interrupts reads the same before and after',
  },
  {
    field: 'task_struct.flags',
    sides: [reads('keepsLocally'), writes('balance_classzone')],
    sameCpu: true,
    reason: '__free_pages_ok looks at PF_FREE_PAGES of the task that it interrupts before it asks in_interrupt()',
  },
  {
    field: 'task_struct.nr_local_pages',
    sides: [reads('keepsLocally'), writes('keepsLocally', 'takeLocalPage', 'balance_classzone')],
    sameCpu: true,
    reason: '__free_pages_ok looks at nr_local_pages of the task that it interrupts before it asks in_interrupt()',
  },
  {
    field: 'task_struct.state',
    sides: [reads('schedule'), writes('wake_up_locked')],
    reason:
      'the kernel orders schedule() and a wake-up by runqueue_lock, which is not modelled; the scheduler of src/hw does',
  },
  {
    field: 'kmem_cache_t.batchcount',
    sides: [reads('kmem_cache_alloc_batch', 'flushArray'), writes('kmem_tune_cpucache')],
    reason:
      'refill and flush read it without the lock that tuning stores it under. Not harmless: between that store and the ' +
      "exchange of a CPU's array, a batchcount above the old limit runs over the old array (a bug of 2.4.22, kept)",
  },
];
