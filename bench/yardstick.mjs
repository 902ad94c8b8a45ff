// The yardstick for benchmarks: the barest L1 that Node runs, one CPU, true LRU by recency order, dirty bits, no counters but misses.
// usage: node yardstick.mjs TRACE.din.gz|TRACE.mp.gz [SIZE WAYS LINE]     (default 32768 8 64; CPU numbers are ignored)
// Prints million accesses a second: median of 5 rounds of at least 1 s each, after a warm-up; parsing is not timed.
import fs from 'node:fs';
import zlib from 'node:zlib';

const [file, size = 32768, ways = 8, line = 64] = process.argv.slice(2).map((v, i) => (i ? Number(v) : v));
const text = zlib.gunzipSync(fs.readFileSync(file)).toString().trim().split('\n');
const n = text.length,
  addr = new Uint32Array(n),
  bytes = new Uint8Array(n),
  write = new Uint8Array(n);
text.forEach((row, i) => {
  const f = row.split(' ').slice(-3);
  write[i] = f[0] === 'r' ? 0 : 1;
  addr[i] = parseInt(f[1], 16);
  bytes[i] = parseInt(f[2], 16);
});
const shift = Math.log2(line) | 0,
  sets = size / ways / line,
  mask = sets - 1,
  W = ways;
const tag = new Int32Array(sets * W).fill(-1),
  dirty = new Uint8Array(sets * W);
let misses = 0,
  writeBacks = 0;
function once() {
  for (let i = 0; i < n; i++) {
    const a = addr[i],
      last = (a + bytes[i] - 1) >>> shift,
      d = write[i];
    for (let l = a >>> shift; l <= last; l++) {
      const o = (l & mask) * W;
      if (tag[o] === l) {
        dirty[o] |= d;
        continue;
      }
      let w = 1;
      while (w < W && tag[o + w] !== l) w++;
      let dd = 0;
      if (w === W) {
        misses++;
        w = W - 1;
        writeBacks += dirty[o + w];
      } else dd = dirty[o + w];
      for (let j = w; j > 0; j--) {
        tag[o + j] = tag[o + j - 1];
        dirty[o + j] = dirty[o + j - 1];
      }
      tag[o] = l;
      dirty[o] = dd | d;
    }
  }
}
once();
const first = misses;
for (const end = performance.now() + 500; performance.now() < end; ) once();
const rounds = [];
for (let r = 0; r < 5; r++) {
  const cpu = process.cpuUsage().user,
    start = performance.now();
  let k = 0;
  do {
    once();
    k++;
  } while (performance.now() - start < 1000);
  rounds.push((k * n) / (process.cpuUsage().user - cpu));
}
rounds.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    trace: file.split('/').pop(),
    size,
    ways,
    line,
    accesses: n,
    firstPassMisses: first,
    millionPerSecond: Number(rounds[2].toFixed(1)),
  }),
);
