import { expect, test } from 'vitest';
import { call_data_struct } from '../../src/kernel/linux-2.4/kernel.ts';
import { list_head } from '../../src/kernel/list.ts';
import { wait_queue_t } from '../../src/kernel/wait.ts';
import { free_area_struct } from '../../src/mm/linux-2.4/mm.ts';
import { struct_page, zonelist_struct } from '../../src/mm/linux-2.4.22/mm.ts';
import { cache_sizes_t, cpucache_t, slab_t } from '../../src/slab/linux-2.4/slab.ts';
import { booted } from '../machines.ts';
// @ts-expect-error: a plugin of Stryker, in plain JavaScript
import { zeroOffsets } from './zero-offsets.mjs';

test.each(Object.entries(zeroOffsets as Record<string, string>))(
  'the mutants that nobody can tell: %s.%s stands at offset 0',
  (structure, field) => {
    const { k } = booted({ cpus: 1 });
    const { kmem_cache_t, semaphore, task_struct, wait_queue_head_t, zone_struct } = k;
    const layouts: Record<string, object> = {
      ...{ cache_sizes_t, call_data_struct, cpucache_t, free_area_struct, kmem_cache_t, list_head, semaphore, slab_t },
      ...{ struct_page, task_struct, wait_queue_head_t, wait_queue_t, zone_struct, zonelist_struct },
    };
    expect(layouts[structure]).toHaveProperty(field, 0);
  },
);
