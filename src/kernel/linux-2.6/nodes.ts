/** The machine's nodes, as the firmware tells the kernel of them. */
import type { Machine } from '../../hw/machine.ts';
import { PAGE_SHIFT } from '../../hw/memory.ts';
import type { Config26 } from './config.ts';

/** A node of the machine: whole pages of memory, which begin where the last node's end, and its CPUs. */
export interface NodeLayout {
  readonly startPfn: number;
  readonly endPfn: number;
  readonly cpus: readonly number[];
}

/** The nodes that a kernel knows: `nodes`, else the machine's, as far as they have any of the first `ram` bytes. */
export function nodesKnown(
  machine: Machine,
  { CONFIG_NUMA }: Config26,
  { ram, nodes }: { ram: number; nodes?: readonly NodeLayout[] | undefined },
): readonly NodeLayout[] {
  const pages = ram >>> PAGE_SHIFT;
  if (!CONFIG_NUMA || (nodes === undefined && machine.nodes === null)) {
    return [{ startPfn: 0, endPfn: pages, cpus: machine.cpus.map(({ id }) => id) }];
  }
  if (nodes !== undefined) return nodes;
  let at = 0;
  return machine.nodes!.each.map((node) => {
    const startPfn = at;
    at = Math.min(pages, at + (node.memory >>> PAGE_SHIFT));
    return { startPfn, endPfn: at, cpus: node.cpus };
  });
}
