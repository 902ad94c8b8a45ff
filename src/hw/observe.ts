/** Every access of a CPU, told as it happens: for recordings, comparisons and race detection. */
import type { Cpu } from './cpu.ts';
import { interpose } from './interpose.ts';
import type { addr_t } from './memory.ts';

/** r: load; w: store; x: locked read-modify-write. */
export type AccessKind = 'r' | 'w' | 'x';
/** p: a prefetch, which is no access, of whatever kind. */
export type ObservedKind = AccessKind | 'p';
export type AccessObserver = (cpu: Cpu, kind: ObservedKind, addr: addr_t, bytes: number) => void;

/**
 * Tells `observer` of each access of `cpu`, before it is made, until the function returned is called. A store is told when
 * the program makes it, not when it leaves a store buffer: observers see the program's order.
 */
export function observe(cpu: Cpu, observer: AccessObserver): () => void {
  // With names of their own, by which the race detector finds them on the host's stack.
  return interpose(cpu, {
    read: (below) =>
      function read(addr, bytes) {
        observer(cpu, 'r', addr, bytes);
        below(addr, bytes);
      },
    write: (below) =>
      function write(addr, bytes) {
        observer(cpu, 'w', addr, bytes);
        below(addr, bytes);
      },
    modify: (below) =>
      function modify(addr, bytes) {
        observer(cpu, 'x', addr, bytes);
        below(addr, bytes);
      },
    prefetch: (below) => (addr) => {
      observer(cpu, 'p', addr, 1);
      below(addr);
    },
    prefetchw: (below) => (addr) => {
      observer(cpu, 'p', addr, 1);
      below(addr);
    },
  });
}
