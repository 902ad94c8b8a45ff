/** How 2.6 complains: kernel/panic.c, include/asm-generic/bug.h. */
import { KernelBug } from '../bug.ts';
import type { Linux26 } from './kernel.ts';

/** The system halts: the kernel cannot go on. */
export function panic(k: Linux26, fn: string, message: string): never {
  k.printk(`Kernel panic - not syncing: ${message}\n`);
  throw new KernelBug('panic', fn, message);
}

/** A condition that the kernel's authors ruled out, and that the kernel survives; `place` is the file and line. */
export function WARN_ON(k: Linux26, condition: boolean, place: string, fn: string): void {
  if (!condition) return;
  k.printk(`BUG: warning at ${place}/${fn}()\n`);
  k.dump_stack();
}
