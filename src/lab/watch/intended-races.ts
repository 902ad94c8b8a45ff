/** Which of the races found does the kernel have on purpose? */
import type { IntendedRace, RaceSide } from '../../slab/kernel-facts.ts';
import type { Race, RaceAccess } from './race-detector.ts';

/** The entry that allows a race, if one does. */
export function intendedRace({ first, second }: Race, intended: readonly IntendedRace[]): IntendedRace | undefined {
  return intended.find(
    ({ field, sides: [one, other], sameCpu = false }) =>
      first.field === field &&
      second.field === field &&
      (first.cpu === second.cpu) === sameCpu &&
      ((isSide(one, first) && isSide(other, second)) || (isSide(one, second) && isSide(other, first))),
  );
}

/** Where functions were not noted, the field and the kind must do. */
const isSide = ({ kind, fns }: RaceSide, { kind: itsKind, fn }: RaceAccess) =>
  itsKind === kind && (fn === '' || fns.includes(fn));

/** Those that nobody intended; `intended` are the kernel version's (`allocator.version.intendedRaces`). */
export const unintended = (races: readonly Race[], intended: readonly IntendedRace[]): Race[] =>
  races.filter((race) => intendedRace(race, intended) === undefined);
