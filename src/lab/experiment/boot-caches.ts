/**
 * Caches that a kernel and its drivers make at boot, by name and printed object size: those of a real machine, four CPUs of a
 * Pentium III under 2.4.20 (`/proc/slabinfo` in a mail of 2002-12-11 to linux-kernel, "Complete freeze with 2.4.20 on 4-proc IBM
 * xSeries 350"), without the general ones; and two that drivers made under 2.4.19-pre10-ac (2002-06-21, "strange swap usage").
 * Every version here gets the same, so that comparing versions compares nothing else.
 */
import type { NewCache } from '../workloads/workload.ts';

export interface BootCache extends NewCache {
  /** Whether it had slabs. */
  readonly isUsed: boolean;
}

const used: readonly (readonly [name: string, size: number])[] = [
  ...([
    ['tcp_tw_bucket', 128],
    ['tcp_bind_bucket', 32],
    ['tcp_open_request', 96],
    ['inet_peer_cache', 64],
  ] as const),
  ...([
    ['ip_fib_hash', 32],
    ['ip_dst_cache', 160],
    ['arp_cache', 128],
    ['blkdev_requests', 96],
  ] as const),
  ...([
    ['file_lock_cache', 96],
    ['uid_cache', 32],
    ['skbuff_head_cache', 160],
    ['sock', 928],
    ['sigqueue', 132],
  ] as const),
  ...([
    ['cdev_cache', 64],
    ['bdev_cache', 64],
    ['mnt_cache', 64],
    ['inode_cache', 480],
    ['dentry_cache', 128],
  ] as const),
  ...([
    ['filp', 128],
    ['names_cache', 4096],
    ['buffer_head', 96],
    ['mm_struct', 160],
    ['vm_area_struct', 96],
  ] as const),
  ...([
    ['fs_cache', 64],
    ['files_cache', 416],
    ['signal_act', 1312],
    ['uhci_urb_priv', 60],
  ] as const),
];

const unused: readonly (readonly [name: string, size: number])[] = [
  ...([
    ['nfs_write_data', 352],
    ['nfs_read_data', 352],
    ['nfs_page', 96],
    ['journal_head', 48],
  ] as const),
  ...([
    ['revoke_table', 12],
    ['revoke_record', 32],
    ['dnotify_cache', 20],
    ['fasync_cache', 16],
  ] as const),
  ...([
    ['kiobuf', 64],
    ['dquot', 128],
    ['devfsd_event', 20],
  ] as const),
];

export const bootCaches: readonly BootCache[] = [
  ...used.map(([name, size]) => ({ name, size, isUsed: true })),
  ...unused.map(([name, size]) => ({ name, size, isUsed: false })),
];
