/**
 * mm/slab.c with CONFIG_DEBUG_SLAB: red zones around objects, poison in them, who used them last, and checks of what is
 * freed. An object's slot holds:
 *
 *     padding, red zone (up to obj_offset), the user's obj_size bytes, red zone, last user
 *
 * The red zones are RED_INACTIVE while the object is free and RED_ACTIVE while it is allocated; poison is POISON_FREE, or
 * POISON_INUSE from allocation to its first use, and POISON_END in the last byte.
 */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { type addr_t, NULL, PAGE_SHIFT } from '../../hw/memory.ts';
import { BUG } from '../../kernel/bug.ts';
import { PAGE_OFFSET } from '../../kernel/kernel.ts';
import { WARN_ON } from '../../kernel/linux-2.6/panic.ts';
import { numa_node_id } from '../../kernel/linux-2.6/topology.ts';
import { assert_spin_locked } from '../../kernel/spinlock.ts';
import { memset } from '../../kernel/string.ts';
import { __GFP_WAIT } from '../../mm/linux-2.6.17/gfp.ts';
import { PG_slab } from '../../mm/linux-2.6.17/layouts.ts';
import { testPageFlag, virt_to_page } from '../../mm/linux-2.6.17/page.ts';
import {
  SLAB_CTOR_ATOMIC,
  SLAB_CTOR_CONSTRUCTOR,
  SLAB_CTOR_VERIFY,
  SLAB_DEBUG_INITIAL,
  SLAB_POISON,
  SLAB_RED_ZONE,
  SLAB_STORE_USER,
} from './flags.ts';
import { index_to_obj, obj_to_index } from './free.ts';
import { kmem_flagcheck } from './grow.ts';
import { BUFCTL_ACTIVE, BUFCTL_END, BUFCTL_FREE, FILE, kmem_bufctl_t, SLAB_LIMIT } from './layouts.ts';
import { type Linux2617, nodelist, slab_bufctl } from './slab.ts';
import { page_get_cache, page_get_slab, virt_to_slab } from './slab-pages.ts';

export const RED_INACTIVE = 0x5a2cf071;
export const RED_ACTIVE = 0x170fc2a5;
export const POISON_INUSE = 0x5a;
export const POISON_FREE = 0x6b;
export const POISON_END = 0xa5;

/** %p of a kernel pointer. */
const pointer = (addr: addr_t) => ((addr + PAGE_OFFSET) >>> 0).toString(16).padStart(8, '0');
/** %lx. */
const hex = (value: number) => (value >>> 0).toString(16);

const has = (k: Linux2617, cpu: Cpu, cachep: addr_t, flag: number) =>
  (cpu.load32(cachep + k.kmem_cache.flags) & flag) !== 0;

const objOffset = (k: Linux2617, cpu: Cpu, cachep: addr_t) => cpu.load32(cachep + k.kmem_cache.obj_offset);

/** obj_size(): what an object offers its user. */
export function objSize(k: Linux2617, cpu: Cpu, cachep: addr_t): number {
  return cpu.load32(cachep + (k.config.CONFIG_DEBUG_SLAB ? k.kmem_cache.obj_size : k.kmem_cache.buffer_size));
}

const nameOf = (k: Linux2617, cpu: Cpu, cachep: addr_t) => k.constantAt(cpu.loadPtr(cachep + k.kmem_cache.name));

function dbg_redzone1(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t): addr_t {
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) BUG(`${FILE}:530`, 'dbg_redzone1', '!(cachep->flags & SLAB_RED_ZONE)');
  return objp + objOffset(k, cpu, cachep) - k.BYTES_PER_WORD;
}

function dbg_redzone2(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t): addr_t {
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) BUG(`${FILE}:536`, 'dbg_redzone2', '!(cachep->flags & SLAB_RED_ZONE)');
  const words = has(k, cpu, cachep, SLAB_STORE_USER) ? 2 : 1;
  return objp + cpu.load32(cachep + k.kmem_cache.buffer_size) - words * k.BYTES_PER_WORD;
}

