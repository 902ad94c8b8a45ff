/** The zones of 2.4.0, seen without touching them. */
import { zoneStatesWith } from '../linux-2.4/buddyinfo.ts';
import type { Mm } from './mm.ts';

export const zoneStates = (k: Mm) =>
  zoneStatesWith(k, (zone) => ({
    inactive_clean_pages: k.machine.memory.peek32(zone + k.zone_struct.inactive_clean_pages),
  }));
