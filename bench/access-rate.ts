/**
 * One rate alone in its process, so that what another benchmark did to V8's code does not reach it:
 * `access-rate.ts TRACE CPUS none|sharing|all|cpu` prints million accesses a second and the counts of the first pass, as JSON.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { ClassDetail } from '../src/hw/cache/miss-classes.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB, PAGE_SHIFT, PAGE_SIZE } from '../src/hw/memory.ts';
import { CacheSimulator } from '../src/lab/caches/cache-simulator.ts';
import { AccessList } from '../src/lab/caches/memory-trace.ts';
import { medianNanoseconds } from './measure.ts';

const [trace, cpuCount, mode] = process.argv.slice(2) as [string, string, ClassDetail | 'cpu'];
const geometry = { size: 32768, ways: 8, line: 64, policy: 'lru' } as const;

const file = fileURLToPath(new URL(`../test/golden/data/${trace}`, import.meta.url));
const list = AccessList.parse(gunzipSync(readFileSync(file)), trace);
const cpus = Uint8Array.from(list.cpus);
const kinds = Uint8Array.from(list.kinds, (kind) => ['r', 'w', 'x'].indexOf(kind));
const sizes = Uint8Array.from(list.sizes);

const { once, l1s } = mode === 'cpu' ? throughCpu() : throughCaches(mode);
once();
const firstPass = {
  misses: l1s.reduce((sum, { counters }) => sum + counters.misses, 0),
  coherenceMisses: l1s.reduce((sum, { counters }) => sum + counters.coherenceMisses, 0),
};
const nanoseconds = await medianNanoseconds(`${trace} ${mode}`, once);
console.log(
  JSON.stringify({ millionPerSecond: (sizes.length / nanoseconds) * 1000, bytesAllocated: allocated(), ...firstPass }),
);

/**
 * Bytes that warm passes leave on the heap for each access, over eight million accesses at least: what V8 itself takes meanwhile,
 * to compile something, does not grow with them. No collection may fall in between, so of three tries the most counts.
 */
function allocated(): number {
  const passes = Math.ceil(8_000_000 / sizes.length);
  const tries = [1, 2, 3].map(() => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < passes; i++) once();
    return (process.memoryUsage().heapUsed - before) / (passes * sizes.length);
  });
  return Math.max(...tries);
}

/** The caches alone, as `slabscope cache` has them. */
function throughCaches(classes: ClassDetail) {
  const { l1s } = new CacheSimulator({ geometry, cpus: Number(cpuCount), classes }).caches;
  const addresses = Uint32Array.from(list.addresses);
  const once = () => {
    for (let i = 0; i < addresses.length; i++) {
      const l1 = l1s[cpus[i]!]!;
      if (kinds[i] === 0) l1.load(addresses[i]!, sizes[i]!);
      else if (kinds[i] === 1) l1.store(addresses[i]!, sizes[i]!);
      else l1.modify(addresses[i]!, sizes[i]!);
    }
  };
  return { once, l1s };
}

/** One CPU with memory and a clock. */
function throughCpu() {
  const model = { ...cpuModels.skylake, l1: geometry, l2: null };
  const cpu = new Machine({ model, cpus: 1, memory: 64 * MiB }).cpus[0]!;
  const addresses = Int32Array.from(framesOf(list.addresses));
  const once = () => {
    for (let i = 0; i < addresses.length; i++) {
      if (kinds[i] === 0) cpu.read(addresses[i]!, sizes[i]!);
      else cpu.write(addresses[i]!, sizes[i]!);
    }
  };
  return { once, l1s: [cpu.l1] };
}

/** The addresses in frames handed out in order of address: a way is a page here, so sets and counts stay the same. */
function* framesOf(addresses: readonly number[]): Generator<number> {
  const frames = new Map<number, number>();
  const sorted = [...new Set(addresses.map((address) => address >>> PAGE_SHIFT))].sort((a, b) => a - b);
  // So that an access that straddles a page meets the page behind it.
  let frame = 0;
  let previous = -1;
  for (const page of sorted) {
    frame += page === previous + 1 ? 1 : 2;
    frames.set(page, frame);
    previous = page;
  }
  for (const address of addresses) yield frames.get(address >>> PAGE_SHIFT)! * PAGE_SIZE + (address & (PAGE_SIZE - 1));
}
