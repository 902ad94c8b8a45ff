/** How a run under a deliberate fault may end. */
import { PageFault } from '../../src/hw/memory.ts';
import { Lockup } from '../../src/hw/watchdog.ts';
import { KernelBug } from '../../src/kernel/bug.ts';
import { Corruption } from '../../src/kernel/peek-list.ts';

const harm = [Corruption, KernelBug, PageFault, Lockup];

/** The harm that a run came to or a check found; null if there was none. Any other error is a fault of the test itself. */
export function harmOf(run: () => void): Error | null {
  try {
    run();
    return null;
  } catch (error) {
    const isHarm = harm.some((kind) => error instanceof kind) || (error as Error).name === 'AssertionError';
    if (isHarm) return error as Error;
    throw error;
  }
}
