/** Accesses of an operation, as recorded and as the emulator makes them, and whether they are the same one by one. */
import type { addr_t } from '../../hw/memory.ts';
import type { AccessKind } from '../../hw/observe.ts';

/** [kind, bytes, where], as recorded: r, w, rw (one read-modify-write), p (a prefetch). */
export type RecordedTouch = readonly [kind: string, bytes: number, where: string];

export interface Access {
  readonly cpu: number;
  readonly kind: AccessKind;
  readonly address: addr_t;
  readonly bytes: number;
}

/** An access on each side; none where a side has no more. */
export type AccessPair = readonly [recorded: Access | undefined, ours: Access | undefined];

/**
 * The first recorded access that is not the emulator's next, by CPU, kind, address and size; null where all are the same. Two
 * things are recorded as one access that the emulator, as the hardware, makes of several: a string operation (memset, strcpy,
 * strcmp), which equals accesses that begin where the one before ended and cover the same bytes, and memcpy, a load and a store
 * of all bytes there, loads and stores by turns here; and a bit operation without lock, which equals a load and a store of its
 * word.
 */
export function firstDifference(recorded: readonly Access[], ours: readonly Access[]): AccessPair | null {
  let next = 0;
  for (let i = 0; i < recorded.length; i++) {
    const copied = copiedBy(recorded[i], recorded[i + 1], ours, next);
    if (copied > 0) {
      next += copied;
      i++;
      continue;
    }
    const count = equalTo(recorded[i], ours, next);
    if (count === 0) return [recorded[i], ours[next]];
    next += count;
  }
  return next === ours.length ? null : [undefined, ours[next]];
}

/** How many of `ours`, from `first` on, copy what was recorded as a load and a store of a range; 0 if they do not. */
function copiedBy(load: Access, store: Access | undefined, ours: readonly Access[], first: number): number {
  const isCopy = load.kind === 'r' && store?.kind === 'w' && store.bytes === load.bytes && store.cpu === load.cpu;
  if (!isCopy) return 0;
  const isNext = (access: Access | undefined, { cpu, kind, address }: Access, done: number) =>
    access !== undefined && access.cpu === cpu && access.kind === kind && access.address === address + done;
  let next = first;
  let done = 0;
  while (done < load.bytes && isNext(ours[next], load, done) && isNext(ours[next + 1], store, done)) {
    if (ours[next].bytes !== ours[next + 1].bytes) return 0;
    done += ours[next].bytes;
    next += 2;
  }
  return done === load.bytes ? next - first : 0;
}

/** How many of `ours`, from `first` on, are what was recorded as one access; 0 if they are not. */
function equalTo({ cpu, kind, address, bytes }: Access, ours: readonly Access[], first: number): number {
  const isNext = (access: Access | undefined, kind: AccessKind, at: addr_t) =>
    access !== undefined && access.cpu === cpu && access.kind === kind && access.address === at;
  const [load, store] = [ours[first], ours[first + 1]];
  if (kind === 'x' && isNext(load, 'r', address)) {
    return isNext(store, 'w', address) && load.bytes === bytes && store.bytes === bytes ? 2 : 0;
  }
  let end = address;
  let next = first;
  while (end < address + bytes && isNext(ours[next], kind, end)) end += ours[next++].bytes;
  return end === address + bytes ? next - first : 0;
}

/**
 * Accesses, counted alike on both sides however they are cut: those of one kind that follow each other in memory count as one,
 * and so does a load with a store to the same place behind it.
 */
export function countOf(accesses: readonly Access[]): number {
  let count = 0;
  for (let i = 0; i < accesses.length; i++) {
    const { cpu, kind, address, bytes } = accesses[i];
    const before: Access | undefined = accesses[i - 1];
    const goesOn = before?.cpu === cpu && before.kind === kind && before.address + before.bytes === address;
    const storesBack = kind === 'w' && before?.cpu === cpu && before.kind === 'r' && before.address === address;
    if (!goesOn && !(storesBack && before.bytes === bytes)) count++;
  }
  return count;
}
