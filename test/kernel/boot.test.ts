/** What a kernel stands on before its first line runs. */
import { expect, test } from 'vitest';
import { call_data_struct } from '../../src/kernel/linux-2.4/kernel.ts';
import { THREAD_SIZE } from '../../src/kernel/linux-2.4/task.ts';
import { irqCpustat } from '../../src/kernel/linux-2.4.22/hardirq.ts';
import { task_struct } from '../../src/kernel/linux-2.4.22/task.ts';
import { list_head } from '../../src/kernel/list.ts';
import { peekList } from '../../src/kernel/peek-list.ts';
import { smpConfig, upConfig } from '../../src/slab/linux-2.4/config.ts';
import { messageOf } from '../hw/tiny-machine.ts';
import { kernelOn, SCRATCH } from './kernels.ts';

test('each CPU is on the stack of a task of its own, which knows its CPU and holds no pages', () => {
  const k = kernelOn(3);
  for (const cpu of k.machine.cpus) {
    const task = k.symbols.address(`task[${cpu.id}]`);
    expect([cpu.esp, k.get_current(cpu)]).toEqual([task + THREAD_SIZE, task]);
    expect(k.machine.memory.peek32(task + task_struct.processor)).toBe(cpu.id);
    const pages = task + task_struct.local_pages;
    expect(peekList(k.machine, pages)).toEqual([]);
    expect(k.machine.memory.peek32(pages + list_head.prev)).toBe(pages);
  }
  expect([k.machine.memory.peek32(k.smp_num_cpus), k.machine.memory.peek8(k.call_lock)]).toEqual([3, 1]);
});

test('a kernel is not booted on more CPUs than it was built for', () => {
  expect(messageOf(() => kernelOn(2, upConfig))).toBe(
    'kernel: a uniprocessor kernel on 2 CPUs; build it with CONFIG_SMP',
  );
  expect(messageOf(() => kernelOn(3, { ...smpConfig, NR_CPUS: 2 }))).toBe('kernel: 3 CPUs; NR_CPUS allows 2');
  expect(() => kernelOn(2, { ...smpConfig, NR_CPUS: 2 })).not.toThrow();
});

test.each([
  ['started', true],
  ['finished', true],
  ['func', false],
  ['info', false],
  ['wait', false],
] as const)('who holds call_lock and reads %s awaits handlers: %s', (field, awaits) => {
  const k = kernelOn(2);
  const [cpu0, cpu1] = k.machine.cpus;
  k.machine.memory.poke32(k.call_data, SCRATCH);
  cpu0!.locksHeld.push(k.call_lock);
  const at = SCRATCH + call_data_struct[field];
  expect([k.awaitsHandlers(cpu0!, at), k.awaitsHandlers(cpu1!, at)]).toEqual([awaits, false]);
});

test.each([
  [16, 32],
  [32, 32],
  [64, 64],
  [128, 128],
])('built for lines of %i bytes, irq_stat has %i bytes a CPU: whole lines', (line, sizeof) => {
  expect(irqCpustat({ ...smpConfig, L1_CACHE_BYTES: line })).toMatchObject({ sizeof, align: line });
});
