/** The workloads that a specification may name. */

import cacheScratch from './cache-scratch.ts';
import cacheThrash from './cache-thrash.ts';
import churn from './churn.ts';
import hotFieldWalk from './hot-field-walk.ts';
import packetReceive from './packet-receive.ts';
import perCpuCounters from './per-cpu-counters.ts';
import producerConsumer from './producer-consumer.ts';
import replay from './replay.ts';
import type { WorkloadDefinition } from './workload.ts';
import zipfLookup from './zipf-lookup.ts';

const definitions = [
  ...[replay, hotFieldWalk, churn, zipfLookup, producerConsumer],
  ...[perCpuCounters, packetReceive, cacheThrash, cacheScratch],
];

export const workloads: ReadonlyMap<string, WorkloadDefinition> = new Map(
  definitions.map((definition) => [definition.name, definition]),
);
