/** The structures that locks are made of, by build. */
import type { KernelConfig } from './config.ts';
import { list_head } from './list.ts';
import { type CType, type Struct, struct, u32 } from './struct.ts';

export function spinlockType(config: KernelConfig): CType {
  const sizeof = config.CONFIG_SMP ? 4 : config.spinlockBytes;
  return { sizeof, align: Math.max(1, sizeof) };
}

export type WaitQueueHead = Struct<{ lock: CType; task_list: CType }>;
export const waitQueueHead = (config: KernelConfig): WaitQueueHead =>
  struct({ lock: spinlockType(config), task_list: list_head });

export type Semaphore = Struct<{ count: CType; sleepers: CType; wait: CType }>;
export const semaphoreType = (config: KernelConfig): Semaphore =>
  struct({ count: u32, sleepers: u32, wait: waitQueueHead(config) });
