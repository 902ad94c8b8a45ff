/**
 * mm/slab.c with CONFIG_DEBUG_SLAB: red zones around objects, poison in free ones, and checks of what is freed.
 *
 * A word before and a word behind the object hold RED_MAGIC1 while it is free and RED_MAGIC2 while it is allocated (the
 * comments of slab.c say it the other way round). A free object is filled with POISON_BYTE, its last byte with POISON_END;
 * only the first POISON_END is looked for, so other overwrites go unnoticed.
 */
import type { Cpu } from '../../hw/cpu.ts';
import type { addr_t } from '../../hw/memory.ts';
import { PAGE_OFFSET } from '../../kernel/kernel.ts';
import { memchr, memset } from '../../kernel/string.ts';
import { PG_slab } from '../../mm/linux-2.4/mm.ts';
import { testPageFlag, virt_to_page } from '../../mm/linux-2.4/page.ts';
import { type BugSite, slabBUG } from './bugs.ts';
import {
  BUFCTL_END,
  BYTES_PER_WORD,
  SLAB_CTOR_CONSTRUCTOR,
  SLAB_CTOR_VERIFY,
  SLAB_DEBUG_INITIAL,
  SLAB_POISON,
  SLAB_RED_ZONE,
  type Slab24,
  slab_bufctl,
  slab_t,
} from './slab.ts';

export const RED_MAGIC1 = 0x5a2cf071;
export const RED_MAGIC2 = 0x170fc2a5;
export const POISON_BYTE = 0x5a;
export const POISON_END = 0xa5;

const has = (k: Slab24, cpu: Cpu, cachep: addr_t, flag: number) =>
  (cpu.load32(cachep + k.kmem_cache_t.flags) & flag) !== 0;

/** The second red zone of the object slot at `slot`. */
const redEnd = (k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t) =>
  slot + cpu.load32(cachep + k.kmem_cache_t.objsize) - BYTES_PER_WORD;

/** The page of `objp` must be one, and a slab's: else a message and a BUG. */
export function CHECK_PAGE(k: Slab24, cpu: Cpu, objp: addr_t, site: BugSite): void {
  const page = virt_to_page(k, cpu, objp);
  const pfn = (page - cpu.loadPtr(k.mem_map_ptr)) / k.struct_page.sizeof;
  const complain = (what: string) => {
    k.printk(`kfree: ${what} ptr ${(objp + PAGE_OFFSET).toString(16)}h.\n`);
    slabBUG(k, site);
  };
  if (pfn >= cpu.loadLong(k.max_mapnr)) complain('out of range');
  if (!testPageFlag(cpu, page, PG_slab)) complain('bad');
}

/** What lies between the red zones of the slot, or the whole slot. */
function payload(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): { start: addr_t; size: number } {
  const size = cpu.load32(cachep + k.kmem_cache_t.objsize);
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) return { start: slot, size };
  return { start: slot + BYTES_PER_WORD, size: size - 2 * BYTES_PER_WORD };
}

function kmem_poison_obj(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): void {
  const { start, size } = payload(k, cpu, cachep, slot);
  memset(cpu, start, POISON_BYTE, size);
  cpu.store8(start + size - 1, POISON_END);
}

/** True if the poison is not as kmem_poison_obj() left it, as far as that is looked at. */
function kmem_check_poison_obj(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): boolean {
  const { start, size } = payload(k, cpu, cachep, slot);
  return memchr(cpu, start, POISON_END, size) !== start + size - 1;
}

/** Both red zones of a free object must be intact. */
function checkRedZones(
  k: Slab24,
  cpu: Cpu,
  cachep: addr_t,
  slot: addr_t,
  sites: readonly [first: BugSite, second: BugSite],
) {
  if (cpu.load32(slot) !== RED_MAGIC1) slabBUG(k, sites[0]);
  if (cpu.load32(redEnd(k, cpu, cachep, slot)) !== RED_MAGIC1) slabBUG(k, sites[1]);
}

/** kmem_cache_init_objs(), before the constructor: red zones; the address that the constructor gets. */
export function redZoneNewObject(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): addr_t {
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) return slot;
  cpu.store32(slot, RED_MAGIC1);
  cpu.store32(redEnd(k, cpu, cachep, slot), RED_MAGIC1);
  return slot + BYTES_PER_WORD;
}

