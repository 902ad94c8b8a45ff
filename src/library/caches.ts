/** `slabscope/caches`: caches alone, fed with a memory trace. */
export type { CacheCounts, CacheReport, ReadsAndWrites, WorstLine } from '../lab/caches/cache-report.ts';
export { CacheSimulator, type SimulatorOptions } from '../lab/caches/cache-simulator.ts';
export { type AccessConsumer, MemoryTraceParser } from '../lab/caches/memory-trace.ts';
export { CacheSweep } from '../lab/caches/sweep.ts';
