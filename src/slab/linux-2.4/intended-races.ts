/** The races that all of 2.4 have on purpose, or live with. */
import type { IntendedRace, RaceSide } from '../kernel-facts.ts';

export const reads = (...fns: string[]): RaceSide => ({ kind: 'r', fns });
export const writes = (...fns: string[]): RaceSide => ({ kind: 'w', fns });

export const racesOfTheSeries: readonly IntendedRace[] = [
  {
    field: 'irq_cpustat_t.__local_irq_count',
    sides: [reads('in_interrupt'), writes('addIrqCount')],
    sameCpu: true,
    reason: 'a handler counts itself in and out again, so whom it interrupts reads the same before and after',
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
      "exchange of a CPU's array, a batchcount above the old limit runs over the old array (a bug of the kernel, kept)",
  },
];
