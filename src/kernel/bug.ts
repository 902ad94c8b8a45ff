/**
 * A condition that the kernel's authors ruled out. As on a real machine everything stays as it was at that moment: locks
 * held, interrupts as they were.
 */
export class KernelBug extends Error {
  /** Source file and line, as the kernel prints them. */
  readonly place: string;
  readonly fn: string;
  readonly condition: string;

  constructor(place: string, fn: string, condition: string) {
    super(`kernel BUG at ${place}! ${fn}: ${condition}`);
    this.name = 'KernelBug';
    this.place = place;
    this.fn = fn;
    this.condition = condition;
  }
}

export function BUG(place: string, fn: string, condition: string): never {
  throw new KernelBug(place, fn, condition);
}
