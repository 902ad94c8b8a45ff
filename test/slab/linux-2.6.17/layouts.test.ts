import { describe, expect, test } from 'vitest';
import type { Config26 } from '../../../src/kernel/linux-2.6/config.ts';
import type { CType } from '../../../src/kernel/struct.ts';
import * as flags from '../../../src/slab/linux-2.6.17/flags.ts';
import * as layouts from '../../../src/slab/linux-2.6.17/layouts.ts';
import { builds, configOf, type RecordedBuild, structOf } from './golden.ts';

const ours: Record<string, (config: Config26) => CType> = {
  kmem_cache: layouts.kmemCacheType,
  slab: layouts.slabType,
  slab_rcu: layouts.slabRcuType,
  array_cache: layouts.arrayCacheType,
  arraycache_init: layouts.arraycacheInitType,
  kmem_list3: layouts.kmemList3Type,
  cache_sizes: layouts.cacheSizesType,
  list_head: ({ abi }) => abi.list_head,
  rcu_head: ({ abi }) => abi.rcu_head,
};

/** Offsets and sizes of the recorded fields, those of a field that the build leaves out not among them. */
const laidOut = (recorded: ReturnType<typeof structOf>, type: CType) =>
  Object.fromEntries(Object.keys(recorded).map((field) => [field, (type as unknown as Record<string, number>)[field]]));

const offsets = (recorded: ReturnType<typeof structOf>) =>
  Object.fromEntries(Object.entries(recorded).map(([field, at]) => [field, typeof at === 'number' ? at : at[0]]));

describe.each(builds)('the structures of build %s', (_, build: RecordedBuild) => {
  const config = configOf(build);

  test.each(Object.keys(ours))('struct %s is laid out as compiled', (name) => {
    const recorded = structOf(build, name);
    expect(laidOut(recorded, ours[name](config))).toEqual(offsets(recorded));
  });

  test('the general caches have the sizes as compiled', () => {
    expect(layouts.kmallocSizes(config)).toEqual(build.malloc_sizes);
  });

  test('the constants are those of the compiled sources', () => {
    const named: Record<string, unknown> = { ...flags, ...layouts, CREATE_MASK: layouts.createMask(config) };
    const known = Object.entries(build.constants).filter(([name]) => typeof named[name] === 'number');
    expect(known.length).toBe(28);
    for (const [name, value] of known) expect([name, (named[name] as number) >>> 0]).toEqual([name, value]);
  });
});
