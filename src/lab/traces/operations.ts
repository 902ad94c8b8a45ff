/**
 * The operations of an allocation trace, held in columns: 17 bytes each and no object, so that a trace of ten million
 * fits beside the machine it runs on, and worker threads can share it. `operationAt` reads one as an object.
 */
import { Column } from '../../base/column.ts';

/** Objects are numbered 0, 1, ... in order of allocation; a number is never used again. */
export type Operation = Allocation | Copy | Free;

export type Allocation = {
  readonly object: number;
  readonly atomic: boolean;
  readonly dma: boolean;
  readonly thread: number;
  readonly cpu: number;
} & (
  | { readonly kind: 'alloc'; readonly cache: number }
  /** Of any size: what is too large for a kernel's kmalloc takes pages there. */
  | { readonly kind: 'kmalloc'; readonly size: number }
);

/** What was in `from` goes to `object`, as much of it as both hold. */
export interface Copy {
  readonly kind: 'memcpy';
  readonly object: number;
  readonly from: number;
  readonly thread: number;
  readonly cpu: number;
}

export const freeFunctions = ['kmem_cache_free', 'kfree'] as const;

/** `via` is the function that the kernel called: kfree may free an object of a named cache. */
export interface Free {
  readonly kind: 'free';
  readonly object: number;
  readonly via: (typeof freeFunctions)[number];
  readonly thread: number;
  readonly cpu: number;
}

/** Read by `operationAt`; plain arrays, so that they can be handed to another thread. */
export interface Operations {
  readonly length: number;
  readonly kind: Uint8Array;
  readonly object: Int32Array;
  /** The cache, the size, the object copied from, or the function that frees. */
  readonly argument: Int32Array;
  readonly flags: Uint8Array;
  readonly thread: Int32Array;
  readonly cpu: Uint16Array;
}

const kinds = ['alloc', 'kmalloc', 'memcpy', 'free'] as const satisfies Operation['kind'][];
const [ALLOC, KMALLOC, MEMCPY] = [0, 1, 2];
const ATOMIC = 1;
const DMA = 2;

export function operationAt(operations: Operations, i: number): Operation {
  const object = operations.object[i];
  const argument = operations.argument[i];
  const thread = operations.thread[i];
  const cpu = operations.cpu[i];
  const flags = operations.flags[i];
  const atomic = (flags & ATOMIC) !== 0;
  const dma = (flags & DMA) !== 0;
  switch (operations.kind[i]) {
    case ALLOC:
      return { kind: 'alloc', cache: argument, object, atomic, dma, thread, cpu };
    case KMALLOC:
      return { kind: 'kmalloc', size: argument, object, atomic, dma, thread, cpu };
    case MEMCPY:
      return { kind: 'memcpy', from: argument, object, thread, cpu };
    default:
      return { kind: 'free', via: freeFunctions[argument], object, thread, cpu };
  }
}

export function* eachOperation(operations: Operations): Generator<Operation> {
  for (let i = 0; i < operations.length; i++) yield operationAt(operations, i);
}

/** Takes operations one by one. */
export class OperationWriter {
  readonly #kind = new Column(Uint8Array);
  readonly #object = new Column(Int32Array);
  readonly #argument = new Column(Int32Array);
  readonly #flags = new Column(Uint8Array);
  readonly #thread = new Column(Int32Array);
  readonly #cpu = new Column(Uint16Array);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(operation: Operation): void {
    const i = this.#length++;
    this.#kind.set(i, kinds.indexOf(operation.kind));
    this.#object.set(i, operation.object);
    this.#argument.set(i, argumentOf(operation));
    this.#flags.set(i, flagsOf(operation));
    this.#thread.set(i, operation.thread);
    this.#cpu.set(i, operation.cpu);
  }

  finish(): Operations {
    const length = this.#length;
    return {
      length,
      kind: this.#kind.first(length),
      object: this.#object.first(length),
      argument: this.#argument.first(length),
      flags: this.#flags.first(length),
      thread: this.#thread.first(length),
      cpu: this.#cpu.first(length),
    };
  }
}

function flagsOf(operation: Operation): number {
  if (operation.kind === 'free' || operation.kind === 'memcpy') return 0;
  return (operation.atomic ? ATOMIC : 0) | (operation.dma ? DMA : 0);
}

function argumentOf(operation: Operation): number {
  switch (operation.kind) {
    case 'alloc':
      return operation.cache;
    case 'kmalloc':
      return operation.size;
    case 'memcpy':
      return operation.from;
    case 'free':
      return freeFunctions.indexOf(operation.via);
  }
}
