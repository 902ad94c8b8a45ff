/**
 * Deliberate faults of 2.6.17, each a double of one function: a lock or a mask left out, a grace period cut short, objects that
 * go home to the wrong node. Each is found: by a race, or by harm that the run comes to or the checks behind it see.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { local_irq_disable } from '../../../src/kernel/irq.ts';
import { rcu_qsctr_inc } from '../../../src/kernel/linux-2.6/quiescent.ts';
import { raise_softirq_irqoff, TASKLET_SOFTIRQ } from '../../../src/kernel/linux-2.6/softirq.ts';
import { tellRace } from '../../../src/lab/watch/race-detector.ts';
import { tellPlace } from '../../../src/lab/watch/tell-place.ts';
import { harmOf } from '../harm.ts';
import { assertStress } from '../stress-checks.ts';
import { stressed } from '../stressed-versions.ts';
import { unintended, watched } from '../watched.ts';

interface Fault {
  /** The function that forgets to take its lock, and to release it. */
  readonly takesNoLock?: string;
  /** The function that forgets to switch interrupts off. */
  readonly leavesInterruptsOn?: string;
  /** Each tick passes for a quiescent state, whatever it interrupts. */
  readonly cutsGracePeriodsShort?: true;
  /** The function that gives objects to the lists of the other node. */
  readonly freesToOtherNode?: string;
}

const planted = vi.hoisted(() => ({
  fault: {} as Fault,
  /** Whether `fn` called the function that asks. */
  isCalledBy(fn: string | undefined): boolean {
    if (fn === undefined) return false;
    const own = /^(isCalledBy|forgets|free_block|spin_(un)?lock(_irq)?|local_irq_save|next)$/;
    const frames = (new Error().stack ?? '').split('\n').map((line) => /^\s*at (?:.*[. ])?(\S+) \(/.exec(line)?.[1]);
    return frames.find((name) => name !== undefined && !own.test(name)) === fn;
  },
}));

vi.mock('../../../src/kernel/spinlock.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../src/kernel/spinlock.ts')>();
  const forgets = () => planted.isCalledBy(planted.fault.takesNoLock);
  const doubles: Partial<typeof actual> = {
    *spin_lock(k, cpu, lock) {
      if (!forgets()) yield* actual.spin_lock(k, cpu, lock);
    },
    *spin_unlock(k, cpu, lock) {
      if (!forgets()) yield* actual.spin_unlock(k, cpu, lock);
    },
    *spin_lock_irq(k, cpu, lock) {
      if (forgets()) local_irq_disable(cpu);
      else yield* actual.spin_lock_irq(k, cpu, lock);
    },
    *spin_unlock_irq(k, cpu, lock) {
      if (!forgets()) yield* actual.spin_unlock_irq(k, cpu, lock);
      else if (cpu.sti()) yield;
    },
  };
  return { ...actual, ...doubles };
});

vi.mock('../../../src/kernel/irq.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../src/kernel/irq.ts')>();
  const doubles: Partial<typeof actual> = {
    local_irq_save(cpu) {
      const flags = actual.local_irq_save(cpu);
      if (planted.isCalledBy(planted.fault.leavesInterruptsOn)) actual.local_irq_restore(cpu, flags);
      return flags;
    },
  };
  return { ...actual, ...doubles };
});

vi.mock('../../../src/kernel/linux-2.6/rcu.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../src/kernel/linux-2.6/rcu.ts')>();
  const doubles: Partial<typeof actual> = {
    rcu_check_callbacks(k, cpu) {
      if (!planted.fault.cutsGracePeriodsShort) {
        actual.rcu_check_callbacks(k, cpu);
        return;
      }
      rcu_qsctr_inc(k, cpu);
      raise_softirq_irqoff(k, cpu, TASKLET_SOFTIRQ);
    },
  };
  return { ...actual, ...doubles };
});

vi.mock('../../../src/slab/linux-2.6.17/free.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../../src/slab/linux-2.6.17/free.ts')>();
  const doubles: Partial<typeof actual> = {
    free_block(k, cpu, cachep, objpp, nr_objects, node) {
      const misplaced = planted.isCalledBy(planted.fault.freesToOtherNode);
      return actual.free_block(k, cpu, cachep, objpp, nr_objects, misplaced ? 1 - node : node);
    },
  };
  return { ...actual, ...doubles };
});

const NAME = '2.6.17-g4776874';
const machineOf = (nodes: number) => ({ cpus: 4, nodes, lockupCycles: 2_000_000 });
const functions = false;

function plant(fault: Fault): void {
  planted.fault = fault;
}

afterEach(() => {
  plant({});
});

/** Few kinds of objects and low tides: arrays of all kinds fill and run empty soon. */
const dense = { seed: 'faults', kinds: 2, tide: 0.2 };

describe('what is taken or done without its lock or mask races', () => {
  test.each<[string, Fault, expected: RegExp, operations: number, nodes?: number]>([
    ['the refill of an array, in the slabs', { takesNoLock: 'cache_alloc_refill' }, /^slab\.inuse/, 1000],
    ['the flush of an array, in the shared one', { takesNoLock: 'cache_flusharray' }, /^array_cache\.entry/, 12_000, 1],
    ['a new slab, in the colours', { takesNoLock: 'cache_grow' }, /^kmem_list3\.colour_next/, 2000, 1],
    ['a free into an alien array', { takesNoLock: 'cache_free_alien' }, /^array_cache\.entry/, 2000],
    [
      'the drain of an alien array, in the shared one',
      { takesNoLock: '__drain_alien_cache' },
      /^array_cache\.entry/,
      2000,
    ],
    ['a free with interrupts on', { leavesInterruptsOn: 'kmem_cache_free' }, /^array_cache\.entry/, 1000],
    ['an allocation with interrupts on', { leavesInterruptsOn: '__cache_alloc' }, /^array_cache\.entry/, 1000],
  ])('%s', (_, fault, expected, operations, nodes = 2) => {
    plant(fault);
    const { detector } = watched(NAME, machineOf(nodes), { ...dense, operations }, { functions });
    expect(unintended(NAME, detector.races).map(({ first }) => tellPlace(first))).toContainEqual(
      expect.stringMatching(expected),
    );
  });

  test.each([1, 2])('without a fault nothing does (nodes: %i)', (nodes) => {
    const { detector, harm } = watched(NAME, machineOf(nodes), { ...dense, operations: 12_000 }, { functions });
    expect([harm, unintended(NAME, detector.races).map(tellRace)]).toEqual([null, []]);
  });
});

describe('what goes to the wrong place, or too early, is found there', () => {
  test.each<[string, Fault, expected: RegExp, operations: number]>([
    [
      'a grace period cut short',
      { cutsGracePeriodsShort: true },
      /^0x[0-9a-f]+ left its cache while cpu\d read it$/,
      20_000,
    ],
    [
      'an alien array drained into the wrong node',
      { freesToOtherNode: '__drain_alien_cache' },
      /node \d: nodeid of slab/,
      10_000,
    ],
    [
      'an array of a CPU emptied into the wrong node',
      { freesToOtherNode: 'do_drain' },
      /node \d: (nodeid of slab|free_objects)/,
      3000,
    ],
  ])('%s', (_, fault, expected, operations) => {
    plant(fault);
    const harm = harmOf(() => assertStress(stressed(NAME, machineOf(2), { seed: 'faults', operations })));
    expect(harm?.message).toMatch(expected);
  });

  test('without a fault none of it is', () => {
    assertStress(stressed(NAME, machineOf(2), { seed: 'faults', operations: 20_000 }));
  });
});