export function dbg_userword(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t): addr_t {
  if (!has(k, cpu, cachep, SLAB_STORE_USER)) BUG(`${FILE}:545`, 'dbg_userword', '!(cachep->flags & SLAB_STORE_USER)');
  return objp + cpu.load32(cachep + k.kmem_cache.buffer_size) - k.BYTES_PER_WORD;
}

const loadRedzone1 = (k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t) =>
  cpu.loadLong(dbg_redzone1(k, cpu, cachep, objp));
const loadRedzone2 = (k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t) =>
  cpu.loadLong(dbg_redzone2(k, cpu, cachep, objp));

function setRedZones(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, value: number): void {
  cpu.storeLong(dbg_redzone1(k, cpu, cachep, objp), value);
  cpu.storeLong(dbg_redzone2(k, cpu, cachep, objp), value);
}

export function slab_error(k: Linux2617, cpu: Cpu, fn: string, cachep: addr_t, msg: string): void {
  k.printk(`slab error in ${fn}(): cache \`${nameOf(k, cpu, cachep)}': ${msg}\n`);
  k.dump_stack();
}

/** Both red zones must hold `value`: else a report, and their values behind it with `end`. */
function checkRedZones(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, value: number, fn: string, end: string) {
  if (loadRedzone1(k, cpu, cachep, objp) === value && loadRedzone2(k, cpu, cachep, objp) === value) return;
  slab_error(k, cpu, fn, cachep, 'double free, or memory outside object was overwritten');
  const zone1 = hex(loadRedzone1(k, cpu, cachep, objp));
  const zone2 = hex(loadRedzone2(k, cpu, cachep, objp));
  k.printk(`${pointer(objp)}: redzone 1:0x${zone1}, redzone 2:0x${zone2}${end}\n`);
}

function poison_obj(k: Linux2617, cpu: Cpu, cachep: addr_t, addr: addr_t, val: number): void {
  const size = objSize(k, cpu, cachep);
  const start = addr + objOffset(k, cpu, cachep);
  memset(cpu, start, val, size);
  cpu.store8(start + size - 1, POISON_END);
}

function dump_line(k: Linux2617, cpu: Cpu, data: addr_t, offset: number, limit: number): void {
  let line = `${offset.toString(16).padStart(3, '0')}:`;
  for (let i = 0; i < limit; i++) line += ` ${(cpu.load8(data + offset + i) & 0xff).toString(16).padStart(2, '0')}`;
  k.printk(`${line}\n`);
}

/** The object's red zones, its last user, and its first `lines` lines of 16 bytes. */
function print_objinfo(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, lines: number): void {
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) {
    const zone1 = hex(loadRedzone1(k, cpu, cachep, objp));
    k.printk(`Redzone: 0x${zone1}/0x${hex(loadRedzone2(k, cpu, cachep, objp))}.\n`);
  }
  if (has(k, cpu, cachep, SLAB_STORE_USER)) {
    const user = cpu.loadPtr(dbg_userword(k, cpu, cachep, objp));
    // Code has no bytes here, and so no offsets.
    k.printk(`Last user: [<${pointer(user)}>](${k.constantAt(user) ?? hex(user)}+0x0/0x0)\n`);
  }
  const realobj = objp + objOffset(k, cpu, cachep);
  const size = objSize(k, cpu, cachep);
  for (let i = 0; i < size && i < 16 * lines; i += 16) dump_line(k, cpu, realobj, i, Math.min(16, size - i));
}

/** Reports where the poison of a free object is not as poison_obj() left it, and what its neighbours look like. */
function check_poison_obj(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t): void {
  const realobj = objp + objOffset(k, cpu, cachep);
  const size = objSize(k, cpu, cachep);
  let lines = 0;
  // Behind a line that was dumped the original skips a byte.
  for (let i = 0; i < size && lines <= 5; i++) {
    const exp = i === size - 1 ? POISON_END : POISON_FREE;
    if ((cpu.load8(realobj + i) & 0xff) === exp) continue;
    if (lines === 0) {
      k.printk(`Slab corruption: start=${pointer(realobj)}, len=${size}\n`);
      print_objinfo(k, cpu, cachep, objp, 0);
    }
    // Hexdump the affected line
    i = i & -16;
    dump_line(k, cpu, realobj, i, Math.min(16, size - i));
    i += 16;
    lines++;
  }
  if (lines > 0) tellNeighbours(k, cpu, cachep, objp, size);
}

