/** kswapd of 2.4.0: a task of its own that runs in the place of those who sleep for it. */
import { describe, expect, test } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL } from '../../../src/hw/memory.ts';
import { KernelBug } from '../../../src/kernel/bug.ts';
import { PF_MEMALLOC, THREAD_SIZE } from '../../../src/kernel/linux-2.4/task.ts';
import { peekList } from '../../../src/kernel/peek-list.ts';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from '../../../src/kernel/wait.ts';
import { nr_free_pages } from '../../../src/mm/linux-2.4/buddyinfo.ts';
import { __free_pages } from '../../../src/mm/linux-2.4/page-alloc.ts';
import { __GFP_WAIT, GFP_ATOMIC, GFP_BUFFER, GFP_KERNEL, GFP_KSWAPD } from '../../../src/mm/linux-2.4.0/gfp.ts';
import { alloc_pages } from '../../../src/mm/linux-2.4.0/page-alloc.ts';
import { wakeup_kswapd } from '../../../src/mm/linux-2.4.0/vmscan.ts';
import type { Linux240 } from '../../../src/slab/linux-2.4.0/slab.ts';
import { type Booted, booted240 } from '../../machines.ts';

type Machine240 = Booted<Linux240>;

interface Reap {
  readonly task: addr_t;
  readonly flags: number;
  readonly gfp_mask: number;
}

/** A machine without a free page but the last ones; who reaps the slab caches, and how, is written down and nothing else done. */
function withoutMemory(cpus = 1): Machine240 & { reaps: Reap[] } {
  const booted = booted240({ cpus, memory: 20 * MiB });
  const { machine, k } = booted;
  const cpu = machine.cpus[0]!;
  while (machine.run(cpu, alloc_pages(k, cpu, GFP_ATOMIC, 0)) !== NULL);
  const reaps: Reap[] = [];
  k.kmem_cache_reap = function* (cpu, gfp_mask) {
    const task = k.get_current(cpu);
    reaps.push({ task, flags: machine.memory.peek32(task + k.task_struct.flags), gfp_mask });
  };
  return { ...booted, reaps };
}

const task = ({ k }: Machine240, cpu = 0) => k.symbols.address(`task[${cpu}]`);
const stateOf = ({ machine, k }: Machine240, task: addr_t) => machine.memory.peek32(task + k.task_struct.state);

describe('a task that needs a larger block than there is', () => {
  test('sleeps for kswapd once, which trims the slab caches as a task of its own that reclaims; then it goes without', () => {
    const booted = withoutMemory();
    const { machine, k, reaps } = booted;
    const cpu = machine.cpus[0]!;
    expect(machine.run(cpu, alloc_pages(k, cpu, GFP_KERNEL, 3))).toBe(NULL);
    expect(reaps).toEqual([{ task: k.kswapd, flags: PF_MEMALLOC, gfp_mask: GFP_KSWAPD }]);
    expect(k.get_current(cpu)).toBe(task(booted));
    expect(stateOf(booted, task(booted))).toBe(TASK_RUNNING);
    expect(stateOf(booted, k.kswapd)).toBe(TASK_INTERRUPTIBLE);
  });

  test('trims them itself if it must not wait for I/O, as PF_MEMALLOC meanwhile', () => {
    const booted = withoutMemory();
    const { machine, k, reaps } = booted;
    const cpu = machine.cpus[0]!;
    expect(machine.run(cpu, alloc_pages(k, cpu, GFP_BUFFER, 3))).toBe(NULL);
    expect(reaps).toEqual([{ task: task(booted), flags: PF_MEMALLOC, gfp_mask: GFP_BUFFER }]);
    expect(machine.memory.peek32(task(booted) + k.task_struct.flags)).toBe(0);
  });

  test('does neither if it must not wait', () => {
    const { machine, k, reaps } = withoutMemory();
    const cpu = machine.cpus[0]!;
    expect(machine.run(cpu, alloc_pages(k, cpu, GFP_KERNEL & ~__GFP_WAIT, 3))).toBe(NULL);
    expect(reaps).toEqual([]);
  });
});

test('a task that needs one page sleeps for kswapd again and again, until somebody frees one', () => {
  const { machine, k } = withoutMemory();
  const cpu = machine.cpus[0]!;
  const page = k.pageAt(5000);
  let turns = 0;
  k.kmem_cache_reap = function* (cpu) {
    if (++turns === 3) for (let i = 0; i < 40; i++) yield* __free_pages(k, cpu, page + i * k.struct_page.sizeof, 0);
  };
  expect(machine.run(cpu, alloc_pages(k, cpu, GFP_KERNEL, 0))).not.toBe(NULL);
  expect(turns).toBe(3);
});

test('kswapd looks at what is short, and leaves the slab caches alone where nothing is', () => {
  const { machine, k } = booted240({ cpus: 1 });
  const cpu = machine.cpus[0]!;
  let reaps = 0;
  k.kmem_cache_reap = function* () {
    reaps++;
  };
  machine.run(cpu, wakeup_kswapd(k, cpu, true));
  expect(reaps).toBe(0);
});

