// A plugin of Stryker. `entry + list_head.next` is the same as `entry - list_head.next`, for the field stands at offset 0: no
// test can tell, so such sums are not mutated. zero-offsets.test.ts holds the list to the layouts.

/** By structure, the field at offset 0. */
export const zeroOffsets = {
  cache_sizes_t: 'cs_size',
  call_data_struct: 'func',
  cpucache_t: 'avail',
  free_area_struct: 'free_list',
  kmem_cache_t: 'slabs_full',
  list_head: 'next',
  semaphore: 'count',
  slab_t: 'list',
  struct_page: 'list',
  task_struct: 'state',
  wait_queue_head_t: 'lock',
  wait_queue_t: 'flags',
  zone_struct: 'lock',
  zonelist_struct: 'zones',
};

/** `a + structure.field`, or `a + k.structure.field`, where nothing else could be mutated with it. */
function shouldIgnore({ node }) {
  if (node.type !== 'BinaryExpression' || (node.operator !== '+' && node.operator !== '-')) return undefined;
  const { left, right } = node;
  if (!['Identifier', 'MemberExpression'].includes(left.type) || right.type !== 'MemberExpression') return undefined;
  const structure = right.object.name ?? right.object.property?.name;
  const isZero = Object.hasOwn(zeroOffsets, structure ?? '') && right.property.name === zeroOffsets[structure];
  return isZero ? `${structure}.${right.property.name} stands at offset 0` : undefined;
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'zero-offsets', value: { shouldIgnore } }];
