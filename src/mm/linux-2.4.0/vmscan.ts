/**
 * mm/vmscan.c of 2.4.0, as it goes with empty page lists and no process to swap out: memory comes back from the slab allocator
 * alone. What lists and locks it looks into on the way, it does look into.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { get_current, PF_MEMALLOC, THREAD_SIZE } from '../../kernel/linux-2.4/task.ts';
import { task_struct } from '../../kernel/linux-2.4.0/task.ts';
import { list_head } from '../../kernel/list.ts';
import { spin_lock, spin_unlock } from '../../kernel/spinlock.ts';
import {
  add_wait_queue,
  remove_wait_queue,
  schedule,
  setTaskState,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  waitqueue_active,
  wake_up,
} from '../../kernel/wait.ts';
import { __GFP_IO, GFP_KSWAPD } from './gfp.ts';
import type { Mm } from './mm.ts';
import { free_shortage, inactive_shortage, nr_free_pages, nr_inactive_clean_pages } from './shortage.ts';

const DEF_PRIORITY = 6;

/** A page of the zone's inactive_clean list: there is none, but it was asked for, and that counts. */
export function* reclaim_page(k: Mm, cpu: Cpu, zone: addr_t): Program<addr_t> {
  yield* spin_lock(k, cpu, k.pagecache_lock);
  yield* spin_lock(k, cpu, k.pagemap_lru_lock);
  cpu.loadLong(zone + k.zone_struct.inactive_clean_pages);
  cpu.loadPtr(zone + k.zone_struct.inactive_clean_list + list_head.prev);
  yield* spin_unlock(k, cpu, k.pagemap_lru_lock);
  yield* spin_unlock(k, cpu, k.pagecache_lock);
  addMemoryPressure(k, cpu);
  return NULL;
}

export function addMemoryPressure(k: Mm, cpu: Cpu): void {
  cpu.store32(k.memory_pressure, cpu.load32(k.memory_pressure) + 1);
}

/** Cleans dirty inactive pages. Where free pages are short and it may wait for I/O, it looks twice. */
export function* page_launder(k: Mm, cpu: Cpu, gfp_mask: number): Program {
  yield* lookForDirtyPages(k, cpu);
  if ((gfp_mask & __GFP_IO) === 0 || free_shortage(k, cpu) === 0) return;
  cpu.load32(k.page_cluster); // as many as it would flush this time
  yield* lookForDirtyPages(k, cpu);
}

function* lookForDirtyPages(k: Mm, cpu: Cpu): Program {
  yield* spin_lock(k, cpu, k.pagemap_lru_lock);
  cpu.load32(k.nr_inactive_dirty_pages);
  cpu.loadPtr(k.inactive_dirty_list + list_head.prev);
  yield* spin_unlock(k, cpu, k.pagemap_lru_lock);
}

/** Moves active pages that were not used lately to the inactive list. */
function* refill_inactive_scan(k: Mm, cpu: Cpu): Program {
  yield* spin_lock(k, cpu, k.pagemap_lru_lock);
  cpu.load32(k.nr_active_pages);
  yield* spin_unlock(k, cpu, k.pagemap_lru_lock);
}

/** Takes pages from processes. */
function* swap_out(k: Mm, cpu: Cpu): Program {
  yield* spin_lock(k, cpu, k.mmlist_lock);
  cpu.loadPtr(k.init_mm + k.mm_struct.mmlist + list_head.next);
  yield* spin_unlock(k, cpu, k.mmlist_lock);
}

/** Trims the slab caches, then looks for pages ever harder, until one of the two shortages is gone. */
function* refill_inactive(k: Mm, cpu: Cpu, gfp_mask: number, user: boolean): Program {
  // With how many pages it would be content; it finds none.
  inactive_shortage(k, cpu);
  free_shortage(k, cpu);
  if (user) cpu.load32(k.page_cluster);

  // Always trim SLAB caches when memory gets low.
  yield* k.kmem_cache_reap(cpu, gfp_mask);

  for (let priority = DEF_PRIORITY; priority >= 0; priority--) {
    cpu.loadLong(get_current(cpu) + task_struct.need_resched); // nobody sets it: no task is preempted
    yield* refill_inactive_scan(k, cpu);
    yield* swap_out(k, cpu);
    if (inactive_shortage(k, cpu) === 0 || free_shortage(k, cpu) === 0) return;
  }
  yield* refill_inactive_scan(k, cpu);
}

