/** How a kernel was built, as far as all kernels differ by it. A version adds what its own sources ask for. */
export interface KernelConfig {
  readonly CONFIG_SMP: boolean;
  readonly NR_CPUS: number;
  /** What the kernel was built for; the hardware's line is the CPU model's. */
  readonly L1_CACHE_BYTES: number;
  /** spinlock_t of a uniprocessor build: nothing with gcc 3 and later, 4 bytes with gcc 2.95. */
  readonly spinlockBytes: 0 | 4;
  /** With the ISA DMA channels (kernel/dma.c); their statics take room that the recorded builds do not have. */
  readonly CONFIG_ISA?: boolean;
}
