/** The library: a machine, a kernel booted on it, and the lab. Runs in browsers too; only the command line knows Node. */

export type { Counters } from './hw/counters.ts';
export type { Cpu, Program } from './hw/cpu.ts';
export { type CpuModel, type CpuModelName, cpuModels } from './hw/cpu-model.ts';
export { InputError } from './hw/input-error.ts';
export type { CacheGeometry } from './hw/tag-array.ts';
export { Machine, type MachineOptions } from './hw/machine.ts';
export { type addr_t, KiB, MiB, NULL, PageFault } from './hw/memory.ts';
export { Lockup } from './hw/scheduler.ts';
export { KernelBug } from './kernel/bug.ts';
export { request_irq } from './kernel/irq.ts';
export { type KernelConfig, smpConfig, upConfig } from './kernel/kernel.ts';
export type { AllocationTrace, TraceSummary } from './lab/allocation-trace.ts';
export { boot, type KernelVersion } from './lab/boot.ts';
export { points, runPoint } from './lab/experiment.ts';
export { withHandovers } from './lab/handovers.ts';
export { unintended } from './lab/intended-races.ts';
export { eachOperation, type Operation } from './lab/operations.ts';
export { detectRaces, type Race, tellRace } from './lab/race-detector.ts';
export { readTrace, readTraceBytes } from './lab/read-trace.ts';
export type { Results } from './lab/results.ts';
export { parseSpecification, type Specification } from './lab/specification.ts';
export { GFP_ATOMIC, GFP_DMA, GFP_KERNEL } from './mm/gfp.ts';
export type { CacheOptions, CacheState, Place, SlabAllocator } from './slab/allocator.ts';
export { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN, SLAB_NO_REAP } from './slab/flags.ts';
