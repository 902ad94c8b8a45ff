/** The sidecar of a /proc/slabinfo dump: what is known of the machine and of the kernel that printed it. */
import { z } from 'zod';
import { KiB, MiB } from '../../hw/memory.ts';
import { checked, powerOfTwo } from './checked.ts';

const ram = z
  .string()
  .regex(/^[1-9]\d{0,5} [MG]B$/, 'must be like "630 MB" or "4 GB", or null where it is not known')
  .transform((size) => Number.parseInt(size, 10) * (size.endsWith('GB') ? KiB * MiB : MiB));

/** Why a cache of this printed size keeps its management where it does; the only such note that 2.4 rows need. */
export const RAW_SIZE_BELOW_AN_EIGHTH = 'raw size below PAGE_SIZE/8 (management on-slab)';

const sidecar = z.object({
  kernelVersion: z.string(),
  wordBytes: z.literal([4, 8], 'must be 4 or 8'),
  pageSizeBytes: powerOfTwo(4 * KiB, 64 * KiB),
  smp: z.boolean(),
  cpus: z.int().min(1).max(32).nullable(),
  ram: ram.nullable(),
  likelyL1CacheBytes: powerOfTwo(16, 256),
  configDebugSlab: z.boolean(),
  rowsNeedingAFlag: z
    .array(
      z.object({
        name: z.string(),
        needs: z.literal(RAW_SIZE_BELOW_AN_EIGHTH, `must be "${RAW_SIZE_BELOW_AN_EIGHTH}": no other flag is known`),
      }),
    )
    .default([]),
});

/** The machine that printed a dump: sizes in bytes, null where the sidecar does not know. */
export type DumpMachine = z.output<typeof sidecar>;

/** Checks a sidecar; `file` names it in messages. Further keys (where the dump came from, what fits it) are let be. */
export const parseDumpMachine = (document: unknown, file: string): DumpMachine =>
  checked(sidecar, document, file, 'a sidecar describes the machine that printed the dump');
