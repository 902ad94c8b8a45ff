/** The races that 2.4.0 has on purpose, or lives with: what the race detector finds in a run of it, with the reason each. */
import type { IntendedRace, RaceSide } from '../kernel-facts.ts';
import { racesOfTheSeries, reads, writes } from '../linux-2.4/intended-races.ts';

/** Of two CPUs, and of a task and the handler that interrupts it. */
const amongAll = (race: { field: string; sides: readonly [RaceSide, RaceSide]; reason: string }): IntendedRace[] => [
  race,
  { ...race, sameCpu: true },
];

const changesPressure = ['addMemoryPressure', 'released'];
const pressure = 'a rough measure of demand, counted without a lock: an increment may get lost';

export const intendedRaces: readonly IntendedRace[] = [
  ...racesOfTheSeries,
  ...amongAll({
    field: 'zone_struct.free_pages',
    sides: [
      reads('fromRichZones', '__alloc_pages_limit', 'fromAnyZone', 'sumOverZones'),
      writes('rmqueue', '__free_pages_ok'),
    ],
    reason:
      '__alloc_pages tests watermarks and adds the zones up without zone->lock: a stale count chooses another zone, or wakes ' +
      'kswapd for nothing',
  }),
  ...amongAll({
    field: 'memory_pressure',
    sides: [reads('inactive_target', ...changesPressure), writes(...changesPressure)],
    reason: pressure,
  }),
  ...amongAll({
    field: 'memory_pressure',
    sides: [writes(...changesPressure), writes(...changesPressure)],
    reason: pressure,
  }),
  {
    field: 'kswapd_done',
    sides: [reads('waitqueue_active'), writes('add_wait_queue', 'remove_wait_queue')],
    reason:
      'kswapd looks without the lock whether anybody waits, and is the more eager to help; it wakes them in any case',
  },
];
