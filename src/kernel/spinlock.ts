/**
 * Spinlocks (include/asm-i386/spinlock.h): a byte that is 1 when free. Spinning is real loads of it, so contention is
 * measured, not assumed. On a uniprocessor build they are compiled away.
 *
 * Each yields before an access that another CPU may be racing for, if this CPU is ahead of it in time; a release too,
 * since those behind must still find the lock held.
 */
import type { Cpu, Program } from '../hw/cpu.ts';
import type { addr_t } from '../hw/memory.ts';
import { BUG } from './bug.ts';
import { local_irq_disable, local_irq_enable, local_irq_restore, local_irq_save } from './irq.ts';
import type { Kernel } from './kernel.ts';

/** *lock = SPIN_LOCK_UNLOCKED, an assignment of the structure: even gcc 2.95's uniprocessor one has four bytes. */
export function assignUnlocked(k: Kernel, cpu: Cpu, lock: addr_t): void {
  if (k.spinlock_t.sizeof > 0) cpu.store32(lock, k.config.CONFIG_SMP ? 1 : 0);
}

export function spin_lock_init(k: Kernel, cpu: Cpu, lock: addr_t): void {
  if (k.config.CONFIG_SMP) cpu.store32(lock, 1);
}

export function* spin_lock(k: Kernel, cpu: Cpu, lock: addr_t): Program {
  if (!k.config.CONFIG_SMP) return;
  if (cpu.isAhead) yield;
  if (cpu.lockDecb(lock) < 0) {
    cpu.counters.contendedLocks++;
    do {
      do {
        cpu.pause(lock);
        yield;
      } while (cpu.load8(lock) <= 0);
    } while (cpu.lockDecb(lock) < 0);
  }
  cpu.locksHeld.push(lock);
}

export function* spin_unlock(k: Kernel, cpu: Cpu, lock: addr_t): Program {
  if (!k.config.CONFIG_SMP) return;
  if (cpu.isAhead) yield;
  cpu.store8(lock, 1);
  if (cpu.locksHeld.at(-1) === lock) cpu.locksHeld.pop();
  else cpu.locksHeld.splice(cpu.locksHeld.indexOf(lock), 1);
}

export function* spin_lock_irq(k: Kernel, cpu: Cpu, lock: addr_t): Program {
  local_irq_disable(cpu);
  yield* spin_lock(k, cpu, lock);
}

export function* spin_unlock_irq(k: Kernel, cpu: Cpu, lock: addr_t): Program {
  yield* spin_unlock(k, cpu, lock);
  if (local_irq_enable(cpu)) yield;
}

/** The flags as they were, for spin_unlock_irqrestore. */
export function* spin_lock_irqsave(k: Kernel, cpu: Cpu, lock: addr_t): Program<number> {
  const flags = local_irq_save(cpu);
  yield* spin_lock(k, cpu, lock);
  return flags;
}

export function* spin_unlock_irqrestore(k: Kernel, cpu: Cpu, lock: addr_t, flags: number): Program {
  yield* spin_unlock(k, cpu, lock);
  if (local_irq_restore(cpu, flags)) yield;
}

/** Takes the lock if it is free, interrupts off; else leaves them on. Whether it did. */
export function* spin_trylock_irq(k: Kernel, cpu: Cpu, lock: addr_t): Program<boolean> {
  local_irq_disable(cpu);
  if (!k.config.CONFIG_SMP) return true;
  if (cpu.isAhead) yield;
  if (cpu.lockXchg8(lock, 0) > 0) {
    cpu.locksHeld.push(lock);
    return true;
  }
  if (local_irq_enable(cpu)) yield;
  return false;
}

/** Somebody holds the lock. */
export function assert_spin_locked(k: Kernel, cpu: Cpu, lock: addr_t): void {
  if (k.config.CONFIG_SMP && cpu.load8(lock) > 0) BUG('spinlock.h', 'assert_spin_locked', '!spin_is_locked(lock)');
}
