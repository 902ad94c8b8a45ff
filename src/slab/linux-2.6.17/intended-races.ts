/** The races that 2.6.17 has on purpose, or lives with: what the race detector finds in a run of it, with the reason each. */
import type { IntendedRace, RaceSide } from '../kernel-facts.ts';

const reads = (...fns: string[]): RaceSide => ({ kind: 'r', fns });
const writes = (...fns: string[]): RaceSide => ({ kind: 'w', fns });
const locked = (...fns: string[]): RaceSide => ({ kind: 'x', fns });

/** By two CPUs, and by an interrupt of the very CPU. */
const anywhere = (race: Omit<IntendedRace, 'sameCpu'>): IntendedRace[] => [race, { ...race, sameCpu: true }];

const LOOKS_FIRST =
  'cache_reap looks whether an array holds anything before it takes the lock: it may skip it or take it in vain';
const HINT =
  'whether an array was used since it was looked at last: a hint, and it does not matter which of the two wins';
const FREE_TOUCHED =
  'whether free slabs were used since cache_reap looked last: a hint, which it takes without the lock';
const WATERMARKS = 'zone_watermark_ok() reads the count without zone->lock: a stale one chooses another zone';
const HOTPLUG =
  'one word: a reader sees a CPU that comes or goes, or not yet; to whom it matters holds cpucontrol or polls';
const TIME = 'jiffies is one word: a reader has the time before the tick or after it';

export const intendedRaces: readonly IntendedRace[] = [
  {
    field: 'array_cache.avail',
    sides: [
      reads('drain_array'),
      writes('freeTo', 'flushAndFree', 'popObject', 'refillFromSlabs', 'transfer_objects', 'dropOldest', 'do_drain'),
    ],
    sameCpu: true,
    reason: LOOKS_FIRST,
  },
  {
    field: 'array_cache.avail',
    sides: [reads('drain_array'), writes('transfer_objects', 'toShared', 'dropOldest')],
    reason: LOOKS_FIRST,
  },
  ...anywhere({
    field: 'array_cache.avail',
    sides: [reads('reap_alien'), writes('cache_free_alien', '__drain_alien_cache', 'transfer_objects')],
    reason: LOOKS_FIRST,
  }),
  ...anywhere({
    field: 'array_cache.touched',
    sides: [reads('drain_array', 'cache_alloc_refill'), writes('drain_array', 'popObject', 'transfer_objects')],
    reason: HINT,
  }),
  ...anywhere({
    field: 'array_cache.touched',
    sides: [writes('drain_array'), writes('popObject', 'transfer_objects')],
    reason: HINT,
  }),
  ...anywhere({
    field: 'kmem_list3.free_touched',
    sides: [reads('reapCache'), writes('slabToAllocFrom')],
    reason: FREE_TOUCHED,
  }),
  ...anywhere({
    field: 'kmem_list3.free_touched',
    sides: [writes('reapCache'), writes('slabToAllocFrom')],
    reason: FREE_TOUCHED,
  }),
  ...anywhere({
    field: 'kmem_list3.slabs_free',
    sides: [reads('reapCache'), writes('free_block', 'moveToList', 'cache_grow', '__node_shrink')],
    reason: 'cache_reap takes no lock where it sees no free slabs, and looks again under the lock where it sees any',
  }),
  ...anywhere({
    field: 'zone.free_pages',
    sides: [reads('zone_watermark_ok'), writes('__rmqueue', '__free_one_page')],
    reason: WATERMARKS,
  }),
  ...anywhere({
    field: 'jiffies',
    sides: [reads('jiffies', 'nextReap', 'reapCache'), writes('timer_interrupt')],
    reason: TIME,
  }),
  {
    field: 'thread_info.preempt_count',
    sides: [reads('preempt_count'), writes('addPreemptCount')],
    sameCpu: true,
    reason: 'a handler counts itself in and out again, so whom it interrupts reads the same before and after',
  },
  {
    field: 'task_struct.state',
    sides: [reads('schedule'), writes('wake_up_process')],
    reason:
      'the kernel orders schedule() and a wake-up by the lock of the run queue, which is not modelled; the scheduler of src/hw does',
  },
  {
    field: 'task_struct.state',
    sides: [reads('runThread'), writes('wake_up_process')],
    sameCpu: true,
    reason: 'the same, where the timer wakes the thread of its own CPU',
  },
  {
    field: 'mutex.count',
    sides: [writes('__mutex_lock_slowpath', 'mutex_unlock'), locked('mutex_lock', 'mutex_trylock', 'mutex_unlock')],
    reason: 'atomic_set() of a mutex that others ask for by locked operations: on x86 a store is one too',
  },
  ...anywhere({
    field: 'free_area.nr_free',
    sides: [reads('zone_watermark_ok'), writes('addFree', '__rmqueue')],
    reason: WATERMARKS,
  }),
  ...anywhere({
    field: 'page.flags',
    sides: [reads('page_zone_id'), writes('__setPageFlag', '__clearPageFlag', 'prep_new_page')],
    reason:
      'whoever frees a page looks whether the other page of the pair is free and in the same zone; that one may be in use, and its ' +
      'owner set other bits of the word',
  }),
  {
    field: 'per_cpu_pages.count',
    sides: [reads('drain_node_pages'), writes('free_hot_cold_page', 'takeFromList')],
    sameCpu: true,
    reason:
      'looks whether there are pages before it masks interrupts: those that a handler then gives back wait for the next time',
  },
  {
    field: 'cpu_online_map',
    sides: [
      reads('cpu_online', 'num_online_cpus', 'node_to_cpumask', 'members', 'rcu_start_batch', 'smp_call_function'),
      locked('take_cpu_down', 'start_secondary'),
    ],
    reason: HOTPLUG,
  },
  {
    field: 'node_2_cpu_mask',
    sides: [reads('node_to_cpumask'), locked('take_cpu_down', 'start_secondary')],
    reason: HOTPLUG,
  },
  ...anywhere({
    field: 'rcu_ctrlblk',
    sides: [
      reads('rcu_pending', 'rcu_check_quiescent_state', 'completed', 'rcu_process_callbacks', 'rcu_init_percpu_data'),
      writes('rcu_start_batch', 'cpu_quiet'),
    ],
    reason:
      'each CPU looks for itself whether a grace period began or ended; what it sees late it sees at its next tick',
  }),
  {
    field: 'per_cpu__rcu_data.passed_quiesc',
    sides: [reads('rcu_check_quiescent_state'), writes('rcu_qsctr_inc')],
    sameCpu: true,
    reason: 'a quiescent state is noted by one store; the tick that interrupts it sees it, or the next one does',
  },
  {
    field: 'per_cpu__rcu_data.passed_quiesc',
    sides: [writes('rcu_qsctr_inc', 'rcu_check_quiescent_state'), writes('rcu_qsctr_inc')],
    sameCpu: true,
    reason: 'schedule() and the tick that interrupts it both store 1, or the tick begins a grace period at that moment',
  },
];
