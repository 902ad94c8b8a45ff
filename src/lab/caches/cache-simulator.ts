/** L1 data caches on a bus, without memory and time, fed with the accesses of a trace: what a cache simulator is. */

import type { ProtocolName } from '../../hw/cache/coherence.ts';
import { CacheHierarchy } from '../../hw/cache/hierarchy.ts';
import type { L1 } from '../../hw/cache/l1.ts';
import type { ClassDetail } from '../../hw/cache/miss-classes.ts';
import { type PolicyName, policyNames } from '../../hw/cache/replacement.ts';
import type { CacheGeometry, Latencies, SecondLevelGeometry } from '../../hw/cpu-model.ts';
import type { AccessKind } from '../../hw/observe.ts';
import { cacheCounts } from './cache-counts.ts';
import type { CacheCounts } from './cache-report.ts';
import { eachLine } from './each-line.ts';
import { LineMisses } from './line-misses.ts';

/** Our names of policies, and those of other simulators and of test/golden. */
export const policies: Readonly<Record<string, PolicyName>> = {
  ...Object.fromEntries(policyNames.map((name) => [name, name])),
  plru: 'tree-plru',
  'plru-invalid-first': 'tree-plru-invalid-first',
  'lru-plru4': 'lru-of-tree-plru4',
};

const noCost: Latencies = { l1: 0, l2: 0, memory: 0, transfer: 0 };

export interface SimulatorOptions {
  readonly geometry: CacheGeometry;
  /** CPUs to begin with; one that an access names beyond them is added then, with an empty cache. */
  readonly cpus: number;
  readonly classes: ClassDetail;
  /** MESI if it is not named. */
  readonly protocol?: ProtocolName;
  /** Null, or left out: none. */
  readonly l2?: SecondLevelGeometry | null;
  /** For the random policy; seeded. */
  readonly random?: () => number;
}

export class CacheSimulator {
  readonly caches: CacheHierarchy;
  readonly lineMisses = new LineMisses();
  /** Accesses that touched more than one line, by CPU. */
  readonly #straddling: number[] = [];
  /** Of the access that is being made, so far. */
  #pieces = 0;

  constructor(options: SimulatorOptions) {
    const { geometry, cpus, classes, protocol = 'mesi', l2 = null, random } = options;
    this.caches = new CacheHierarchy({ l1: geometry, protocol, l2, latencies: noCost, classes, random, present: null });
    this.#addUpTo(cpus - 1);
  }

  /** CPUs are numbered from 0 to 31; addresses have 32 bits. `goesOn`: as AccessConsumer has it. */
  access(cpu: number, kind: AccessKind, address: number, bytes: number, goesOn?: true): void {
    const l1 = this.caches.l1s[cpu] ?? this.#addUpTo(cpu);
    if (goesOn === undefined) this.#pieces = 0;
    if (address >>> l1.shift === (address + bytes - 1) >>> l1.shift) this.#use(l1, kind, address, bytes);
    else eachLine(address, bytes, 1 << l1.shift, (first, length) => this.#use(l1, kind, first, length));
  }

  /** A piece of an access, within one line, so that each miss is seen apart. */
  #use(l1: L1, kind: AccessKind, address: number, bytes: number): void {
    if (kind === 'r') l1.load(address, bytes);
    else if (kind === 'w') l1.store(address, bytes);
    else l1.modify(address, bytes);
    this.lineMisses.look(l1, address);
    if (++this.#pieces === 1) return;
    l1.counters.join(kind);
    if (this.#pieces === 2) this.#straddling[l1.cpu]++;
  }

  /** What each CPU's cache did so far. */
  counts(): CacheCounts[] {
    return this.caches.l1s.map((l1, cpu) => ({ ...cacheCounts(l1), straddlingAccesses: this.#straddling[cpu] }));
  }

  /** As counts, for those who take what came before off again: from now on sharing is told of later misses alone. */
  startCounting(): CacheCounts[] {
    for (const { classes } of this.caches.l1s) classes?.startCounting();
    this.lineMisses.startCounting();
    return this.counts();
  }

  #addUpTo(cpu: number): L1 {
    const { l1s } = this.caches;
    while (l1s.length <= cpu) {
      this.caches.addL1();
      this.#straddling.push(0);
      this.lineMisses.addCpu();
    }
    return l1s[cpu];
  }
}
