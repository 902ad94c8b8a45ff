/** What every touch model is. */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';

/** One run of a model: told of every allocation and free as the CPU that did it goes on. */
export interface TouchModel {
  /** `cache` numbers the cache (general ones too), `size` is what the object was asked for. */
  allocated(cpu: Cpu, cache: number, objp: addr_t, size: number): void;
  freeing(cpu: Cpu, cache: number, objp: addr_t, size: number): void;
  /** The workload itself uses a live object. */
  used(cpu: Cpu, cache: number, objp: addr_t, size: number): void;
}
