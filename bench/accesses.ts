/** Loads and stores on real traces, counts only and with classes, on one CPU and on four, against the barest L1 loop. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assertCount, report, smoke } from './measure.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const traceFile = (name: string) => here(`../test/golden/data/${name}`);

/** At 32K/8/64, LRU. Misses are those of the first pass over all CPUs, as golden/cache has them. */
const ls = { trace: 'real-ls.din.gz', cpus: 1, misses: 4533, coherenceMisses: 0 };
const fs = { trace: 'mt-fs.mp.gz', cpus: 4, misses: 12085, coherenceMisses: 9895 };
const random = { trace: 'mtsyn-random.mp.gz', cpus: 4, misses: 62952, coherenceMisses: 61448 };

const goals = [
  { ...ls, mode: 'none', what: '1 CPU, counts only', share: 0.5 },
  { ...ls, mode: 'all', what: '1 CPU, all classes', share: 0.28 },
  { ...ls, mode: 'cpu', what: 'through an emulated CPU, counts only', share: 0.4 },
  { ...fs, mode: 'sharing', what: '4 coherent CPUs, sharing decided at the miss', share: 0.33 },
  { ...fs, mode: 'all', what: '4 coherent CPUs, all classes', share: 0.2 },
  { ...random, mode: 'sharing', what: '4 coherent CPUs, sharing decided at the miss', share: 0.26 },
  { ...random, mode: 'all', what: '4 coherent CPUs, all classes', share: 0.15 },
];

interface Rate {
  readonly millionPerSecond: number;
  readonly bytesAllocated: number;
  readonly misses: number;
  readonly coherenceMisses: number;
}

const json = (args: readonly string[]) => JSON.parse(execFileSync('node', args, { encoding: 'utf8' })) as Rate;

export function benchAccesses(): void {
  let mostAllocated = 0;
  for (const { trace, cpus, mode, what, share, misses, coherenceMisses } of goals) {
    // Anew for each goal: one process differs from the next by up to a third.
    const unit = json([here('yardstick.mjs'), traceFile(trace)]).millionPerSecond;
    const arguments_ = [trace, String(cpus), mode, ...(smoke ? ['--smoke'] : [])];
    const rate = json(['--expose-gc', '--import', 'tsx', here('access-rate.ts'), ...arguments_]);
    assertCount(`misses of the first pass over ${trace}`, misses, rate.misses);
    assertCount(`coherence misses of the first pass over ${trace}`, coherenceMisses, rate.coherenceMisses);
    mostAllocated = Math.max(mostAllocated, rate.bytesAllocated);
    const found = rate.millionPerSecond / unit;
    const figure = `${rate.millionPerSecond.toFixed(1)} of ${unit} million a second, share ${found.toFixed(2)}`;
    report(`${what}, ${trace}: at least ${share} of the yardstick`, figure, found >= share);
  }
  // The counting of the heap itself leaves a few kilobytes.
  const figure = `${mostAllocated.toFixed(3)} bytes at most`;
  report('no allocation per access, in all of these', figure, mostAllocated < 0.1);
  tellCachegrind();
}

/** For scale, where it is installed: cachegrind's rate on a program of its own, whose instructions it simulates too. */
function tellCachegrind(): void {
  const options = ['--tool=cachegrind', '--cache-sim=yes', '--D1=32768,8,64', '--cachegrind-out-file=/dev/null'];
  const begin = performance.now();
  const { status, stderr } = spawnSync('valgrind', [...options, 'gzip', '-dc', traceFile(fs.trace)], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const seconds = (performance.now() - begin) / 1000;
  const refs = /D\s+refs:\s+([\d,]+)/.exec(stderr ?? '')?.[1];
  if (status !== 0 || refs === undefined) {
    console.log('       cachegrind: not installed here');
    return;
  }
  const million = Number(refs.replaceAll(',', '')) / 1e6;
  const rate = (million / seconds).toFixed(1);
  console.log(`       cachegrind on gzip -dc: ${rate} million data accesses a second (${million.toFixed(0)} million)`);
}
