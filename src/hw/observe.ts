/**
 * Every access of a CPU, told as it happens: for recordings, comparisons and race detection. The observed CPU gets methods
 * of its own in place of the shared ones, so CPUs that nobody observes pay nothing, not even a test.
 */
import type { Cpu } from './cpu.ts';
import type { addr_t } from './memory.ts';

/** r: load; w: store; x: locked read-modify-write. */
export type AccessKind = 'r' | 'w' | 'x';
export type AccessObserver = (cpu: Cpu, kind: AccessKind, addr: addr_t, bytes: number) => void;

/**
 * Tells `observer` of each access of `cpu`, before it is made, until the function returned is called. A store is told when
 * the program makes it, not when it leaves a store buffer: observers see the program's order.
 */
export function observe(cpu: Cpu, observer: AccessObserver): () => void {
  const told = (kind: AccessKind, access: (addr: addr_t, bytes: number) => void) => (addr: addr_t, bytes: number) => {
    observer(cpu, kind, addr, bytes);
    access.call(cpu, addr, bytes);
  };
  const { read, write, modify }: Cpu = Object.getPrototypeOf(cpu);
  Object.assign(cpu, { read: told('r', read), write: told('w', write), modify: told('x', modify) });
  return () => Object.assign(cpu, { read, write, modify });
}
