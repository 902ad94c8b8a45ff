/** Tells every access that a CPU makes, with the structure and field it goes to, and what it cost. */
import type { Cpu } from '../../src/hw/cpu.ts';
import type { addr_t } from '../../src/hw/memory.ts';
import { observe } from '../../src/hw/observe.ts';
import { fieldAt } from '../../src/kernel/struct.ts';
import type { CacheState, SlabAllocator } from '../../src/slab/allocator.ts';
import { cpucache_t, kmem_bufctl_t, type Slab24, slab_t } from '../../src/slab/linux-2.4/slab.ts';
import type { Linux2617 } from '../../src/slab/linux-2.6.17/slab.ts';

/** The field at `offset`, with what is beyond its start. */
function field(layout: object, offset: number): string {
  const name = fieldAt(layout, offset);
  const beyond = offset - (layout as Record<string, number>)[name]!;
  return beyond === 0 ? name : `${name}+${beyond}`;
}

/** What stands at an address, in the kernel's own names. */
export function nameOf(k: Slab24, cache: CacheState, address: addr_t): string {
  const inCache = address - cache.cachep;
  if (inCache >= 0 && inCache < k.kmem_cache_t.sizeof) return `cachep->${field(k.kmem_cache_t, inCache)}`;
  for (const slab of cache.slabs) {
    const inSlab = address - slab.slabp;
    if (inSlab >= 0 && inSlab < slab_t.sizeof) return `slabp->${field(slab_t, inSlab)}`;
    const bufctl = (inSlab - slab_t.sizeof) / kmem_bufctl_t.sizeof;
    if (bufctl >= 0 && bufctl < cache.num) return `slab_bufctl(slabp)[${bufctl}]`;
  }
  for (const cc of cache.cpuArrays) {
    if (cc === null || address < cc.address || address >= cc.address + cpucache_t.sizeof + cc.limit * 4) continue;
    const entry = (address - cc.address - cpucache_t.sizeof) / 4;
    return entry >= 0 ? `cc_entry(cc)[${entry}]` : `cc->${field(cpucache_t, address - cc.address)}`;
  }
  const symbol = k.symbols.find(address);
  if (symbol === null) return 'other memory';
  if (symbol.name.startsWith('task[')) return `current->${field(k.task_struct, symbol.offset)}`;
  if (symbol.name === 'mem_map') {
    const pfn = Math.floor(symbol.offset / k.struct_page.sizeof);
    return `mem_map[${pfn}].${field(k.struct_page, symbol.offset % k.struct_page.sizeof)}`;
  }
  return symbol.name;
}

/** The same of 2.6.17, where each place knows itself. */
export function nameIn26(allocator: SlabAllocator, address: addr_t): string {
  const { kind, field: path, owner, offset } = allocator.place(address);
  const [structure = '', member = ''] = path.split('.');
  const { kmem_cache, array_cache, kmem_list3, slab } = allocator.kernel as Linux2617;
  const indexed = (start: number) => `[${(offset - start) / 4}]`;
  switch (kind) {
    case 'cache descriptor': {
      const start = (kmem_cache as unknown as Record<string, number>)[member]!;
      return `cachep->${member}${['array', 'nodelists'].includes(member) ? indexed(start) : ''}`;
    }
    case 'per-CPU array':
      return `ac->${member}${member === 'entry' ? indexed(array_cache.entry) : ''}`;
    case 'shared array':
      return `shared->${member}`;
    case 'slab lists':
      return `l3->${field(kmem_list3, offset)}`;
    case 'lock':
      return structure === 'kmem_list3' ? `l3->${member}` : path;
    case 'slab descriptor':
      return `slabp->${field(slab, offset)}`;
    case 'free list':
      return `slab_bufctl(slabp)${indexed(slab.sizeof)}`;
    case 'page':
      return `mem_map${owner.replace('page', '')}.${member}`;
    default:
      return structure === 'thread_info' ? `current_thread_info()->${member}` : path;
  }
}

/** Notes each access of `cpu` while `run` runs. */
export function narrate(cpu: Cpu, name: (address: addr_t) => string, run: () => void): string[] {
  const told: string[] = [];
  // What an access took is known when the next one begins, or at the end.
  let finish = () => {};
  const stop = observe(cpu, (_, kind, address) => {
    if (kind === 'p') return;
    finish();
    const { misses } = cpu.counters;
    const { clock } = cpu;
    finish = () => {
      const outcome = cpu.counters.misses > misses ? 'miss' : 'hit';
      const set = String((address >>> cpu.l1.shift) & cpu.l1.setMask).padStart(3);
      const where = `0x${address.toString(16).padStart(8, '0')}  set ${set}`;
      const cycles = String(cpu.clock - clock).padStart(3);
      told.push(`${names[kind]} ${where}  ${outcome.padEnd(4)} ${cycles}  ${name(address)}`);
    };
  });
  run();
  finish();
  stop();
  return told;
}

const names = { r: 'load ', w: 'store', x: 'lock ' };
