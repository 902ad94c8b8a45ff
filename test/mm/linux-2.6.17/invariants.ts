/** What must hold of free pages at any moment without an operation under way, seen by peek. */
import assert from 'node:assert/strict';
import { type PcpState, type ZoneState, zoneStates } from '../../../src/mm/linux-2.6.17/buddyinfo.ts';
import { MAX_NR_ZONES, PG_buddy, PG_compound, PG_reserved } from '../../../src/mm/linux-2.6.17/layouts.ts';
import type { Mm2617 } from '../../../src/mm/linux-2.6.17/mm.ts';

/** What a page is; each is one thing. */
type Use = 'reserved' | 'free' | 'per-CPU' | 'allocated';

/** `allocated`: blocks that somebody has, orders by first page frame. */
export function assertPages(k: Mm2617, allocated: ReadonlyMap<number, number>): void {
  const uses = new Map<number, Use>();
  const claim = (pfn: number, use: Use) => {
    assert(!uses.has(pfn), `page ${pfn} is ${uses.get(pfn)} and ${use}`);
    uses.set(pfn, use);
  };
  for (const [pfn, order] of allocated) for (let i = 0; i < 1 << order; i++) claim(pfn + i, 'allocated');
  for (const { node, zones } of zoneStates(k)) for (const zone of zones) assertZone(k, node, zone, claim);
  for (let pfn = 0; pfn < k.layout.ram / 4096; pfn++) assertPage(k, pfn, uses.get(pfn));
}

function assertZone(k: Mm2617, node: number, zone: ZoneState, claim: (pfn: number, use: Use) => void): void {
  const where = `node ${node} ${zone.name}`;
  const end = zone.start_pfn + zone.present;
  const starts = zone.areas.map(({ pfns }) => new Set(pfns));
  let free = 0;
  for (const [order, { nr_free, pfns }] of zone.areas.entries()) {
    assert.equal(nr_free, pfns.length, `${where}: nr_free of order ${order}`);
    free += nr_free << order;
    for (const pfn of pfns) {
      assert.equal(pfn % (1 << order), 0, `${where}: block ${pfn} of order ${order} is not aligned`);
      assert(
        pfn >= zone.start_pfn && pfn + (1 << order) <= end,
        `${where}: block ${pfn} of order ${order} lies outside`,
      );
      const apart = order === zone.areas.length - 1 || !starts[order]!.has(pfn ^ (1 << order));
      assert(apart, `${where}: buddies ${pfn} and ${pfn ^ (1 << order)} of order ${order} are both free`);
      assert.equal(k.machine.memory.peek32(k.pageAt(pfn) + k.struct_page.private), order, `${where}: order of ${pfn}`);
      for (let i = 0; i < 1 << order; i++) claim(pfn + i, 'free');
    }
  }
  assert.equal(zone.free_pages, free, `${where}: free_pages`);
  for (const { hot, cold } of zone.pcp) for (const list of [hot, cold]) assertList(where, zone, list, claim);
  assert.equal(MAX_NR_ZONES, zone.lowmem_reserve.length);
}

function assertList(where: string, zone: ZoneState, list: PcpState, claim: (pfn: number, use: Use) => void): void {
  assert.equal(list.count, list.pfns.length, `${where}: count of a per-CPU list`);
  assert(list.count < Math.max(list.high, list.batch), `${where}: a per-CPU list has ${list.count} pages`);
  for (const pfn of list.pfns) {
    assert(
      pfn >= zone.start_pfn && pfn < zone.start_pfn + zone.present,
      `${where}: page ${pfn} on a list of another zone`,
    );
    claim(pfn, 'per-CPU');
  }
}

function assertPage(k: Mm2617, pfn: number, use: Use | undefined): void {
  const { memory } = k.machine;
  const flags = memory.peek32(k.pageAt(pfn) + k.struct_page.flags);
  const reserved = ((flags >>> PG_reserved) & 1) !== 0;
  assert.equal(reserved, use === undefined, `page ${pfn} is ${use}, and ${reserved ? '' : 'not '}reserved`);
  if (use === 'free' || use === 'per-CPU') {
    assert.equal(memory.peek32(k.pageAt(pfn) + k.struct_page._count), 0, `page ${pfn} is ${use} and referenced`);
    assert.equal((flags >>> PG_compound) & 1, 0, `page ${pfn} is ${use} and of a compound page`);
  }
  if (use !== 'free') assert.equal((flags >>> PG_buddy) & 1, 0, `page ${pfn} is ${use} and PG_buddy`);
}
