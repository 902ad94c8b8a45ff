/** mm/slab.c, slabinfo_write(): tuning of the per-CPU arrays, "NAME LIMIT BATCHCOUNT" written to /proc/slabinfo. */
import type { Cpu, Program } from '../../hw/cpu.ts';
import { down, up } from '../../kernel/semaphore.ts';
import { streq } from '../../kernel/string.ts';
import { EINVAL, kmem_tune_cpucache } from './cpu-arrays.ts';
import type { Slab24 } from './slab.ts';

const MAX_SLABINFO_WRITE = 128;

/** lib/vsprintf.c, simple_strtol() to base 10: the number, wrapped to 32 bits, and where it ends. */
function simple_strtol(text: string, from: number): { value: number; end: number } {
  const negative = text[from] === '-';
  const digits = /^\d*/.exec(text.slice(negative ? from + 1 : from))![0];
  let value = 0;
  for (const digit of digits) value = (Math.imul(value, 10) + Number(digit)) | 0;
  return { value: negative ? -value | 0 : value, end: from + (negative ? 1 : 0) + digits.length };
}

/** The bytes written, or a negative errno. `text` is what the caller wrote; the kernel's copy of it is not modelled. */
export function* slabinfo_write(k: Slab24, cpu: Cpu, text: string): Program<number> {
  if (!k.config.CONFIG_SMP || text.length > MAX_SLABINFO_WRITE) return -EINVAL;
  const blank = text.indexOf(' ');
  if (blank < 0) return -EINVAL;
  const name = text.slice(0, blank);
  const limit = simple_strtol(text, blank + 1);
  let at = limit.end;
  while (text[at] === ' ') at++;
  const batchcount = simple_strtol(text, at);

  // Find the cache in the chain of caches.
  yield* down(k, cpu, k.cache_chain_sem);
  let res = -EINVAL;
  for (let p = k.slabOps.listStep(cpu, k.cache_chain); p !== k.cache_chain; p = k.slabOps.listStep(cpu, p)) {
    const cachep = p - k.kmem_cache_t.next;
    if (!streq(cpu, cachep + k.kmem_cache_t.name, name)) continue;
    res = yield* kmem_tune_cpucache(k, cpu, cachep, limit.value, batchcount.value);
    break;
  }
  yield* up(k, cpu, k.cache_chain_sem);
  return res >= 0 ? text.length : res;
}