/** Reclaims for a task that needs pages (`user`), or for kswapd. */
function* do_try_to_free_pages(k: Mm, cpu: Cpu, gfp_mask: number, user: boolean): Program {
  if (free_shortage(k, cpu) !== 0 || dirtyPagesAbound(k, cpu)) yield* page_launder(k, cpu, gfp_mask);
  if (free_shortage(k, cpu) !== 0 || inactive_shortage(k, cpu) !== 0) {
    yield* refill_inactive(k, cpu, gfp_mask, user);
  } else {
    yield* k.kmem_cache_reap(cpu, gfp_mask);
  }
}

/** More than there are free ones. */
function dirtyPagesAbound(k: Mm, cpu: Cpu): boolean {
  return cpu.load32(k.nr_inactive_dirty_pages) > nr_free_pages(k, cpu) + nr_inactive_clean_pages(k, cpu);
}

/** Reclaims for a task that may sleep, but not for kswapd: that might need I/O locks which the task holds. */
export function* try_to_free_pages(k: Mm, cpu: Cpu, gfp_mask: number): Program {
  yield* asMemalloc(cpu, do_try_to_free_pages(k, cpu, gfp_mask, true));
}

/** What a task does with PF_MEMALLOC: it may have the last pages, and reclaims for nobody. */
export function* asMemalloc(cpu: Cpu, program: Program): Program {
  const flags = get_current(cpu) + task_struct.flags;
  cpu.storeLong(flags, cpu.loadLong(flags) | PF_MEMALLOC);
  yield* program;
  cpu.storeLong(flags, cpu.loadLong(flags) & ~PF_MEMALLOC);
}

/** The loop of kswapd(), once round: until it would go to sleep again. */
export function* kswapdTurn(k: Mm, cpu: Cpu): Program {
  if (inactive_shortage(k, cpu) !== 0 || free_shortage(k, cpu) !== 0) {
    const waitedFor = waitqueue_active(k, cpu, k.kswapd_done);
    yield* do_try_to_free_pages(k, cpu, GFP_KSWAPD, waitedFor);
  }
  yield* refill_inactive_scan(k, cpu);
}

/**
 * Wakes kswapd, and if `block` sleeps until it has gone round once.
 *
 * kswapd has a task of its own, but no time of its own: it runs in the place of a task that sleeps for it, on that task's CPU, and
 * nobody else can wake it, since it is never found in kswapd_wait. So a run of the machine ends when its tasks have ended.
 */
export function* wakeup_kswapd(k: Mm, cpu: Cpu, block: boolean): Program {
  if (k.get_current(cpu) === cpu.loadPtr(k.kswapd_task)) return;
  if (!block) {
    yield* wakeKswapd(k, cpu);
    return;
  }
  setTaskState(k, cpu, TASK_UNINTERRUPTIBLE);
  const wait = yield* add_wait_queue(k, cpu, k.kswapd_done);
  yield* wakeKswapd(k, cpu);
  yield* scheduleForKswapd(k, cpu);
  yield* remove_wait_queue(k, cpu, k.kswapd_done, wait);
  setTaskState(k, cpu, TASK_RUNNING);
}

function* wakeKswapd(k: Mm, cpu: Cpu): Program {
  if (waitqueue_active(k, cpu, k.kswapd_wait)) yield* wake_up(k, cpu, k.kswapd_wait);
}

/** schedule(), which finds kswapd next; or, where it runs on another CPU already, has this task sleep until it is woken. */
function* scheduleForKswapd(k: Mm, cpu: Cpu): Program {
  const { memory } = k.machine;
  const state = k.kswapd + task_struct.state;
  if (cpu.isAhead) yield;
  if (memory.peek32(state) === TASK_RUNNING) {
    yield* schedule(k, cpu);
    return;
  }
  memory.poke32(state, TASK_RUNNING);
  memory.poke32(k.kswapd + task_struct.processor, cpu.id);
  const { esp } = cpu;
  cpu.esp = k.kswapd + THREAD_SIZE;
  try {
    yield* k.kswapdTurn(k, cpu);
    if (cpu.isAhead) yield;
  } finally {
    // After a BUG() too, for replays, which go on.
    cpu.esp = esp;
    memory.poke32(state, TASK_INTERRUPTIBLE);
  }
  if (othersSleep(k)) yield* wake_up(k, cpu, k.kswapd_done);
}

/** Whether more tasks wait for kswapd than the one in whose place it ran, which goes on by itself: the first is not the last. */
function othersSleep({ machine, kswapd_done, wait_queue_head_t }: Mm): boolean {
  const tasks = kswapd_done + wait_queue_head_t.task_list;
  return machine.memory.peek32(tasks + list_head.next) !== machine.memory.peek32(tasks + list_head.prev);
}
