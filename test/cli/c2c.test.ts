/** `slabscope c2c` as a user has it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PointResult } from '../../src/lab/results/points.ts';
import { slabscope } from './slabscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-c2c-'));
const specification = join(folder, 'small.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** Objects that one thread allocates and another frees. */
const trace = Array.from({ length: 200 }, (_, i) => {
  const ptr = (n: number) => (0xf000_0000 + 256 * n).toString(16);
  const alloc = `sh-1 [000] ..... 1.0: kmem_cache_alloc: call_site=f ptr=${ptr(i)} name=filp bytes_req=200 bytes_alloc=256 gfp_flags=GFP_KERNEL`;
  return i < 20 ? [alloc] : [alloc, `cc-2 [001] ..... 1.0: kmem_cache_free: call_site=f ptr=${ptr(i - 20)} name=filp`];
}).flat();

beforeAll(() => {
  writeFileSync(join(folder, 'trace.txt'), `${trace.join('\n')}\n`);
  writeFileSync(
    specification,
    `{ name: small, workload: { name: replay, trace: trace.txt }, machine: { model: pentium-iii, memory: 8M }, history: fresh, placement: trace, seeds: 2 }`,
  );
});

const c2c = (...args: string[]) => slabscope('c2c', specification, ...args);

test('prints the point, its misses by owner, and the cache-to-cache report', async () => {
  const { status, stdout, stderr } = await c2c('--point', 'touch=init-all,colouring=off', '--top', '5');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /^small: touch=init-all,alignment=word,colouring=off,seed=0\nPentium III \(Coppermine\), 2 CPUs/,
  );
  expect(stdout).toMatch(/ 100\.00% [^\n]+ all\n.+ 100\.00% [^\n]+ all\n/s);
  expect(stdout).toMatch(/Shared Data Cache Line Table.+ filp object \+0x0.+Shared Cache Line Distribution Pareto/s);
});

describe('with --json', () => {
  const pointsOf = async (...args: string[]) => {
    const { stdout } = await c2c('--json', ...args);
    return (JSON.parse(stdout) as { points: PointResult[] }).points;
  };

  test('every miss of the point has one owner', async () => {
    const [{ counts, owners, sharing }, ...others] = (await pointsOf()) as [PointResult];
    expect(others).toEqual([]);
    expect(owners!.reduce((sum, { misses }) => sum + misses, 0)).toBe(counts.misses);
    expect(owners!.reduce((sum, { hitm }) => sum + hitm, 0)).toBe(sharing!.hitm);
    expect(sharing!.hitm).toBeGreaterThan(100);
  });

  test('--seeds runs so many seeds, from that of the point on', async () => {
    const points = await pointsOf('--seeds', '2', '--point', 'seed=1');
    expect(points.map(({ point }) => point.seed)).toEqual([1, 2]);
  });
});

test('a point that is none gives one line that names what may be chosen, and status 2', async () => {
  const { status, stdout, stderr } = await c2c('--point', 'touch=init-some');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe(
    'slabscope: --point: no point has touch=init-some; choose from touch=init-all|init-head|hot-fields\n',
  );
});
