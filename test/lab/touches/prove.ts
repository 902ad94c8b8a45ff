/**
 * `tsx test/lab/touches/prove.ts FOLDER [--all]`: that replays of the touch traces in FOLDER make every recorded access, none else,
 * and in an order that makes no difference to any object; counts are compared with the headers' too. Each trace runs on every
 * kernel and on 1, 2 and 4 CPUs, each once; with --all on all nine combinations.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { points } from '../../../src/lab/specification/settings.ts';
import { limitsOf, parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { recountPoint, recountText } from './recount.ts';

const [folder, ...options] = process.argv.slice(2) as [string, ...string[]];
const versions = ['2.4.0', '2.4.22', '2.6.17-g4776874'];
const allCpus = [1, 2, 4];
const placements = ['thread', 'trace'];
let failures = 0;

const specificationOf = (version: string, cpus: number, placement: string) =>
  parseSpecification(
    `{ name: proof, workload: { name: replay, trace: t }, machine: { model: pentium-iii, cpus: ${cpus} },
       kernel: { version: ${version} }, placement: ${placement}, alignment: word, colouring: "on", seeds: 1 }`,
    'proof.yaml',
    true,
  );
const limits = limitsOf(
  parseSpecification(
    `{ name: all, machine: { model: pentium-iii }, workload: churn, kernel: { version: [${versions.join(', ')}] } }`,
    'all.yaml',
  ),
);

const files = readdirSync(folder).filter((name) => /^[ku]-.*\.gz$/.test(name));
for (const [turn, name] of files.entries()) {
  const lines = gunzipSync(readFileSync(join(folder, name)))
    .toString()
    .trimEnd()
    .split('\n');
  const text = recountText(lines);
  const [, reads, writes, modifies] = /(\d+) reads, (\d+) writes, (\d+) modifies/.exec(lines.slice(0, 20).join('\n'))!;
  const stated = { r: Number(reads), w: Number(writes), x: Number(modifies) };
  const trace = readTrace(lines, name, limits);
  const wanted = text.objects();
  for (const [i, version] of versions.entries()) {
    for (const [j, cpus] of allCpus.entries()) {
      if (!options.includes('--all') && (i + turn) % 3 !== j) continue;
      const placement = placements[(i + j + turn) % 2]!;
      const specification = specificationOf(version, cpus, placement);
      const [recount, { operations, failed }] = recountPoint(specification, trace, points(specification)[0]!);
      const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
      const faults = [
        same(recount.kinds, stated)
          ? []
          : `made ${JSON.stringify(recount.kinds)}, the header has ${JSON.stringify(stated)}`,
        same(recount.objects(), wanted) ? [] : 'objects were touched otherwise than recorded',
        failed === 0 ? [] : `${failed} allocations found no memory`,
        operations === trace.operations.length ? [] : `${operations} of ${trace.operations.length} operations`,
      ].flat();
      failures += faults.length;
      console.log(
        `${name}, ${version}, ${cpus} CPUs by ${placement}: ${faults.join('; ') || 'every access, and none else'}`,
      );
    }
  }
}
console.log(`${files.length} traces, ${failures} faults`);
process.exitCode = failures === 0 && files.length > 0 ? 0 : 1;
