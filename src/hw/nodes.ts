/**
 * NUMA nodes: each has a part of memory and some CPUs. A line of another node's memory takes longer, and that is all that
 * the hardware knows of nodes: caches, the bus and interrupts are as without them.
 */

import { InputError } from '../base/input-error.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from './memory.ts';

export interface NodeOptions {
  /** Bytes of memory, whole pages: they begin where the last node's end. */
  readonly memory: number;
  readonly cpus: readonly number[];
}

export interface NodesOptions {
  /** By number, ascending in memory; together they have all of the machine's memory, and each of its CPUs once. */
  readonly each: readonly NodeOptions[];
  /** Cycles that memory of another node takes beyond memory of one's own. */
  readonly remoteCycles: number;
}

/**
 * What memory of another node costs beyond one's own where nobody says: two thirds of it, as on the two sockets of a Nehalem
 * (60 ns and 100 ns: Intel, Performance Analysis Guide for Core i7 and Xeon 5500).
 */
export const usualRemoteCycles = (memoryCycles: number): number => Math.round((2 / 3) * memoryCycles);

/** `count` nodes of a machine with the same memory each and the same number of CPUs, or one more; CPUs in order. */
export function equalNodes(count: number, memory: number, cpus: number, remoteCycles: number): NodesOptions {
  const share = Math.floor(memory / count / PAGE_SIZE) * PAGE_SIZE;
  const each = Array.from({ length: count }, (_, node) => ({
    memory: node === count - 1 ? memory - share * (count - 1) : share,
    cpus: range(Math.ceil((node * cpus) / count), Math.ceil(((node + 1) * cpus) / count)),
  }));
  return { each, remoteCycles };
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

export class Nodes {
  readonly each: readonly NodeOptions[];
  readonly #remoteCycles: number;
  /** By page frame: its node. */
  readonly #homes: Uint8Array;

  constructor({ each, remoteCycles }: NodesOptions, memory: number, cpus: number) {
    check(each, memory, cpus);
    if (!Number.isInteger(remoteCycles) || remoteCycles < 0 || remoteCycles > 65535) {
      throw new InputError('machine', `${remoteCycles} cycles to another node`, 'a whole number from 0 to 65535');
    }
    this.each = each;
    this.#remoteCycles = remoteCycles;
    this.#homes = new Uint8Array(memory >>> PAGE_SHIFT);
    let at = 0;
    for (const [node, { memory: bytes }] of each.entries()) {
      this.#homes.fill(node, at, at + (bytes >>> PAGE_SHIFT));
      at += bytes >>> PAGE_SHIFT;
    }
  }

  /** The node of the memory at `addr`. */
  homeOf(addr: addr_t): number {
    return this.#homes[addr >>> PAGE_SHIFT];
  }

  nodeOfCpu(cpu: number): number {
    return this.each.findIndex(({ cpus }) => cpus.includes(cpu));
  }

  /** By page frame, what its memory costs `cpu` beyond that of its own node. */
  costsOf(cpu: number): Uint16Array {
    const own = this.nodeOfCpu(cpu);
    return Uint16Array.from(this.#homes, (home) => (home === own ? 0 : this.#remoteCycles));
  }
}

function check(each: readonly NodeOptions[], memory: number, cpus: number): void {
  if (each.length < 1 || each.length > 32) {
    throw new InputError('machine', `${each.length} nodes`, 'a machine has from 1 to 32');
  }
  const sum = each.reduce((bytes, node) => bytes + node.memory, 0);
  const wholePages = each.every((node) => node.memory > 0 && node.memory % PAGE_SIZE === 0);
  if (sum !== memory || !wholePages) {
    throw new InputError(
      'machine',
      `nodes with ${sum} bytes of ${memory}`,
      'each byte of memory is in one node, by pages',
    );
  }
  const placed = each.flatMap((node) => node.cpus).toSorted((a, b) => a - b);
  if (placed.length !== cpus || placed.some((cpu, i) => cpu !== i)) {
    throw new InputError(
      'machine',
      `nodes with CPUs ${placed.join(', ')}`,
      `each of CPU 0 to ${cpus - 1} is in one node`,
    );
  }
}
