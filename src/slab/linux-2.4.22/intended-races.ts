/** The races that 2.4.22 has on purpose, or lives with: what the race detector finds in a run of it, with the reason each. */
import type { IntendedRace } from '../kernel-facts.ts';
import { racesOfTheSeries, reads, writes } from '../linux-2.4/intended-races.ts';

export const intendedRaces: readonly IntendedRace[] = [
  ...racesOfTheSeries,
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
];
