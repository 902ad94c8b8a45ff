/** What attribution finds of a small made-up run, for tests of reports. */
import type { LineAccesses, Owner, OwnerCounts, Sharing, SharingPair, Side } from '../../src/lab/results/owners.ts';

const nothing = { base: 0, loads: 0, stores: 0, loadMisses: 0, storeMisses: 0, loadHitm: 0, storeHitm: 0 };

const inStats = (field: string, offset: number): Owner => ({
  name: `stats object +0x${offset.toString(16)} (${field})`,
  kind: 'object',
  field,
  of: 'stats',
  offset,
});
export const rx = inStats('rx', 8);
export const tx = inStats('tx', 12);
export const lock: Owner = { name: 'call_lock', kind: 'lock', field: 'call_lock', of: '' };

const accesses = (offset: number, cpu: number, owner: Owner, counts: Partial<LineAccesses>): LineAccesses => ({
  ...{ offset, cpu, owner, ...nothing, trueSharing: 0, falseSharing: 0 },
  ...counts,
});

const side = (owner: Owner, cpu: number, fn: string): Side => ({ ...owner, cpu, fn });

/** What the counters are missed for, and the lock. */
export const pairs: readonly SharingPair[] = [
  {
    ...{ sharing: 'falseSharing', victim: side(rx, 0, 'netif_rx'), taker: side(tx, 1, 'dev_queue_xmit') },
    ...{ sameObject: true, misses: 19, hitm: 19, alone: 19, lines: 1 },
  },
  {
    ...{ sharing: 'falseSharing', victim: side(tx, 1, 'dev_queue_xmit'), taker: side(rx, 0, 'netif_rx') },
    ...{ sameObject: true, misses: 10, hitm: 10, alone: 8, lines: 1 },
  },
  {
    ...{ sharing: 'trueSharing', victim: side(lock, 0, ''), taker: side(lock, 1, '') },
    ...{ sameObject: true, misses: 4, hitm: 4, alone: 4, lines: 1 },
  },
];

/** Two counters in one line, each of one CPU, and a lock that both take. */
export const sharing: Sharing = {
  line: 32,
  lines: 3,
  hitm: 40,
  pairs,
  hottest: [
    {
      address: 0x1fe0040,
      symbol: '0x01fe0040',
      accesses: [
        accesses(8, 0, rx, { loads: 50, stores: 50, loadMisses: 20, loadHitm: 20, falseSharing: 19 }),
        accesses(12, 1, tx, { loads: 40, stores: 40, loadMisses: 10, loadHitm: 10, falseSharing: 10 }),
      ],
    },
    {
      address: 0x200c20,
      symbol: 'call_lock+0x0',
      accesses: [
        accesses(0, 0, lock, { stores: 12, storeMisses: 4, storeHitm: 4, trueSharing: 4 }),
        accesses(0, 1, lock, { loads: 2, stores: 8, storeMisses: 4, storeHitm: 4, trueSharing: 3 }),
      ],
    },
  ],
};

const counts = (owner: Owner, misses: number, part: Partial<OwnerCounts>): OwnerCounts => ({
  ...{ ...owner, misses, cold: 0, capacity: 0, conflict: 0, trueSharing: 0, falseSharing: 0 },
  ...{ hitm: 0, prefetchFills: 0, upgrades: 0, invalidations: 0, spins: 0, ...part },
});

export const owners: readonly OwnerCounts[] = [
  counts(rx, 1000, { cold: 1, capacity: 980, falseSharing: 19, hitm: 20, upgrades: 20, invalidations: 20 }),
  counts(tx, 40, { conflict: 30, falseSharing: 10, hitm: 10 }),
  counts(lock, 10, { cold: 3, trueSharing: 7, hitm: 8, invalidations: 8, spins: 52 }),
];
