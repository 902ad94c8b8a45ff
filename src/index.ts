/** The library: a machine, a kernel booted on it, and the lab. Runs in browsers too; only the command line knows Node. */

export type { Counters } from './hw/counters.ts';
export type { Cpu, Program } from './hw/cpu.ts';
export type { CpuModel } from './hw/cpu-model.ts';
export { type CpuModelName, cpuModels } from './hw/cpu-models.ts';
export {
  FD_DATA,
  FD_READ,
  FD_STATUS,
  FD_WRITE,
  FloppyController,
  SECTOR_SIZE,
  STATUS_DIR,
  STATUS_READY,
} from './hw/floppy-controller.ts';
export { InputError } from './hw/input-error.ts';
export { DmaRefused, type DmaRequest, IsaDma } from './hw/isa-dma.ts';
export { Machine, type MachineOptions } from './hw/machine.ts';
export { type addr_t, KiB, MiB, NULL, PageFault } from './hw/memory.ts';
export { Lockup } from './hw/scheduler.ts';
export { P6_STORE_BUFFER_DEPTH, type StoreBufferOptions } from './hw/store-buffer.ts';
export type { CacheGeometry } from './hw/tag-array.ts';
export { KernelBug } from './kernel/bug.ts';
export {
  claim_dma_lock,
  clear_dma_ff,
  DMA_MODE_READ,
  DMA_MODE_WRITE,
  disable_dma,
  enable_dma,
  free_dma,
  get_dma_residue,
  release_dma_lock,
  request_dma,
  set_dma_addr,
  set_dma_count,
  set_dma_mode,
} from './kernel/dma.ts';
export { inb, outb } from './kernel/io.ts';
export { request_irq } from './kernel/irq.ts';
export { type KernelConfig, smpConfig, upConfig } from './kernel/kernel.ts';
export { ptr, struct, u32 } from './kernel/struct.ts';
export { init_waitqueue_head, wait_event, wake_up } from './kernel/wait.ts';
export type { AllocationTrace, TraceSummary } from './lab/allocation-trace.ts';
export { attributePoint } from './lab/attribute.ts';
export { Attribution, type FieldNames } from './lab/attribution.ts';
export { boot, type KernelVersion } from './lab/boot.ts';
export { CacheSimulator } from './lab/cache-simulator.ts';
export { compareAll, compareAlong } from './lab/compare.ts';
export { runPoint } from './lab/experiment.ts';
export { withHandovers } from './lab/handovers.ts';
export { unintended } from './lab/intended-races.ts';
export { finalStates } from './lab/litmus/explore.ts';
export { publishedTest } from './lab/litmus/named-tests.ts';
export { readLitmusTests } from './lab/litmus/read-tests.ts';
export { runOnCpus } from './lab/litmus/seeded-run.ts';
export { type MeasureName, measured, measures } from './lab/measures.ts';
export { MemoryTraceParser } from './lab/memory-trace.ts';
export { eachOperation, type Operation } from './lab/operations.ts';
export { detectRaces, type Race, tellRace } from './lab/race-detector.ts';
export { readTrace, readTraceBytes } from './lab/read-trace.ts';
export type { OwnerCounts, Results, Sharing } from './lab/results.ts';
export { resultsJsonSchema, resultsSchema } from './lab/results-schema.ts';
export { points } from './lab/settings.ts';
export { parseSpecification, type Specification } from './lab/specification.ts';
export { GFP_ATOMIC, GFP_DMA, GFP_KERNEL } from './mm/gfp.ts';
export { c2cTable } from './report/c2c-table.ts';
export { ownersTable } from './report/owners-table.ts';
export type { CacheOptions, CacheState, Place, PlaceKind, SlabAllocator } from './slab/allocator.ts';
export { SLAB_CACHE_DMA, SLAB_HWCACHE_ALIGN, SLAB_NO_REAP } from './slab/flags.ts';
