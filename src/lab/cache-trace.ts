/**
 * Memory traces for cache simulators, as golden/cache has them: `din` lines, `<r|w> <hex address> <hex size>`, and
 * multi-CPU `mp` lines with the CPU in front and `x` for a locked read-modify-write. One access a line.
 */

import { Bus } from '../hw/bus.ts';
import type { CpuModel } from '../hw/cpu-model.ts';
import { InputError } from '../hw/input-error.ts';
import { L1 } from '../hw/l1.ts';
import type { ClassDetail } from '../hw/miss-classes.ts';
import type { CacheGeometry } from '../hw/tag-array.ts';

export interface MemoryAccess {
  readonly cpu: number;
  readonly kind: 'r' | 'w' | 'x';
  readonly address: number;
  readonly bytes: number;
}

export function parseAccess(line: string, file: string, number: number): MemoryAccess {
  const match = /^(?:(\d+) )?([rwx]) ([0-9a-f]{1,8}) ([0-9a-f]{1,8})$/i.exec(line);
  const bytes = match === null ? 0 : Number.parseInt(match[4]!, 16);
  if (match === null || bytes === 0) {
    const forms = '`<r|w> <hex address> <hex size>`, with `<cpu> ` in front for several CPUs (there also x)';
    throw new InputError(
      `${file}:${number}`,
      `not a memory access: ${JSON.stringify(line.slice(0, 60))}`,
      `expected ${forms}`,
    );
  }
  return {
    cpu: Number(match[1] ?? 0),
    kind: match[2]!.toLowerCase() as MemoryAccess['kind'],
    address: Number.parseInt(match[3]!, 16),
    bytes,
  };
}

const noCost: Omit<CpuModel['cycles'], 'locked' | 'pause' | 'ipi' | 'interrupt'> = {
  l1: 0,
  l2: 0,
  memory: 0,
  transfer: 0,
};

/** The L1s of `cpus` CPUs on one bus, without memory and time: what a cache simulator is. */
export class CacheSimulator {
  readonly bus = new Bus();

  constructor(geometry: CacheGeometry, cpus: number, classes: ClassDetail) {
    const random = () => {
      throw new InputError('cache simulator', 'random replacement without a seed', 'choose another policy');
    };
    for (let i = 0; i < cpus; i++) {
      new L1(this.bus, { geometry, latencies: noCost, classes, random, present: null });
    }
  }

  access({ cpu, kind, address, bytes }: MemoryAccess): void {
    const l1 = this.bus.l1s[cpu]!;
    if (kind === 'r') l1.load(address, bytes);
    else if (kind === 'w') l1.store(address, bytes);
    else l1.modify(address, bytes);
  }
}
