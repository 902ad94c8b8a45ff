import { describe, expect, test } from 'vitest';
import { cpuModels } from '../../src/hw/cpu-models.ts';
import { Machine } from '../../src/hw/machine.ts';
import { MiB } from '../../src/hw/memory.ts';

describe.each(Object.entries(cpuModels))('%s', (_, model) => {
  test('can be built, and counts what each level answers', () => {
    const machine = new Machine({ model, cpus: 2, memory: 16 * MiB, classes: 'all' });
    const [cpu] = machine.cpus;
    for (let addr = 0; addr < 2 * model.l1.size; addr += model.l1.line) cpu!.load32(addr);
    for (let addr = 0; addr < 2 * model.l1.size; addr += model.l1.line) cpu!.load32(addr);
    const { l2Hits, l2Misses, misses } = cpu!.counters;
    expect(l2Hits + l2Misses).toBe(model.l2 === null ? 0 : misses);
    if (model.l2 === null) return;
    // Its L1 has room for half of the lines: the others of the second pass come from the second level.
    const lines = (2 * model.l1.size) / model.l1.line;
    expect(l2Misses).toBe(lines);
    expect(l2Hits).toBeGreaterThanOrEqual(lines / 2);
  });

  test('has its levels in order of cost', () => {
    const { l1, l2, memory } = model.cycles;
    expect([l1 < l2, l2 < memory]).toEqual([true, true]);
  });

  test('says of every value whether it was read at a source', () => {
    for (const source of Object.values(model.sources)) expect(source).toMatch(/^(v: .+|m(: .+)?)$/);
  });
});

test('AMD K6 says that its sectors are an approximation', () => {
  expect(cpuModels.k6.approximations.join()).toContain('sector');
});
