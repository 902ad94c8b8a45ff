/** What a sweep shows, in table and picture: misses by size, for some associativities. */
import { groupBy } from '../base/group-by.ts';
import type { SweepReport } from '../lab/caches/cache-report.ts';
import { enumerate, sizeText } from './figures.ts';

export interface Curve {
  readonly name: string;
  /** By size in bytes, a power of two. */
  readonly missesAt: ReadonlyMap<number, number>;
}

const WAYS = [1, 2, 4, 8, 16];
const LEAST_SIZE = 1024;

export function curvesOf({ caches }: SweepReport): Curve[] {
  const curve = (name: string, of: SweepReport['caches']): Curve => ({
    name,
    missesAt: new Map(of.map(({ size, misses }) => [size, misses])),
  });
  return [
    ...WAYS.map((ways) =>
      curve(
        ways === 1 ? '1 way' : `${ways} ways`,
        caches.filter((of) => of.ways === ways),
      ),
    ),
    curve(
      'full',
      caches.filter(({ sets }) => sets === 1),
    ),
  ];
}

/** The least size from which on no cache of the curve misses 1 % more than one without bounds; null if there is none. */
function enoughFor({ missesAt }: Curve, unboundedMisses: number): number | null {
  const sizes = [...missesAt.keys()].sort((a, b) => a - b);
  const tooSmall = sizes.findLastIndex((size) => missesAt.get(size)! > 1.01 * unboundedMisses);
  return sizes[tooSmall + 1] ?? null;
}

/** Which sizes are enough; associativities that need the same are named together. */
export function enoughText(curves: readonly Curve[], unboundedMisses: number): string {
  const bySize = [...groupBy(curves, (curve) => enoughFor(curve, unboundedMisses))];
  const sizes = bySize.map(([size, of]) => {
    const names = of.length === curves.length ? 'any ways' : enumerate(of.map(({ name }) => name));
    return `${size === null ? 'no size' : sizeText(size)} with ${names}`;
  });
  return sizes.join('; ');
}

/** From 1 KB to where a larger cache misses no less, whatever its ways. */
export function shownSizes(report: SweepReport): number[] {
  const curves = curvesOf(report);
  const sizes = [...curves[curves.length - 1].missesAt.keys()].filter((size) => size >= LEAST_SIZE);
  const matters = (size: number, i: number) =>
    curves.some(({ missesAt }) => missesAt.has(sizes[i + 1]) && missesAt.get(size) !== missesAt.get(sizes[i + 1]));
  return sizes.slice(0, Math.max(sizes.findLastIndex(matters) + 2, 2));
}
