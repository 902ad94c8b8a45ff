/** CPUs come and go: kernel/cpu.c. Whoever keeps something for each CPU registers a notifier, and is asked before and told after. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import type { KernelFunction } from '../kernel.ts';
import { ptr, struct, u32 } from '../struct.ts';
import type { Linux26 } from './kernel.ts';

export const CPU_ONLINE = 0x0002;
export const CPU_UP_PREPARE = 0x0003;
export const CPU_UP_CANCELED = 0x0004;
export const CPU_DOWN_PREPARE = 0x0005;
export const CPU_DOWN_FAILED = 0x0006;
export const CPU_DEAD = 0x0007;

export const NOTIFY_OK = 0x0001;
const NOTIFY_STOP_MASK = 0x8000;
export const NOTIFY_BAD = NOTIFY_STOP_MASK | 0x0002;

/** include/linux/notifier.h */
export const notifier_block = struct({ notifier_call: ptr, next: ptr, priority: u32 });

/** Called with an action and a CPU; what it makes of it. */
export type Notifier = (cpu: Cpu, action: number, index: number) => Program<number>;

/** Puts a notifier_block behind those of its priority and above. `notifier_call` is what its initialiser holds. */
export function register_cpu_notifier(k: Linux26, cpu: Cpu, block: addr_t): void {
  const priority = cpu.load32(block + notifier_block.priority);
  let link = k.cpu_chain;
  for (let at = cpu.loadPtr(link); at !== NULL; at = cpu.loadPtr(link)) {
    if (priority > cpu.load32(at + notifier_block.priority)) break;
    link = at + notifier_block.next;
  }
  cpu.storePtr(block + notifier_block.next, cpu.loadPtr(link));
  cpu.storePtr(link, block);
}

/** What the image holds of a static notifier_block. */
export function loadNotifier(k: Linux26, block: addr_t, call: Notifier): void {
  k.machine.memory.poke32(block + notifier_block.notifier_call, k.addressOf(call as KernelFunction));
}

/** blocking_notifier_call_chain(&cpu_chain, action, index). */
export function* notifyCpuChain(k: Linux26, cpu: Cpu, action: number, index: number): Program<number> {
  let result = 0;
  for (let at = cpu.loadPtr(k.cpu_chain); at !== NULL; at = cpu.loadPtr(at + notifier_block.next)) {
    const call = k.functionAt(cpu.loadPtr(at + notifier_block.notifier_call)) as Notifier;
    result = yield* call(cpu, action, index);
    if ((result & NOTIFY_STOP_MASK) !== 0) break;
  }
  return result;
}