function tellNeighbours(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, size: number): void {
  const slabp = virt_to_slab(k, cpu, objp);
  const objnr = obj_to_index(k, cpu, cachep, slabp, objp);
  const tell = (which: string, index: number) => {
    const neighbour = index_to_obj(k, cpu, cachep, slabp, index);
    const start = pointer(neighbour + objOffset(k, cpu, cachep));
    k.printk(`${which} obj: start=${start}, len=${size}\n`);
    print_objinfo(k, cpu, cachep, neighbour, 2);
  };
  if (objnr > 0) tell('Prev', objnr - 1);
  if (objnr + 1 < cpu.load32(cachep + k.kmem_cache.num)) tell('Next', objnr + 1);
}

/** slab_destroy_objs() for one object: its poison and red zones must be intact; then the destructor. */
export function* checkDyingObject(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t): Program {
  if (has(k, cpu, cachep, SLAB_POISON)) check_poison_obj(k, cpu, cachep, objp);
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) {
    const fn = 'slab_destroy_objs';
    if (loadRedzone1(k, cpu, cachep, objp) !== RED_INACTIVE) {
      slab_error(k, cpu, fn, cachep, 'start of a freed object was overwritten');
    }
    if (loadRedzone2(k, cpu, cachep, objp) !== RED_INACTIVE) {
      slab_error(k, cpu, fn, cachep, 'end of a freed object was overwritten');
    }
  }
  // A poisoned object was destructed when it was freed.
  const dtor = cpu.loadPtr(cachep + k.kmem_cache.dtor);
  if (dtor === NULL || has(k, cpu, cachep, SLAB_POISON)) return;
  yield* k.functionAt(dtor)(cpu, objp + objOffset(k, cpu, cachep), cachep, 0);
}

/** cache_init_objs() for one object: poison, no last user, red zones; then the constructor, which must keep to it. */
export function* initDebugObject(k: Linux2617, cpu: Cpu, cachep: addr_t, objp: addr_t, ctor_flags: number): Program {
  // need to poison the objs?
  if (has(k, cpu, cachep, SLAB_POISON)) poison_obj(k, cpu, cachep, objp, POISON_FREE);
  if (has(k, cpu, cachep, SLAB_STORE_USER)) cpu.storePtr(dbg_userword(k, cpu, cachep, objp), NULL);
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) setRedZones(k, cpu, cachep, objp, RED_INACTIVE);
  // A poisoned object is constructed each time it is allocated.
  const ctor = cpu.loadPtr(cachep + k.kmem_cache.ctor);
  if (ctor !== NULL && !has(k, cpu, cachep, SLAB_POISON)) {
    yield* k.functionAt(ctor)(cpu, objp + objOffset(k, cpu, cachep), cachep, ctor_flags);
  }
  if (!has(k, cpu, cachep, SLAB_RED_ZONE)) return;
  const fn = 'cache_init_objs';
  if (loadRedzone2(k, cpu, cachep, objp) !== RED_INACTIVE) {
    slab_error(k, cpu, fn, cachep, 'constructor overwrote the end of an object');
  }
  if (loadRedzone1(k, cpu, cachep, objp) !== RED_INACTIVE) {
    slab_error(k, cpu, fn, cachep, 'constructor overwrote the start of an object');
  }
}

/** slab_get_obj(): marks the object taken, which finds a second free of it later. */
export function takenFrom(k: Linux2617, cpu: Cpu, slabp: addr_t, index: number, nodeid: number): void {
  cpu.store32(slab_bufctl(k, slabp, index), BUFCTL_FREE);
  WARN_ON(k, cpu.load16(slabp + k.slab.nodeid) !== nodeid, `mm/${FILE}:2475`, 'slab_get_obj');
}

/** slab_put_obj(): the slab is of the node it should be, and the object is not among its free ones yet. */
export function putBack(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  slabp: addr_t,
  objp: addr_t,
  objnr: number,
  nodeid: number,
): void {
  // Verify that the slab belongs to the intended node
  WARN_ON(k, cpu.load16(slabp + k.slab.nodeid) !== nodeid, `mm/${FILE}:2489`, 'slab_put_obj');
  if ((cpu.load32(slab_bufctl(k, slabp, objnr)) + 1) >>> 0 <= SLAB_LIMIT + 1) {
    k.printk(`slab: double free detected in cache '${nameOf(k, cpu, cachep)}', objp ${pointer(objp)}\n`);
    BUG(`${FILE}:2494`, 'slab_put_obj', 'double free');
  }
}

