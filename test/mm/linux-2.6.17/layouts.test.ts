import { describe, expect, test } from 'vitest';
import type { Config26 } from '../../../src/kernel/linux-2.6/config.ts';
import { mutexStruct, workStruct } from '../../../src/kernel/linux-2.6/layouts.ts';
import { spinlockType } from '../../../src/kernel/lock-types.ts';
import type { CType } from '../../../src/kernel/struct.ts';
import { GFP_ZONEMASK } from '../../../src/mm/linux-2.6.17/gfp.ts';
import * as layouts from '../../../src/mm/linux-2.6.17/layouts.ts';
import { builds, configOf, type RecordedBuild, structOf } from '../../slab/linux-2.6.17/golden.ts';

const ours: Record<string, (config: Config26) => CType> = {
  page: layouts.structPage,
  free_area: layouts.freeArea,
  per_cpu_pages: layouts.perCpuPages,
  per_cpu_pageset: layouts.perCpuPageset,
  zone: layouts.zoneStruct,
  zonelist: layouts.zonelistStruct,
  pglist_data: layouts.pgData,
  page_state: layouts.pageState,
  spinlock_t: spinlockType,
  mutex: mutexStruct,
  work_struct: workStruct,
};

describe.each(builds)('the structures of build %s', (_, build: RecordedBuild) => {
  const config = configOf(build);

  test.each(Object.keys(ours))('struct %s is laid out as compiled', (name) => {
    const recorded = structOf(build, name);
    const type = ours[name](config) as unknown as Record<string, number>;
    const laidOut = Object.keys(recorded).map((field) => [field, type[field]]);
    const compiled = Object.entries(recorded).map(([field, at]) => [field, typeof at === 'number' ? at : at[0]]);
    expect(laidOut).toEqual(compiled);
  });

  test('the constants are those of the compiled sources', () => {
    const recorded = build.page_constants as Record<string, number>;
    const named: Record<string, unknown> = { ...layouts, GFP_ZONEMASK, ...layouts.pageLinks(config) };
    const compiled = Object.entries(recorded);
    expect(compiled.map(([name]) => [name, named[name]])).toEqual(compiled);
  });
});
