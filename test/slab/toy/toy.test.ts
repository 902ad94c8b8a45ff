/** A second version: a folder and a row. It runs wherever the first one does, and nobody else was told. */
import { expect, test, vi } from 'vitest';
import type { Cpu, Program } from '../../../src/hw/cpu.ts';
import { cpuModels } from '../../../src/hw/cpu-models.ts';
import { Machine } from '../../../src/hw/machine.ts';
import { type addr_t, MiB, NULL } from '../../../src/hw/memory.ts';
import { attributePoint } from '../../../src/lab/experiment/attribute.ts';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { resultsOf } from '../../../src/lab/results/assemble.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { limitsOf, modelsOf, specificationFrom } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { watchHandovers } from '../../../src/lab/watch/handovers.ts';
import { unintended } from '../../../src/lab/watch/intended-races.ts';
import { detectRaces } from '../../../src/lab/watch/race-detector.ts';
import { ownersTable } from '../../../src/report/owners-table.ts';
import { resultsTable } from '../../../src/report/table.ts';
import { boot } from '../../../src/slab/boot.ts';

vi.mock('../../../src/slab/kernels.ts', async (original) => {
  const { kernels } = await original<typeof import('../../../src/slab/kernels.ts')>();
  const { toy } = await import('./index.ts');
  return { kernels: new Map([...kernels, [toy.name, toy]]) };
});

const specified = (more: object) =>
  specificationFrom(
    {
      name: 'two-kernels',
      machine: { model: 'pentium-iii', memory: '16M' },
      kernel: { version: ['2.4.22', 'toy'] },
      workload: { name: 'churn', objects: 200, operations: 600 },
      touch: 'init-head',
      alignment: ['word', 'whole-line'],
      colouring: 'on',
      seeds: 2,
      ...more,
    },
    (path) => path.join('.'),
  );

test('two kernels are compared in an experiment, and told in a report', () => {
  const specification = specified({});
  const computed = points(specification).map((point) => runPoint(specification, null, point));
  const operations = new Set(computed.map(({ counts }) => counts.operations));
  expect([...operations]).toEqual([600]);
  const [{ name: machine }] = modelsOf(specification);
  const origin = { specification, machine, clocks: {}, traces: new Map(), slabscope: '0' };
  const report = resultsTable(resultsOf(origin, computed, () => 'hash'));
  expect(report).toMatch(/kernel\.version toy against 2\.4\.22/);
});

test('its points repeat', () => {
  const specification = specified({ interrupts: 50_000, interference: 25 });
  const point = points(specification).find((each) => each['kernel.version'] === 'toy')!;
  expect(runPoint(specification, null, point)).toEqual(runPoint(specification, null, point));
});

test('a trace is replayed as far as both kernels take it', () => {
  const specification = specified({ workload: { name: 'replay', trace: 't' }, kernel: { version: ['2.4.22', 'toy'] } });
  const event = (text: string) => `sh-1 [000] ..... 1.000000: ${text.replace(':', ': call_site=f')}`;
  const lines = [
    event('kmem_cache_alloc: ptr=a0 name=dentry_cache bytes_req=100 bytes_alloc=128 gfp_flags=GFP_KERNEL'),
    event('kmem_cache_alloc: ptr=b0 name=huge bytes_req=5000 bytes_alloc=5000 gfp_flags=GFP_KERNEL'),
    event('kmalloc: ptr=c0 bytes_req=5000 bytes_alloc=8192 gfp_flags=GFP_KERNEL'),
    event('kfree: ptr=c0'),
    event('kmem_cache_free: ptr=a0'),
  ];
  const trace = readTrace(lines, 't', limitsOf(specification));
  expect(trace.caches.map(({ name }) => name)).toEqual(['dentry_~']);
  const counted = points(specification).map((point) => runPoint(specification, trace, point).counts);
  expect(new Set(counted.map(({ operations, failed }) => `${operations} ${failed}`))).toEqual(new Set(['4 0']));
});

test.each([
  ['word', 29_997],
  ['whole-line', 0],
])('its misses have owners: counters aligned by %s are missed %i times by false sharing', (alignment, falseSharing) => {
  const specification = specified({
    ...{ kernel: { version: 'toy' }, workload: 'per-cpu-counters', touch: undefined },
    ...{ alignment, history: 'fresh' },
  });
  const { owners } = attributePoint(specification, null, points(specification)[0]);
  expect(owners.find(({ name }) => name === 'counter object +0x0')).toMatchObject({ kind: 'object', falseSharing });
  expect(ownersTable([owners], 5)).toMatch('counter object +0x0');
});

/** Each CPU allocates from one cache, and frees what the other allocated. */
function racesOf(forgetsItsLock: boolean) {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 16 * MiB });
  const allocator = Object.assign(boot(machine, 'toy'), { forgetsItsLock });
  const [cpu0, cpu1] = machine.cpus;
  const cachep = machine.run(cpu0, allocator.create(cpu0, { name: 'shared', size: 40 }));
  const races = detectRaces(allocator.kernel, (addr) => allocator.place(addr), { functions: false });
  watchHandovers(allocator, races);
  const handedOver: addr_t[] = [];
  function* work(cpu: Cpu): Program {
    for (let i = 0; i < 200; i++) {
      const objp = yield* allocator.alloc(cpu, cachep, 0);
      cpu.store32(objp, i);
      handedOver.push(objp);
      const other = i % 2 === 0 ? NULL : handedOver.shift()!;
      if (other !== NULL) yield* allocator.free(cpu, cachep, other);
    }
  }
  machine.scheduler.spawn(cpu0, work(cpu0));
  machine.scheduler.spawn(cpu1, work(cpu1));
  machine.scheduler.run();
  return unintended(races.races, allocator.version.intendedRaces).map(({ first }) => first.field);
}

test('it has no race, and without its lock the race detector tells which', () => {
  expect(racesOf(false)).toEqual([]);
  expect(racesOf(true)).toContain('heap_first');
});

test.each([
  [{ limit: 10 }, 'limit: kernel toy has no per-CPU arrays; leave limit out'],
  [{ colouring: ['on', 'off'] }, 'colouring: kernel toy has no colours; set colouring to on, which changes nothing'],
  [
    { kernel: { version: 'toy', debug: 'on' } },
    'kernel.debug: kernel toy has no checks of its own; set kernel.debug to off',
  ],
  [{ object_size: 5000 }, 'object_size: objects of 5000 bytes in kernel toy; its largest have 4096'],
])('keys that mean nothing to it are refused: %j', (more, message) => {
  expect(() => specified(more)).toThrow(message);
});