/** Bad pointers: outside memory, or in a page that is no slab's. */
export function kfree_debugcheck(k: Linux2617, cpu: Cpu, objp: addr_t): void {
  if (objp >>> PAGE_SHIFT >= cpu.loadLong(k.max_mapnr)) {
    k.printk(`kfree_debugcheck: out of range ptr ${hex(objp + PAGE_OFFSET)}h.\n`);
    BUG(`${FILE}:2633`, 'kfree_debugcheck', '!virt_addr_valid(objp)');
  }
  if (!testPageFlag(k, cpu, virt_to_page(k, cpu, objp), PG_slab)) {
    k.printk(`kfree_debugcheck: bad ptr ${hex(objp + PAGE_OFFSET)}h.\n`);
    BUG(`${FILE}:2639`, 'kfree_debugcheck', '!PageSlab(page)');
  }
}

/** Checks what is freed and marks it free; the slot that it is in. */
export function* cache_free_debugcheck(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  freed: addr_t,
  caller: addr_t,
): Program<addr_t> {
  const { kmem_cache } = k;
  const fn = 'cache_free_debugcheck';
  const objp = freed - objOffset(k, cpu, cachep);
  kfree_debugcheck(k, cpu, objp);
  const page = virt_to_page(k, cpu, objp);
  const owner = page_get_cache(k, cpu, page);
  if (owner !== cachep) {
    k.printk(`mismatch in kmem_cache_free: expected cache ${pointer(owner)}, got ${pointer(cachep)}\n`);
    k.printk(`${pointer(cachep)} is ${nameOf(k, cpu, cachep)}.\n`);
    k.printk(`${pointer(owner)} is ${nameOf(k, cpu, owner)}.\n`);
    WARN_ON(k, true, `mm/${FILE}:2661`, fn);
  }
  const slabp = page_get_slab(k, cpu, page);
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) {
    checkRedZones(k, cpu, cachep, objp, RED_ACTIVE, fn, '.');
    setRedZones(k, cpu, cachep, objp, RED_INACTIVE);
  }
  if (has(k, cpu, cachep, SLAB_STORE_USER)) cpu.storePtr(dbg_userword(k, cpu, cachep, objp), caller);
  const objnr = obj_to_index(k, cpu, cachep, slabp, objp);
  if (objnr >= cpu.load32(cachep + kmem_cache.num)) BUG(`${FILE}:2683`, fn, 'objnr >= cachep->num');
  if (objp !== index_to_obj(k, cpu, cachep, slabp, objnr)) {
    BUG(`${FILE}:2684`, fn, 'objp != index_to_obj(cachep, slabp, objnr)');
  }
  if (has(k, cpu, cachep, SLAB_DEBUG_INITIAL)) {
    // Lets the constructor verify the object's state.
    const ctor = k.functionAt(cpu.loadPtr(cachep + kmem_cache.ctor));
    yield* ctor(cpu, objp + objOffset(k, cpu, cachep), cachep, SLAB_CTOR_CONSTRUCTOR | SLAB_CTOR_VERIFY);
  }
  if (has(k, cpu, cachep, SLAB_POISON)) {
    // we want to cache poison the object, call the destruction callback
    const dtor = cpu.loadPtr(cachep + kmem_cache.dtor);
    if (dtor !== NULL) yield* k.functionAt(dtor)(cpu, objp + objOffset(k, cpu, cachep), cachep, 0);
  }
  if (k.config.CONFIG_DEBUG_SLAB_LEAK) cpu.store32(slab_bufctl(k, slabp, objnr), BUFCTL_FREE);
  if (has(k, cpu, cachep, SLAB_POISON)) poison_obj(k, cpu, cachep, objp, POISON_FREE);
  return objp;
}

export function cache_alloc_debugcheck_before(k: Linux2617, cpu: Cpu, cachep: addr_t, flags: number): void {
  kmem_flagcheck(flags, cpu.load32(cachep + k.kmem_cache.gfpflags));
}

