/**
 * The kernel versions whose recordings are known: each a folder here, and a row of this table. What two know by its text the first has, unless
 * it stands in a folder of the other's name.
 */
import { recordings240 } from './linux-2.4.0/index.ts';
import { recordings2422 } from './linux-2.4.22/index.ts';
import { recordings2617 } from './linux-2.6.17/index.ts';
import type { Recordings } from './recording.ts';

export const allRecordings: readonly Recordings[] = [recordings2422, recordings240, recordings2617];
