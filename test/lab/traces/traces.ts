/** Traces as tests tell them. */
import type { AllocationTrace } from '../../../src/lab/traces/allocation-trace.ts';
import { eachOperation } from '../../../src/lab/traces/operations.ts';

/** `filp 0` is an allocation of object 0 from a cache, `100 bytes 1` a kmalloc, `1 = 0` a copy, `kfree 1` a free. */
export const story = (trace: AllocationTrace): string[] =>
  [...eachOperation(trace.operations)].map((operation) => {
    const { kind, object } = operation;
    if (kind === 'alloc') return `${trace.caches[operation.cache].name} ${object}`;
    if (kind === 'kmalloc') return `${operation.size} bytes ${object}`;
    return kind === 'memcpy' ? `${object} = ${operation.from}` : `${operation.via} ${object}`;
  });

/** What is wrong with a trace's operations and counts; an empty list if it can be replayed. */
export function faultsOf({ born, operations, objects, summary }: AllocationTrace): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault);
  };
  const live = new Set<number>();
  let next = 0;
  for (const operation of [...eachOperation(born), ...eachOperation(operations)]) {
    const { kind, object } = operation;
    if (kind === 'free') must(live.delete(object), `frees ${object}, which is not live`);
    else if (kind === 'memcpy') {
      must(live.has(object) && live.has(operation.from), `copies ${operation.from} to ${object}, not both live`);
    } else {
      must(object === next++, `allocates ${object} out of order`);
      live.add(object);
    }
  }
  const { events, resizes, bornBefore, allocations, frees, unseenFrees, liveAtEnd, skipped } = summary;
  const skips = Object.values(skipped).reduce((sum, count) => sum + count);
  must(objects === next && allocations === next - bornBefore, 'counts its allocations wrongly');
  must(liveAtEnd === live.size, 'counts what is live wrongly');
  must(events + resizes === allocations + frees + skips, 'counts its events wrongly');
  must(bornBefore + allocations === frees + unseenFrees + liveAtEnd, 'counts its frees wrongly');
  return faults;
}