/** Checks what is handed out and marks it allocated; the address that the caller gets. */
export function* cache_alloc_debugcheck_after(
  k: Linux2617,
  cpu: Cpu,
  cachep: addr_t,
  flags: number,
  objp: addr_t,
  caller: addr_t,
): Program<addr_t> {
  const { kmem_cache } = k;
  if (objp === NULL) return NULL;
  if (has(k, cpu, cachep, SLAB_POISON)) {
    check_poison_obj(k, cpu, cachep, objp);
    poison_obj(k, cpu, cachep, objp, POISON_INUSE);
  }
  if (has(k, cpu, cachep, SLAB_STORE_USER)) cpu.storePtr(dbg_userword(k, cpu, cachep, objp), caller);
  if (has(k, cpu, cachep, SLAB_RED_ZONE)) {
    checkRedZones(k, cpu, cachep, objp, RED_INACTIVE, 'cache_alloc_debugcheck_after', '');
    setRedZones(k, cpu, cachep, objp, RED_ACTIVE);
  }
  if (k.config.CONFIG_DEBUG_SLAB_LEAK) {
    const slabp = page_get_slab(k, cpu, virt_to_page(k, cpu, objp));
    cpu.store32(slab_bufctl(k, slabp, obj_to_index(k, cpu, cachep, slabp, objp)), BUFCTL_ACTIVE);
  }
  const user = objp + objOffset(k, cpu, cachep);
  const ctor = cpu.loadPtr(cachep + kmem_cache.ctor);
  if (ctor !== NULL && has(k, cpu, cachep, SLAB_POISON)) {
    const atomic = (flags & __GFP_WAIT) === 0 ? SLAB_CTOR_ATOMIC : 0;
    yield* k.functionAt(ctor)(cpu, user, cachep, SLAB_CTOR_CONSTRUCTOR | atomic);
  }
  return user;
}

/** The free list of a slab must be as long as its count of objects in use says, and end. Caller holds the list_lock. */
export function check_slabp(k: Linux2617, cpu: Cpu, cachep: addr_t, slabp: addr_t): void {
  const { kmem_cache, slab } = k;
  let entries = 0;
  let isBad = false;
  for (let i = cpu.load32(slabp + slab.free); i !== BUFCTL_END; i = cpu.load32(slab_bufctl(k, slabp, i))) {
    entries++;
    const num = cpu.load32(cachep + kmem_cache.num);
    isBad = entries > num || i >>> 0 >= num;
    if (isBad) break;
  }
  const num = cpu.load32(cachep + kmem_cache.num);
  const inuse = cpu.load32(slabp + slab.inuse);
  if (!isBad && entries === num - inuse) return;
  // bad:
  const where = `cache '${nameOf(k, cpu, cachep)}'(${num}), slabp ${pointer(slabp)}(${inuse})`;
  let text = `slab: Internal list corruption detected in ${where}. Hexdump:\n`;
  for (let i = 0; i < slab.sizeof + num * kmem_bufctl_t.sizeof; i++) {
    if (i % 16 === 0) text += `\n${i.toString(16).padStart(3, '0')}:`;
    text += ` ${(cpu.load8(slabp + i) & 0xff).toString(16).padStart(2, '0')}`;
  }
  k.printk(`${text}\n`);
  BUG(`${FILE}:2744`, 'check_slabp', 'Internal list corruption');
}

/** Interrupts are off, and the list_lock of node `node` is held, by whomever. */
export function check_spinlock_acquired(k: Linux2617, cpu: Cpu, cachep: addr_t, node = numa_node_id(k, cpu)): void {
  if (!k.config.CONFIG_SMP) return;
  if (cpu.interruptsOn) BUG(`${FILE}:2183`, 'check_irq_off', '!irqs_disabled()');
  assert_spin_locked(k, cpu, cpu.loadPtr(nodelist(k, cachep, node)) + k.kmem_list3.list_lock);
}

export function check_irq_on(cpu: Cpu): void {
  if (!cpu.interruptsOn) BUG(`${FILE}:2188`, 'check_irq_on', 'irqs_disabled()');
}
