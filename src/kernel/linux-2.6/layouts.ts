/** Structures of 2.6 beside its allocators', as this build's compiler lays them out. */
import { spinlockType, waitQueueHead } from '../lock-types.ts';
import { aligned, array, bytes, type CType, ptr, struct, u32 } from '../struct.ts';
import type { Config26 } from './config.ts';

/** include/asm-i386/processor.h, as far as the slab allocator asks: the line that boot found the hardware to have. */
export const cpuinfo_x86 = struct({ notModelled: bytes(0x7c), x86_cache_alignment: u32 });

export type Mutex = ReturnType<typeof mutexStruct>;
export const mutexStruct = (config: Config26) =>
  struct({ count: u32, wait_lock: spinlockType(config), wait_list: config.abi.list_head });

/** include/linux/notifier.h */
export const notifier_block = struct({ notifier_call: ptr, next: ptr, priority: u32 });

/** include/asm-i386/hardirq.h: one cache line a CPU, as the kernel was built to see lines. */
export type IrqCpustat = ReturnType<typeof irqCpustat>;
export const irqCpustat = ({ L1_CACHE_BYTES, abi: { long } }: Config26) => {
  const packed = struct({ __softirq_pending: u32, idle_timestamp: long, __nmi_count: u32, apic_timer_irqs: u32 });
  return Object.freeze({ ...packed, ...aligned(packed, L1_CACHE_BYTES) });
};

export type TimerList = ReturnType<typeof timerList>;
export const timerList = ({ abi: { ptr, long, list_head } }: Config26) =>
  struct({ entry: list_head, expires: long, function: ptr, data: long, base: ptr });

/** A timer wheel's lists: one for each of the next 2^TVR_BITS jiffies, then LEVELS times 2^TVN_BITS coarser ones. */
export const TVR_BITS = 8;
export const TVN_BITS = 6;
export const LEVELS = 4;

export type TvecBase = ReturnType<typeof tvecBase>;
/** tv1; then tv2 to tv5, one behind the other. */
export const tvecBase = (config: Config26) => {
  const { ptr, long, list_head } = config.abi;
  const base = struct({
    lock: spinlockType(config),
    running_timer: ptr,
    timer_jiffies: long,
    tv1: array(list_head, 1 << TVR_BITS),
    coarse: array(list_head, LEVELS << TVN_BITS),
  });
  return config.CONFIG_SMP ? Object.freeze({ ...base, ...aligned(base, config.L1_CACHE_BYTES) }) : base;
};

export type WorkStruct = ReturnType<typeof workStruct>;
export const workStruct = (config: Config26) => {
  const { ptr, long, list_head } = config.abi;
  return struct({
    pending: long,
    entry: list_head,
    func: ptr,
    data: ptr,
    wq_data: ptr,
    timer: timerList(config),
  });
};

export type CpuWorkqueue = ReturnType<typeof cpuWorkqueue>;
/** struct cpu_workqueue_struct of keventd, as far as it is used. */
export const cpuWorkqueue = (config: Config26) => {
  const { ptr, long, list_head } = config.abi;
  return struct({
    lock: spinlockType(config),
    remove_sequence: long,
    insert_sequence: long,
    worklist: list_head,
    thread: ptr,
  });
};

export type Completion = ReturnType<typeof completionStruct>;
export const completionStruct = (config: Config26) => struct({ done: u32, wait: waitQueueHead(config) });

export type RcuCtrlblk = ReturnType<typeof rcuCtrlblk>;
/** Which grace period is under way, and whose quiescent state it still waits for. */
export const rcuCtrlblk = (config: Config26) => {
  const { long } = config.abi;
  const line: CType = { sizeof: 0, align: config.CONFIG_SMP ? config.L1_CACHE_BYTES : 1 };
  return struct({
    cur: long,
    completed: long,
    next_pending: u32,
    _pad_: line,
    lock: spinlockType(config),
    cpumask: long,
    _end_: line,
  });
};

export type RcuData = ReturnType<typeof rcuData>;
export const rcuData = ({ abi: { ptr, long, rcu_head }, CONFIG_SMP }: Config26) =>
  struct({
    quiescbatch: long,
    passed_quiesc: u32,
    qs_pending: u32,
    batch: long,
    nxtlist: ptr,
    nxttail: ptr,
    qlen: long,
    curlist: ptr,
    curtail: ptr,
    donelist: ptr,
    donetail: ptr,
    blimit: long,
    cpu: u32,
    barrier: rcu_head,
    last_rs_qlen: CONFIG_SMP ? long : bytes(0),
  });

/** The arguments of a cross-CPU call, on the caller's stack, and how many CPUs have begun and ended it. */
export const call_data_struct = struct({ func: ptr, info: ptr, started: u32, finished: u32, wait: u32 });
