/**
 * The races that 2.4.22 has on purpose, or lives with: what the race detector finds in a run of the unchanged kernel, with
 * the reason each. Keyed as narrowly as the detector tells them: the field, and the functions that may be on the two sides.
 */
import type { AccessKind } from '../../hw/observe.ts';
import type { Race, RaceAccess } from './race-detector.ts';

interface Side {
  readonly kind: AccessKind;
  readonly fns: readonly string[];
}

export interface IntendedRace {
  readonly field: string;
  /** Either may have come first. */
  readonly sides: readonly [Side, Side];
  /** An interrupt of the very CPU that it interrupts; else two CPUs. */
  readonly sameCpu?: true;
  readonly reason: string;
}

const reads = (...fns: string[]): Side => ({ kind: 'r', fns });
const writes = (...fns: string[]): Side => ({ kind: 'w', fns });

export const intendedRaces: readonly IntendedRace[] = [
  {
    field: 'zone_struct.free_pages',
    sides: [reads('fromZones'), writes('rmqueue', '__free_pages_ok')],
    reason:
      '__alloc_pages tests watermarks without zone->lock: a stale count chooses another zone or reclaims too early',
  },
  {
    field: 'zone_struct.free_pages',
    sides: [reads('fromZones'), writes('rmqueue', '__free_pages_ok')],
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

/** The entry that allows a race, if one does. */
export function intendedRace({ first, second }: Race): IntendedRace | undefined {
  return intendedRaces.find(
    ({ field, sides: [one, other], sameCpu = false }) =>
      first.field === field &&
      second.field === field &&
      (first.cpu === second.cpu) === sameCpu &&
      ((isSide(one, first) && isSide(other, second)) || (isSide(one, second) && isSide(other, first))),
  );
}

/** Where functions were not noted, the field and the kind must do. */
const isSide = ({ kind, fns }: Side, { kind: itsKind, fn }: RaceAccess) =>
  itsKind === kind && (fn === '' || fns.includes(fn));

/** Those that nobody intended. */
export const unintended = (races: readonly Race[]): Race[] => races.filter((race) => intendedRace(race) === undefined);
