/** An allocation trace from the kmem events of a kernel: which of them to leave out, who did what, and how it may wait. */
import type { Limits } from '../../slab/kernel-facts.ts';
import {
  type AllocationTrace,
  type SkipReason,
  TraceBuilder,
  type TraceContext,
  type TraceParser,
} from './allocation-trace.ts';
import { HIDDEN_POINTER, type KmemEvent, KmemReader } from './kmem-events.ts';

export class KmemTraceParser implements TraceParser {
  readonly #file: string;
  readonly #reader: KmemReader;
  readonly #builder: TraceBuilder;
  /** By the upper and the lower 32 bits of a pointer: numbers need less memory as keys than text does. */
  readonly #identities = new Map<number, Map<number, number>>();
  #pointers = 0;
  #unknownFlags = 0;

  constructor(file: string, limits: Limits) {
    this.#file = file;
    this.#builder = new TraceBuilder(limits);
    this.#reader = new KmemReader(file);
  }

  line(text: string): void {
    const event = this.#reader.line(text);
    if (event === null) return;
    const reason = reasonToSkip(event);
    if (reason !== undefined) {
      this.#builder.skip(reason);
      return;
    }
    const identity = this.#identityOf(event.pointer!);
    if (event.kind === 'free') {
      this.#builder.free(identity, event.via, contextOf(event));
      return;
    }
    const { atomic, dma, unknown } = readGfpFlags(event.gfpFlags);
    if (unknown) this.#unknownFlags++;
    const { cache, size, interrupt } = event;
    this.#builder.allocate(identity, { cache, size, atomic: atomic || interrupt, dma }, contextOf(event));
  }

  finish(): AllocationTrace {
    const { pageEvents, cpus, ...rest } = this.#reader.finish();
    this.#builder.skip("the recorded kernel's page allocator (mm_page_...)", pageEvents);
    return this.#builder.finish({ file: this.#file, ...rest }, { cpus, unknownFlags: this.#unknownFlags });
  }

  #identityOf(pointer: string): number {
    const digits = pointer.replace('0x', '').padStart(16, '0');
    const upper = Number.parseInt(digits.slice(0, -8), 16);
    const lower = Number.parseInt(digits.slice(-8), 16) | 0;
    let identities = this.#identities.get(upper);
    if (identities === undefined) {
      identities = new Map();
      this.#identities.set(upper, identities);
    }
    let identity = identities.get(lower);
    if (identity === undefined) {
      identity = this.#pointers++;
      identities.set(lower, identity);
    }
    return identity;
  }
}

/** An event that is not left out has a pointer. */
function reasonToSkip({ kind, pointer, callSite }: KmemEvent): SkipReason | undefined {
  if (callSite.startsWith('perf_')) return 'call of the recorder itself (perf_...)';
  if (pointer === null) return kind === 'free' ? 'free of NULL' : 'failed allocation';
  return pointer === HIDDEN_POINTER ? 'pointer hidden by the kernel' : undefined;
}

/** A thread is its tid, for its comm changes by exec. The idle tasks, one on each CPU, share tid 0. */
function contextOf({ comm, tid, cpu }: KmemEvent): TraceContext {
  if (tid !== 0) return { task: tid, name: `${comm}-${tid}`, cpu };
  // As the kernel itself calls that of CPU 1.
  return { task: `swapper/${cpu}`, name: `swapper/${cpu}-0`, cpu };
}

const dmaFlags = new Set(['GFP_DMA', '__GFP_DMA']);
const atomicFlags = new Set(['GFP_ATOMIC', 'GFP_NOWAIT']);
/** Flags, and sets of flags, with which the allocator may wait. 2.6 printed __GFP_WAIT as GFP_WAIT. */
const waitingFlags = new Set([
  ...['GFP_KERNEL', 'GFP_KERNEL_ACCOUNT', 'GFP_NOFS', 'GFP_NOIO', 'GFP_USER', 'GFP_HIGHUSER', 'GFP_HIGHUSER_MOVABLE'],
  ...['GFP_TEMPORARY', 'GFP_WAIT', '__GFP_WAIT', '__GFP_RECLAIM', '__GFP_DIRECT_RECLAIM'],
]);

/** The numbers behind the names changed from kernel to kernel, so a number alone tells nothing. */
function readGfpFlags(printed: string): { atomic: boolean; dma: boolean; unknown: boolean } {
  if (/^(?:0x)?[0-9a-f]+$/i.test(printed)) return { atomic: false, dma: false, unknown: true };
  const names = printed.split('|');
  const mayWait = names.some((name) => waitingFlags.has(name)) && !names.some((name) => atomicFlags.has(name));
  return { atomic: !mayWait, dma: names.some((name) => dmaFlags.has(name)), unknown: false };
}
