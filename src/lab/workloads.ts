/** The workloads that a specification may name. */
import type { WorkloadDefinition } from './workload.ts';
import cacheScratch from './workloads/cache-scratch.ts';
import cacheThrash from './workloads/cache-thrash.ts';
import churn from './workloads/churn.ts';
import hotFieldWalk from './workloads/hot-field-walk.ts';
import packetReceive from './workloads/packet-receive.ts';
import perCpuCounters from './workloads/per-cpu-counters.ts';
import producerConsumer from './workloads/producer-consumer.ts';
import replay from './workloads/replay.ts';
import zipfLookup from './workloads/zipf-lookup.ts';

const definitions = [
  ...[replay, hotFieldWalk, churn, zipfLookup, producerConsumer],
  ...[perCpuCounters, packetReceive, cacheThrash, cacheScratch],
];

export const workloads: ReadonlyMap<string, WorkloadDefinition> = new Map(
  definitions.map((definition) => [definition.name, definition]),
);