/** kmem_cache_init_objs(), after the constructor: poison, and a look whether it kept to its object. */
export function poisonNewObject(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): void {
  if (has(k, cpu, cachep, SLAB_POISON)) kmem_poison_obj(k, cpu, cachep, slot);
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) checkRedZones(k, cpu, cachep, slot, ['newFirstZone', 'newSecondZone']);
}

/** kmem_cache_alloc_one_tail(): checks the slot and marks it allocated; the address that the caller gets. */
export function debugAllocated(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): addr_t {
  if (has(k, cpu, cachep, SLAB_POISON) && kmem_check_poison_obj(k, cpu, cachep, slot)) slabBUG(k, 'allocPoison');
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) return slot;
  // Set alloc red-zone, and check old one.
  if (cpu.lockXchg32(slot, RED_MAGIC2) !== RED_MAGIC1) slabBUG(k, 'allocFirstZone');
  if (cpu.lockXchg32(redEnd(k, cpu, cachep, slot), RED_MAGIC2) !== RED_MAGIC1) slabBUG(k, 'allocSecondZone');
  return slot + BYTES_PER_WORD;
}

/** kmem_cache_free_one(): checks what is freed and marks it free; the slot. Caller holds cachep->spinlock. */
export function debugFreed(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t, objp: addr_t): addr_t {
  if (has(k, cpu, cachep, SLAB_DEBUG_INITIAL)) {
    // Lets the constructor verify the object's state. It cannot wait here.
    const ctor = k.functionAt(cpu.loadPtr(cachep + k.kmem_cache_t.ctor));
    const program = ctor(cpu, objp, cachep, SLAB_CTOR_CONSTRUCTOR | SLAB_CTOR_VERIFY);
    while (program.next().done !== true);
  }
  let slot = objp;
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) {
    slot -= BYTES_PER_WORD;
    // Either write before start, or a double free.
    if (cpu.lockXchg32(slot, RED_MAGIC1) !== RED_MAGIC2) slabBUG(k, 'freeFirstZone');
    // Either write past end, or a double free.
    if (cpu.lockXchg32(redEnd(k, cpu, cachep, slot), RED_MAGIC1) !== RED_MAGIC2) slabBUG(k, 'freeSecondZone');
  }
  if (has(k, cpu, cachep, SLAB_POISON)) kmem_poison_obj(k, cpu, cachep, slot);
  kmem_extra_free_checks(k, cpu, cachep, slabp, slot);
  return slot;
}

/** Detects a double free and a bad pointer. Caller holds cachep->spinlock. */
function kmem_extra_free_checks(k: Slab24, cpu: Cpu, cachep: addr_t, slabp: addr_t, objp: addr_t): void {
  const s_mem = cpu.loadPtr(slabp + slab_t.s_mem);
  const objsize = cpu.load32(cachep + k.kmem_cache_t.objsize);
  const objnr = Math.floor(((objp - s_mem) >>> 0) / objsize);
  if (objnr >= cpu.load32(cachep + k.kmem_cache_t.num)) slabBUG(k, 'freeBeyondSlab');
  if (objp !== s_mem + objnr * objsize) slabBUG(k, 'freeWithinObject');
  // Check slab's freelist to see if this obj is there.
  for (let i = cpu.load32(slabp + slab_t.free); i !== BUFCTL_END; i = cpu.load32(slab_bufctl(slabp, i))) {
    if (i === objnr) slabBUG(k, 'freeTwice');
  }
}

/** kmem_slab_destroy(), before the destructor: red zones must be intact; the address that the destructor gets. */
export function checkDyingRedZones(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): addr_t {
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) return slot;
  checkRedZones(k, cpu, cachep, slot, ['dyingFirstZone', 'dyingSecondZone']);
  return slot + BYTES_PER_WORD;
}

/** kmem_slab_destroy(), after the destructor: the poison must be intact. */
export function checkDyingPoison(k: Slab24, cpu: Cpu, cachep: addr_t, slot: addr_t): void {
  if (has(k, cpu, cachep, SLAB_POISON) && kmem_check_poison_obj(k, cpu, cachep, slot)) slabBUG(k, 'dyingPoison');
}
