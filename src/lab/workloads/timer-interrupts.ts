/**
 * A timer interrupt on each CPU whose handler allocates, as a driver's does: each tick takes 128 bytes from a general cache
 * with GFP_ATOMIC, writes the first 32, and frees what the eighth tick before took.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';

/** Of the priority of the local APIC's own timer (0xef), by which kernels may count time. */
const TIMER_VECTOR = 0xee;
const HELD = 8;
const SIZE = 128;

/** From now on, every `period` cycles; the ticks of the CPUs are spread over a period. */
export function startTimerInterrupts(allocator: SlabAllocator, period: number): void {
  const { machine } = allocator.kernel;
  const { GFP_ATOMIC } = allocator.version.gfp;
  const held = machine.cpus.map((): addr_t[] => []);
  allocator.request_irq(TIMER_VECTOR, function* tick(cpu: Cpu): Program {
    const own = held[cpu.id];
    const objp = yield* allocator.kmalloc(cpu, SIZE, GFP_ATOMIC);
    if (objp !== NULL) {
      for (let at = objp; at < objp + 32; at += 4) cpu.write(at, 4);
      own.push(objp);
    }
    if (own.length > HELD) yield* allocator.kfree(cpu, own.shift()!);
  });
  const start = Math.max(...machine.cpus.map(({ clock }) => clock));
  for (const cpu of machine.cpus) {
    const first = start + period + Math.floor((period * cpu.id) / machine.cpus.length);
    machine.startTimer(cpu, TIMER_VECTOR, first, period);
  }
}
