/** Loads and stores through a CPU, counts only, on a real trace, against the barest L1 loop. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB, PAGE_SHIFT, PAGE_SIZE } from '../src/hw/memory.ts';
import { AccessList } from '../src/lab/memory-trace.ts';
import { assertCount, medianNanoseconds, report } from './measure.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export async function benchAccesses(): Promise<void> {
  const output = execFileSync('node', [here('yardstick.mjs'), here('../test/golden/data/real-ls.din.gz')], {
    encoding: 'utf8',
  });
  const yardstick = JSON.parse(output) as { millionPerSecond: number };

  const trace = gunzipSync(readFileSync(here('../test/golden/data/real-ls.din.gz')));
  const accesses = AccessList.parse(trace, 'real-ls');
  const addresses = Int32Array.from(framesOf(accesses.addresses));
  const sizes = Uint8Array.from(accesses.sizes);
  const writes = Uint8Array.from(accesses.kinds, (kind) => (kind === 'r' ? 0 : 1));

  const l1 = { size: 32768, ways: 8, line: 64, policy: 'lru' } as const;
  const machine = new Machine({ model: { ...cpuModels.skylake, l1 }, cpus: 1, memory: 64 * MiB });
  const cpu = machine.cpus[0]!;
  const once = () => {
    for (let i = 0; i < addresses.length; i++) {
      if (writes[i] === 0) cpu.read(addresses[i]!, sizes[i]!);
      else cpu.write(addresses[i]!, sizes[i]!);
    }
  };
  once();
  assertCount('misses of the first pass', 4533, cpu.l1.counters.misses);
  assertCount('accesses of the first pass', 300_000, cpu.l1.counters.accesses);

  const nanoseconds = await medianNanoseconds('accesses through a CPU', once);
  const millionPerSecond = (addresses.length / nanoseconds) * 1000;
  const share = millionPerSecond / yardstick.millionPerSecond;
  const figure = `${millionPerSecond.toFixed(0)} of ${yardstick.millionPerSecond} million a second, share ${share.toFixed(2)}`;
  report('loads and stores through a CPU, counts only, at least 0.4 of the yardstick', figure, share >= 0.4);
}

/** The addresses in frames handed out in order of first touch: a way is a page here, so sets and counts stay the same. */
function* framesOf(addresses: readonly number[]): Generator<number> {
  const frames = new Map<number, number>();
  const sorted = [...new Set(addresses.map((address) => address >>> PAGE_SHIFT))].sort((a, b) => a - b);
  // In order of address, so that an access that straddles a page meets the page behind it.
  let frame = 0;
  let previous = -1;
  for (const page of sorted) {
    frame += page === previous + 1 ? 1 : 2;
    frames.set(page, frame);
    previous = page;
  }
  for (const address of addresses) yield frames.get(address >>> PAGE_SHIFT)! * PAGE_SIZE + (address & (PAGE_SIZE - 1));
}
