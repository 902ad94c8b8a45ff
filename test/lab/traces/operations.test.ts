import { expect, test } from 'vitest';
import { eachOperation, type Operation, OperationWriter } from '../../../src/lab/traces/operations.ts';

const place = { thread: 70_000, cpu: 511 };
const operations: Operation[] = [
  { kind: 'alloc', object: 0, cache: 3, atomic: true, dma: false, ...place },
  { kind: 'kmalloc', object: 1, size: 131_072, atomic: false, dma: true, ...place },
  { kind: 'kmalloc', object: 2, size: 2_097_152, atomic: true, dma: true, ...place },
  { kind: 'memcpy', object: 2, from: 1, ...place },
  { kind: 'free', object: 0, via: 'kmem_cache_free', ...place },
  { kind: 'free', object: 1, via: 'kfree', ...place },
  { kind: 'free', object: 2, via: 'kfree', ...place },
];

test('operations are read as they were written, however many', () => {
  const many = Array.from({ length: 3000 }, (_, i) => operations[i % operations.length]!);
  const writer = new OperationWriter();
  for (const operation of many) writer.push(operation);
  const written = writer.finish();
  expect([...eachOperation(written)]).toEqual(many);
  expect(written.object).toHaveLength(3000);
});
