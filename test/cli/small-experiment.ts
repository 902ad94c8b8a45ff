/** An experiment of a fraction of a second: 4 points a seed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const traceLines = Array.from({ length: 120 }, (_, i) => {
  const ptr = (n: number) => (0xf000_0000 + 64 * n).toString(16);
  const alloc = `sh-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr(i)} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
  return i < 20 ? [alloc] : [alloc, `cc-2 [001] ..... 1.0: kmem_cache_free: call_site=f ptr=${ptr(i - 20)} name=filp`];
}).flat();

/** Writes small.yaml and its trace; the specification's path. */
export function smallExperiment(folder: string, seeds: number): string {
  writeFileSync(join(folder, 'trace.txt'), `${traceLines.join('\n')}\n`);
  const path = join(folder, 'small.yaml');
  writeFileSync(
    path,
    `
name: small
workload: { name: replay, trace: trace.txt }
machine: { model: pentium-iii, memory: 8M }
touch: [init-head, init-all]
alignment: [word]
seeds: ${seeds}
`,
  );
  return path;
}
