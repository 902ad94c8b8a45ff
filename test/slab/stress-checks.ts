/** What must hold once a stress run has ended, of the whole machine, all by peek. What versions keep otherwise they check. */
import { expect } from 'vitest';
import { type addr_t, PAGE_SHIFT } from '../../src/hw/memory.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { CacheState, SlabState } from '../../src/slab/allocator.ts';
import type { Stress } from './stress.ts';

export function assertStress<K extends Kernel>(stress: Stress<K>): void {
  assertQuiet(stress);
  assertCookies(stress);
  const { pools, stacks, held } = stress;
  const objects = pools.flatMap(({ order, waiting }) => (order === null ? waiting.map(({ objp }) => objp) : []));
  const blocks = new Map(stacks.map((stack) => [stack >>> PAGE_SHIFT, 1]));
  for (const { order, waiting } of pools) {
    if (order !== null) for (const { objp } of waiting) blocks.set(objp >>> PAGE_SHIFT, order);
  }
  stress.version.assertMemory(stress.booted, [...held, ...objects], blocks);
}

/** Nothing is held, nothing is under way: locks, interrupts, raises. */
export function assertQuiet<K extends Kernel>(stress: Stress<K>): void {
  const { booted, devices, pools } = stress;
  const { machine } = booted;
  assertFree(
    booted.k,
    pools.map(({ lock }) => lock),
  );
  for (const cpu of machine.cpus) {
    expect({ cpu: cpu.id, on: cpu.interruptsOn, waiting: cpu.apic.pending, locks: cpu.locksHeld }).toEqual({
      cpu: cpu.id,
      on: true,
      waiting: 0,
      locks: [],
    });
  }
  expect(
    devices.map(({ unanswered }) => unanswered),
    'raises that no handler has answered',
  ).toEqual(devices.map(() => 0));
  stress.version.assertQuiet(stress);
}

/** Nobody holds any of these spinlocks, if the build has any. */
export function assertFree({ machine: { memory, describe }, config }: Kernel, locks: readonly addr_t[]): void {
  if (!config.CONFIG_SMP) return;
  expect(locks.filter((lock) => memory.peek8(lock) !== 1).map(describe), 'locks that are not free').toEqual([]);
}

function assertCookies<K extends Kernel>({ booted: { machine }, pools }: Stress<K>): void {
  const lost = pools.flatMap(({ name, size, waiting }) =>
    waiting
      .filter(({ objp, cookie }) => [0, size - 4].some((at) => machine.memory.peek32(objp + at) !== cookie))
      .map(({ objp }) => `${name}: ${objp.toString(16)}`),
  );
  expect(lost, 'objects that lost their cookies').toEqual([]);
}

/** The page frames of a slab. */
export function framesOf({ gfporder }: CacheState, { s_mem, colouroff }: SlabState): number[] {
  return framesFrom((s_mem - colouroff) >>> PAGE_SHIFT, gfporder);
}

/** The page frames of a block of 2^order pages. */
export const framesFrom = (pfn: number, order: number): number[] =>
  Array.from({ length: 1 << order }, (_, i) => pfn + i);
