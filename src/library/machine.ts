/** `slabscope/machine`: the hardware, which knows no kernel. */
export { InputError } from '../base/input-error.ts';
export type { ProtocolName } from '../hw/cache/coherence.ts';
export type { Counters } from '../hw/cache/counters.ts';
export type { ClassDetail } from '../hw/cache/miss-classes.ts';
export type { PolicyName } from '../hw/cache/replacement.ts';
export type { Cpu, InterruptHandler, Program } from '../hw/cpu.ts';
export type {
  CacheGeometry,
  CpuModel,
  Cycles,
  Inclusion,
  KnownCpuModel,
  Latencies,
  SecondLevelGeometry,
  Source,
  Sources,
} from '../hw/cpu-model.ts';
export { type CpuModelName, cpuModels } from '../hw/cpu-models.ts';
export {
  FD_DATA,
  FD_READ,
  FD_STATUS,
  FD_WRITE,
  FloppyController,
  type FloppyControllerOptions,
  SECTOR_SIZE,
  STATUS_DIR,
  STATUS_READY,
} from '../hw/devices/floppy-controller.ts';
export { DmaRefused, type DmaRequest, IsaDma } from '../hw/devices/isa-dma.ts';
export { Machine, type MachineOptions } from '../hw/machine.ts';
export { type addr_t, KiB, MiB, NULL, PageFault } from '../hw/memory.ts';
export { equalNodes, type NodeOptions, type NodesOptions } from '../hw/nodes.ts';
export { type AccessKind, observe } from '../hw/observe.ts';
export type { Context } from '../hw/scheduler.ts';
export { P6_STORE_BUFFER_DEPTH, type StoreBufferOptions } from '../hw/store-buffer.ts';
export { Lockup } from '../hw/watchdog.ts';
