/** The library: a machine, a kernel booted on it, and the lab. Runs in browsers too; only the command line knows Node. */

export { InputError } from './base/input-error.ts';
export type { Counters } from './hw/cache/counters.ts';
export type { Cpu, Program } from './hw/cpu.ts';
export type { CacheGeometry, CpuModel } from './hw/cpu-model.ts';
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
} from './hw/devices/floppy-controller.ts';
export { DmaRefused, type DmaRequest, IsaDma } from './hw/devices/isa-dma.ts';
export { Machine, type MachineOptions } from './hw/machine.ts';
export { type addr_t, KiB, MiB, NULL, PageFault } from './hw/memory.ts';
export { equalNodes, type NodeOptions, type NodesOptions } from './hw/nodes.ts';
export { type AccessKind, observe } from './hw/observe.ts';
export { P6_STORE_BUFFER_DEPTH, type StoreBufferOptions } from './hw/store-buffer.ts';
export { Lockup } from './hw/watchdog.ts';
export { KernelBug } from './kernel/bug.ts';
export type { KernelConfig } from './kernel/config.ts';
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
export type { BootLayout, Kernel, KernelFunction } from './kernel/kernel.ts';
export { Corruption, StoresInFlight } from './kernel/peek-list.ts';
export { ptr, struct, u32 } from './kernel/struct.ts';
export { init_waitqueue_head, wait_event, wake_up } from './kernel/wait.ts';
export { CacheSimulator } from './lab/caches/cache-simulator.ts';
export { MemoryTraceParser } from './lab/caches/memory-trace.ts';
export { type AttributedResult, type AttributeOptions, attributePoint } from './lab/experiment/attribute.ts';
export { type Finding, findingsOf } from './lab/experiment/culprits.ts';
export { runPoint } from './lab/experiment/point.ts';
export { nameFields } from './lab/layouts/name-fields.ts';
export { readLayouts } from './lab/layouts/read-layouts.ts';
export { finalStates } from './lab/litmus/explore.ts';
export { publishedTest } from './lab/litmus/named-tests.ts';
export { readLitmusTests } from './lab/litmus/read-tests.ts';
export { runOnCpus } from './lab/litmus/seeded-run.ts';
export { identityOf, type Origin, resultsOf, type TracedFile } from './lab/results/assemble.ts';
export { compareAll, compareAlong } from './lab/results/compare.ts';
export { type MeasureName, measured, measures } from './lab/results/measures.ts';
export type { FunctionMisses, OwnerCounts, Sharing, SharingPair } from './lab/results/owners.ts';
export type { Results } from './lab/results/results.ts';
export { resultsJsonSchema, resultsSchema } from './lab/results/results-schema.ts';
export { points } from './lab/specification/settings.ts';
export { parseSpecification, type Specification } from './lab/specification/specification.ts';
export type { AllocationTrace, TraceSummary } from './lab/traces/allocation-trace.ts';
export { eachOperation, type Operation } from './lab/traces/operations.ts';
export { readTrace, readTraceBytes } from './lab/traces/read-trace.ts';
export { Attribution, type Field, type FieldNames } from './lab/watch/attribution.ts';
export { type ClockSkew, measureClockSkew } from './lab/watch/clock-skew.ts';
export { watchHandovers } from './lab/watch/handovers.ts';
export { unintended } from './lab/watch/intended-races.ts';
export { detectRaces, type Race, type RaceAccess, type RaceDetector, tellRace } from './lab/watch/race-detector.ts';
export { c2cTable } from './report/c2c-table.ts';
export { callgrindText } from './report/callgrind.ts';
export { pairsTable, verdictText } from './report/culprits-text.ts';
export { ownersTable } from './report/owners-table.ts';
export type { ArrayLevel, CacheOptions, CacheState, Place, Role, SlabAllocator } from './slab/allocator.ts';
export { boot } from './slab/boot.ts';
export type { IntendedRace, KernelFacts } from './slab/kernel-facts.ts';
export type { BuildOptions, KernelVersion } from './slab/kernel-version.ts';
export { kernels } from './slab/kernels.ts';
