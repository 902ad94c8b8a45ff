import type { Place } from '../../slab/allocator.ts';

export type PlaceName = Pick<Place, 'field' | 'owner'>;

/** A place in words. */
export function tellPlace({ field, owner }: PlaceName): string {
  return owner === '' ? field : `${field} of ${owner}`;
}
