/** The machine's nodes, as the firmware tells the kernel of them. */

/** A node of the machine: whole pages of memory, which begin where the last node's end, and its CPUs. */
export interface NodeLayout {
  readonly startPfn: number;
  readonly endPfn: number;
  readonly cpus: readonly number[];
}

/** A kernel that knows no nodes, or a machine that has none. */
export const oneNode = (pages: number, cpus: number): readonly NodeLayout[] => [
  { startPfn: 0, endPfn: pages, cpus: Array.from({ length: cpus }, (_, cpu) => cpu) },
];
