/** The sidecar of a /proc/slabinfo dump: what is known of the machine and of the kernel that printed it. */
import * as z from 'zod';
import { KiB, MiB } from '../../hw/memory.ts';
import { checked, powerOfTwo } from './checked.ts';

const ram = z
  .string()
  .regex(/^[1-9]\d{0,5} [MG]B$/, 'must be like "630 MB" or "4 GB", or null where it is not known')
  .transform((size) => Number.parseInt(size, 10) * (size.endsWith('GB') ? KiB * MiB : MiB));

/** What a row cannot tell of its cache: that its objects were smaller before alignment; that its slabs are small on purpose. */
export const RAW_SIZE_BELOW_AN_EIGHTH = 'raw size below PAGE_SIZE/8 (management on-slab)';
export const RECLAIMABLE = 'SLAB_RECLAIM_ACCOUNT';

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
        needs: z.literal([RAW_SIZE_BELOW_AN_EIGHTH, RECLAIMABLE], {
          error: `must be "${RAW_SIZE_BELOW_AN_EIGHTH}" or "${RECLAIMABLE}": no other flag is known`,
        }),
      }),
    )
    .default([]),
});

/** The machine that printed a dump: sizes in bytes, null where the sidecar does not know. */
export type DumpMachine = z.output<typeof sidecar>;

/** Checks a sidecar; `file` names it in messages. Further keys (where the dump came from, what fits it) are let be. */
export const parseDumpMachine = (document: unknown, file: string): DumpMachine =>
  checked(sidecar, document, file, 'a sidecar describes the machine that printed the dump');

/** Names of the caches whose row needs this flag. */
export const cachesNeeding = ({ rowsNeedingAFlag }: DumpMachine, flag: string): ReadonlySet<string> =>
  new Set(rowsNeedingAFlag.filter(({ needs }) => needs === flag).map(({ name }) => name));
