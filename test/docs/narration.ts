/** Tells every access that a CPU makes, with the structure and field it goes to, and what it cost. */
import type { Cpu } from '../../src/hw/cpu.ts';
import type { addr_t } from '../../src/hw/memory.ts';
import { task_struct } from '../../src/kernel/task.ts';
import { struct_page } from '../../src/mm/linux-2.4.22/mm.ts';
import type { CacheState } from '../../src/slab/allocator.ts';
import { cpucache_t, kmem_bufctl_t, type Linux2422, slab_t } from '../../src/slab/linux-2.4.22/slab.ts';

/** The field of a structure that holds `offset`. */
function field(layout: object, offset: number): string {
  const fields = Object.entries(layout).filter(([name]) => name !== 'sizeof' && name !== 'align') as [string, number][];
  const [name, start] = fields.filter(([, at]) => at <= offset).sort((a, b) => b[1] - a[1])[0]!;
  return offset === start ? name : `${name}+${offset - start}`;
}

/** What stands at an address, in the kernel's own names. */
export function nameOf(k: Linux2422, cache: CacheState, address: addr_t): string {
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
  if (symbol.name.startsWith('task[')) return `current->${field(task_struct, symbol.offset)}`;
  if (symbol.name === 'mem_map') {
    const pfn = Math.floor(symbol.offset / struct_page.sizeof);
    return `mem_map[${pfn}].${field(struct_page, symbol.offset % struct_page.sizeof)}`;
  }
  return symbol.name;
}

/** Notes each load and store of `cpu` while `run` runs. */
export function narrate(cpu: Cpu, name: (address: addr_t) => string, run: () => void): string[] {
  const told: string[] = [];
  const { read, write } = cpu;
  const tell = (kind: string, access: typeof read) => (address: addr_t, bytes: number) => {
    const { misses } = cpu.l1.counters;
    const { clock } = cpu;
    access.call(cpu, address, bytes);
    const outcome = cpu.l1.counters.misses > misses ? 'miss' : 'hit';
    const where = `0x${address.toString(16).padStart(8, '0')}  set ${String((address >>> cpu.l1.shift) & cpu.l1.setMask).padStart(3)}`;
    told.push(`${kind} ${where}  ${outcome.padEnd(4)} ${String(cpu.clock - clock).padStart(3)}  ${name(address)}`);
  };
  cpu.read = tell('load ', read);
  cpu.write = tell('store', write);
  run();
  Object.assign(cpu, { read, write });
  return told;
}
