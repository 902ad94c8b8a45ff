/**
 * A machine: memory, CPUs with their L1s on one bus, interrupt lines, and the time that they share.
 */

import { InputError } from '../base/input-error.ts';
import { CacheHierarchy } from './cache/hierarchy.ts';
import type { ClassDetail } from './cache/miss-classes.ts';
import { Cpu, type InterruptHandler, type Program } from './cpu.ts';
import type { CpuModel } from './cpu-model.ts';
import { DeviceLines } from './device-lines.ts';
import { IoPorts } from './io-ports.ts';
import { type addr_t, Memory, PAGE_SIZE } from './memory.ts';
import { Nodes, type NodesOptions } from './nodes.ts';
import { Scheduler } from './scheduler.ts';
import { BufferedCpu, type StoreBufferOptions } from './store-buffer.ts';

export interface MachineOptions {
  readonly model: CpuModel;
  readonly cpus: number;
  /** Bytes of physical memory: whole pages, below 2 GB. */
  readonly memory: number;
  /** Split misses into the finer classes (3C, true and false sharing); costs host time. */
  readonly classes?: ClassDetail;
  /** Gives a buffer of so many bytes, all 0, where a host wants to use one again; its former machine is dead then. */
  readonly buffer?: (bytes: number) => ArrayBuffer;
  /** Numbers in [0, 1) for the random replacement policy: from the run's seed. */
  readonly random?: () => number;
  /** Gives each CPU a store buffer: x86-TSO. Without one, loads and stores are sequentially consistent. */
  readonly storeBuffer?: StoreBufferOptions;
  /** Which memory and which CPUs are near each other; without it all memory is as near to all. */
  readonly nodes?: NodesOptions | undefined;
  /** Cycles after which a spin counts as a lockup. */
  readonly lockupCycles?: number;
}

export class Machine {
  readonly model: CpuModel;
  readonly memory: Memory;
  readonly caches: CacheHierarchy;
  readonly cpus: readonly Cpu[];
  readonly scheduler: Scheduler;
  readonly deviceLines = new DeviceLines((time) => this.scheduler.bringHorizonTo(time));
  readonly idt: InterruptHandler[] = [];
  readonly ioPorts: IoPorts;
  /** Null: all memory is as near to all CPUs. */
  readonly nodes: Nodes | null;
  /** How messages print an address; a kernel puts its symbols here. */
  describe = (addr: addr_t): string => `0x${addr.toString(16).padStart(8, '0')}`;

  constructor(options: MachineOptions) {
    const { model, cpus, memory, storeBuffer } = options;
    if (!Number.isInteger(cpus) || cpus < 1 || cpus > 32) {
      throw new InputError('machine', `${cpus} CPUs`, 'cpus must be a whole number from 1 to 32');
    }
    if (!Number.isInteger(memory) || memory < PAGE_SIZE || memory % PAGE_SIZE !== 0 || memory >= 2 ** 31) {
      throw new InputError(
        'machine',
        `${memory} bytes of memory`,
        'memory must be whole pages of 4096 bytes, below 2 GB',
      );
    }
    this.model = model;
    this.memory = new Memory(memory, options.buffer?.(memory) ?? new ArrayBuffer(memory));
    this.nodes = options.nodes === undefined ? null : new Nodes(options.nodes, memory, cpus);
    this.caches = new CacheHierarchy({
      l1: model.l1,
      protocol: model.protocol,
      l2: model.l2,
      latencies: model.cycles,
      classes: options.classes ?? 'none',
      random: options.random,
      present: this.memory.present,
    });
    this.ioPorts = new IoPorts(model.mhz);
    this.cpus = Array.from({ length: cpus }, (_, id) => {
      const l1 = this.caches.addL1(this.nodes?.costsOf(id) ?? null);
      if (storeBuffer === undefined) return new Cpu(id, model, l1, this.memory, this.idt);
      return new BufferedCpu(id, model, l1, this.memory, this.idt, storeBuffer, (time, action) =>
        this.scheduler.at(time, action),
      );
    });
    // One CPU alone waits for nobody.
    if (cpus > 1) for (const cpu of this.cpus) cpu.l1.clock = cpu;
    this.scheduler = new Scheduler(this.cpus, {
      lockupCycles: options.lockupCycles ?? 20_000_000,
      interruptCycles: model.cycles.interrupt,
      describe: (addr) => this.describe(addr),
    });
  }

  /** Runs one program on `cpu` to its end, and what it set going elsewhere; what it returned. */
  run<T>(cpu: Cpu, program: Program<T>): T {
    const context = this.scheduler.spawn(cpu, program);
    this.scheduler.run();
    return context.result as T;
  }

  /** The inter-processor interrupt `vector` from `from` to every other CPU. */
  sendIpiToOthers(from: Cpu, vector: number): void {
    this.sendIpi(
      from,
      this.cpus.filter((cpu) => cpu !== from),
      vector,
    );
  }

  /** The same to some. It is sent by a store to the local APIC, which leaves the CPU after all stores before it. */
  sendIpi(from: Cpu, to: readonly Cpu[], vector: number): void {
    from.drain();
    const arrival = from.clock + this.model.cycles.ipi;
    for (const cpu of to) cpu.apic.post(vector, arrival);
    if (to.length > 0) this.scheduler.bringHorizonTo(arrival);
  }

  /** A local timer interrupt `vector` on `cpu` every `period` cycles, first at `first`, while anything runs. */
  startTimer(cpu: Cpu, vector: number, first: number, period: number): void {
    const tick = (time: number) => () => {
      cpu.apic.post(vector, time);
      this.scheduler.at(time + period, tick(time + period));
    };
    this.scheduler.at(first, tick(first));
  }
}