test('the slab caches give back what they can: a page is had that they held', () => {
  const { machine, k, allocator } = booted240({ cpus: 1, memory: 20 * MiB });
  const cpu = machine.cpus[0]!;
  const cachep = machine.run(cpu, allocator.create(cpu, { name: 'hoard', size: 1000 }));
  function* fill(): Program {
    const objects: addr_t[] = [];
    for (let i = 0; i < 400; i++) objects.push(yield* allocator.alloc(cpu, cachep, GFP_KERNEL));
    for (const objp of objects) yield* allocator.free(cpu, cachep, objp);
  }
  machine.run(cpu, fill());
  while (machine.run(cpu, alloc_pages(k, cpu, GFP_ATOMIC, 0)) !== NULL);
  const before = nr_free_pages(k);
  expect(machine.run(cpu, alloc_pages(k, cpu, GFP_KERNEL, 0))).not.toBe(NULL);
  // Of its 100 free slabs kswapd took 80 in one go; one of these pages is taken.
  expect(nr_free_pages(k) - before).toBe(79);
});

describe('two tasks that sleep for kswapd', () => {
  test('wait for one round of it: the second sleeps in kswapd_done until the first has had it run', () => {
    const booted = withoutMemory(2);
    const { machine, k } = booted;
    const [cpu0, cpu1] = machine.cpus as [Cpu, Cpu];
    const log: string[] = [];
    const kswapdTurn = k.kswapdTurn;
    k.kswapdTurn = function* (k, cpu) {
      log.push(`kswapd runs on cpu${cpu.id}`);
      // Long enough for the other to come.
      for (let i = 0; i < 100; i++) {
        cpu.clock += 1000;
        yield;
      }
      log.push(`${peekList(machine, k.kswapd_done + k.wait_queue_head_t.task_list).length} wait`);
      yield* kswapdTurn(k, cpu);
    };
    function* sleep(cpu: Cpu, later: number): Program {
      cpu.clock += later;
      yield;
      yield* wakeup_kswapd(k, cpu, true);
      log.push(`cpu${cpu.id} goes on`);
    }
    machine.scheduler.spawn(cpu0, sleep(cpu0, 0));
    machine.scheduler.spawn(cpu1, sleep(cpu1, 5000));
    machine.scheduler.run();
    expect(log.slice(0, 2)).toEqual(['kswapd runs on cpu0', '2 wait']);
    expect(log.slice(2).sort()).toEqual(['cpu0 goes on', 'cpu1 goes on']);
    expect([0, 1].map((id) => stateOf(booted, task(booted, id)))).toEqual([TASK_RUNNING, TASK_RUNNING]);
    expect(peekList(machine, k.kswapd_done + k.wait_queue_head_t.task_list)).toEqual([]);
  });

  test('never find it on two CPUs at once, however many CPUs are out of memory', () => {
    const { machine, k } = withoutMemory(4);
    let running = 0;
    let most = 0;
    const { kswapdTurn } = k;
    k.kswapdTurn = function* (k, cpu) {
      most = Math.max(most, ++running);
      expect(k.get_current(cpu)).toBe(k.kswapd);
      expect(cpu.esp).toBe(k.kswapd + THREAD_SIZE);
      yield* kswapdTurn(k, cpu);
      running--;
    };
    function* needs(cpu: Cpu): Program<addr_t[]> {
      const pages: addr_t[] = [];
      for (let i = 0; i < 20; i++) pages.push(yield* alloc_pages(k, cpu, GFP_KERNEL, 2));
      return pages;
    }
    const contexts = machine.cpus.map((cpu) => machine.scheduler.spawn(cpu, needs(cpu)));
    machine.scheduler.run();
    expect(contexts.map(({ result }) => result)).toEqual(contexts.map(() => Array(20).fill(NULL)));
    expect([most, running]).toEqual([1, 0]);
  });
});

test('waking it without sleeping for it does nothing: it is never found in kswapd_wait', () => {
  const { machine, k, reaps } = withoutMemory();
  const cpu = machine.cpus[0]!;
  machine.run(cpu, wakeup_kswapd(k, cpu, false));
  expect(reaps).toEqual([]);
});

test('after a BUG() in it, the next task that sleeps for it is not left waiting', () => {
  const { machine, k } = withoutMemory();
  const cpu = machine.cpus[0]!;
  let turns = 0;
  k.kmem_cache_reap = function* () {
    if (++turns === 1) throw new KernelBug('slab.c', 'kmem_slab_destroy', 'a damaged object');
  };
  expect(() => machine.run(cpu, wakeup_kswapd(k, cpu, true))).toThrow('a damaged object');
  machine.scheduler.abandon();
  machine.run(cpu, wakeup_kswapd(k, cpu, true));
  expect(turns).toBe(2);
});
