/** Machines small enough to reason about by hand, and short notations for what their CPUs do. */
import { type ProtocolName, stateLetters } from '../../src/hw/cache/coherence.ts';
import type { PolicyName } from '../../src/hw/cache/replacement.ts';
import type { Cpu } from '../../src/hw/cpu.ts';
import type { CacheGeometry, SecondLevelGeometry } from '../../src/hw/cpu-model.ts';
import { Machine, type MachineOptions } from '../../src/hw/machine.ts';
import { KiB } from '../../src/hw/memory.ts';

export const geometry = (sets: number, ways: number, line: number, policy: PolicyName = 'lru'): CacheGeometry => ({
  size: sets * ways * line,
  ways,
  line,
  policy,
});

/** Each kind of cost in a decimal digit of its own: a clock of 1_101 was a transfer, a fill from memory and a hit. */
export const cycles = { l1: 1, l2: 10, memory: 100, transfer: 1000, locked: 20, pause: 2, ipi: 300, interrupt: 50 };

/** Two sets of two 16-byte lines, LRU, unless told otherwise. */
export function machineOf(
  cpus: number,
  {
    l1 = geometry(2, 2, 16),
    protocol = 'mesi',
    l2 = null,
    ...options
  }: { l1?: CacheGeometry; protocol?: ProtocolName; l2?: SecondLevelGeometry | null } & Partial<MachineOptions> = {},
): Machine {
  const model = { name: 'decimal', mhz: 1000, l1, protocol, l2, cycles };
  return new Machine({ model, cpus, memory: 64 * KiB, ...options });
}

/** r reads, w writes, x is a locked read-modify-write, p a prefetch, P a prefetchw. */
export type Kind = 'r' | 'w' | 'x' | 'p' | 'P';

export function perform(cpu: Cpu, kind: Kind, addr: number, bytes: number): void {
  if (kind === 'r') cpu.read(addr, bytes);
  else if (kind === 'w') cpu.write(addr, bytes);
  else if (kind === 'x') cpu.lockAdd32(addr, 1);
  else if (kind === 'p') cpu.prefetch(addr);
  else cpu.prefetchw(addr);
}

/** Steps of 4 bytes: '0r 1w20 2P' has CPU 0 read at 0, CPU 1 write at 0x20, CPU 2 prefetch 0 for itself alone. */
export function play(machine: Machine, steps: string): void {
  for (const step of steps.split(' ')) {
    const [, id, kind, at] = /^(\d)([rwxpP])([0-9a-f]*)$/.exec(step)!;
    perform(machine.cpus[Number(id)]!, kind as Kind, Number.parseInt(at || '0', 16), 4);
  }
}

/** The state of the line at `addr` in each cache: 'SIS' is shared by CPUs 0 and 2. */
export const states = (machine: Machine, addr = 0): string =>
  machine.cpus.map(({ l1 }) => stateLetters[l1.stateOf(addr)]).join('');

/** What the error says that `action` throws. */
export function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}
