/**
 * ISA DMA channels: kernel/dma.c, include/asm-i386/dma.h. Who uses a channel claims it with request_dma, and holds
 * dma_spin_lock while programming it, since all channels of a controller share one flip-flop.
 */

import { InputError } from '../base/input-error.ts';
import type { Cpu, Program } from '../hw/cpu.ts';
import { DMA_PAGE_PORTS } from '../hw/devices/isa-dma.ts';
import { type addr_t, NULL } from '../hw/memory.ts';
import { inb, outb } from './io.ts';
import type { Kernel } from './kernel.ts';
import { spin_lock_irqsave, spin_unlock_irqrestore } from './spinlock.ts';
import { array, type CType, ptr, struct, u32 } from './struct.ts';
import type { StaticSymbol } from './symbols.ts';

export const MAX_DMA_CHANNELS = 8;

/** From the device to memory, and from memory to the device: single transfers, upwards, no autoinitialisation. */
export const DMA_MODE_READ = 0x44;
export const DMA_MODE_WRITE = 0x48;

const EBUSY = 16;
const EINVAL = 22;

const IO_DMA1_BASE = 0x00;
const IO_DMA2_BASE = 0xc0;
const DMA1_MASK_REG = 0x0a;
const DMA1_MODE_REG = 0x0b;
const DMA1_CLEAR_FF_REG = 0x0c;
const DMA2_MASK_REG = 0xd4;
const DMA2_MODE_REG = 0xd6;
const DMA2_CLEAR_FF_REG = 0xd8;

const dma_chan = struct({ lock: u32, device_id: ptr });
/** The channel through which the first controller reaches the second. */
const CASCADE = 4;

export const dmaStatics = (spinlock_t: CType): StaticSymbol[] => [
  { name: 'dma_spin_lock', type: spinlock_t },
  { name: 'dma_chan_busy', type: array(dma_chan, MAX_DMA_CHANNELS) },
];

/** Their initialisers. */
export function loadDmaStatics({ machine: { memory }, config, symbols }: Kernel): void {
  if (config.CONFIG_SMP) memory.poke8(symbols.address('dma_spin_lock'), 1);
  memory.poke32(symbols.address('dma_chan_busy') + CASCADE * dma_chan.sizeof + dma_chan.lock, 1);
}

function dmaStatic(k: Kernel, name: 'dma_spin_lock' | 'dma_chan_busy'): addr_t {
  if (k.config.CONFIG_ISA) return k.symbols.address(name);
  throw new InputError('kernel', 'a DMA channel in a kernel built without ISA', 'build it with CONFIG_ISA');
}

/** 0, or a negative errno. `device_id`, the address of a name in C, is kept and never read. */
export function* request_dma(k: Kernel, cpu: Cpu, dmanr: number, device_id: addr_t = NULL): Program<number> {
  if (dmanr >= MAX_DMA_CHANNELS) return -EINVAL;
  const channel = dmaStatic(k, 'dma_chan_busy') + dmanr * dma_chan.sizeof;
  if (cpu.isAhead) yield;
  if (cpu.lockXchg32(channel + dma_chan.lock, 1) !== 0) return -EBUSY;
  cpu.storePtr(channel + dma_chan.device_id, device_id);
  return 0;
}

export function* free_dma(k: Kernel, cpu: Cpu, dmanr: number): Program {
  if (dmanr >= MAX_DMA_CHANNELS) {
    k.printk(`Trying to free DMA${dmanr}`);
    return;
  }
  if (cpu.isAhead) yield;
  const channel = dmaStatic(k, 'dma_chan_busy') + dmanr * dma_chan.sizeof;
  if (cpu.lockXchg32(channel + dma_chan.lock, 0) === 0) k.printk(`Trying to free free DMA${dmanr}`);
}

/** The interrupt flags as they were, for release_dma_lock. */
export function claim_dma_lock(k: Kernel, cpu: Cpu): Program<number> {
  return spin_lock_irqsave(k, cpu, dmaStatic(k, 'dma_spin_lock'));
}

export function release_dma_lock(k: Kernel, cpu: Cpu, flags: number): Program {
  return spin_unlock_irqrestore(k, cpu, dmaStatic(k, 'dma_spin_lock'), flags);
}

/** Throws a DmaRefused if the controller cannot do what the channel was told. */
export function enable_dma(k: Kernel, cpu: Cpu, dmanr: number): void {
  outb(k, cpu, dmanr & 3, dmanr <= 3 ? DMA1_MASK_REG : DMA2_MASK_REG);
}

export function disable_dma(k: Kernel, cpu: Cpu, dmanr: number): void {
  outb(k, cpu, (dmanr & 3) | 4, dmanr <= 3 ? DMA1_MASK_REG : DMA2_MASK_REG);
}

/** The next byte of an address or a count is the lower one. */
export function clear_dma_ff(k: Kernel, cpu: Cpu, dmanr: number): void {
  outb(k, cpu, 0, dmanr <= 3 ? DMA1_CLEAR_FF_REG : DMA2_CLEAR_FF_REG);
}

export function set_dma_mode(k: Kernel, cpu: Cpu, dmanr: number, mode: number): void {
  outb(k, cpu, mode | (dmanr & 3), dmanr <= 3 ? DMA1_MODE_REG : DMA2_MODE_REG);
}

/** Linux cuts `pagenr` to 8 bits here; the controller's model gets all of it, to refuse what does not fit. */
function set_dma_page(k: Kernel, cpu: Cpu, dmanr: number, pagenr: number): void {
  outb(k, cpu, dmanr <= 3 ? pagenr : pagenr & ~1, DMA_PAGE_PORTS[dmanr]);
}

/** A physical address; for channels 5 to 7 an even one. Clear the flip-flop first. */
export function set_dma_addr(k: Kernel, cpu: Cpu, dmanr: number, a: addr_t): void {
  set_dma_page(k, cpu, dmanr, a >>> 16);
  const { port, shift } = registers(dmanr);
  outb(k, cpu, (evenFor(dmanr, a) >>> shift) & 0xff, port);
  outb(k, cpu, (a >>> (8 + shift)) & 0xff, port);
}

/** Bytes, 1 to 64 K; for channels 5 to 7 an even number, 2 to 128 K. Clear the flip-flop first. */
export function set_dma_count(k: Kernel, cpu: Cpu, dmanr: number, count: number): void {
  const { port, shift } = registers(dmanr);
  const last = evenFor(dmanr, count) - 1;
  outb(k, cpu, (last >> shift) & 0xff, port + (1 << shift));
  // As with the page: not cut to 8 bits.
  outb(k, cpu, last >> (8 + shift), port + (1 << shift));
}

/** Bytes still to move; 0 if none are (or 64 K). With the channel disabled, and the flip-flop cleared. */
export function get_dma_residue(k: Kernel, cpu: Cpu, dmanr: number): number {
  const { port, shift } = registers(dmanr);
  const lower = inb(k, cpu, port + (1 << shift));
  const count = lower + (inb(k, cpu, port + (1 << shift)) << 8) + 1;
  return (count & 0xffff) << shift;
}

/** The port of the channel's address register, and what its distances are shifted by: word channels count words. */
function registers(dmanr: number): { port: number; shift: number } {
  if (dmanr <= 3) return { port: IO_DMA1_BASE + dmanr * 2, shift: 0 };
  return { port: IO_DMA2_BASE + (dmanr & 3) * 4, shift: 1 };
}

/** dma.h leaves this to the driver; the hardware would move the word below. */
function evenFor(dmanr: number, n: number): number {
  if (dmanr <= 3 || n % 2 === 0) return n;
  throw new InputError(
    `DMA channel ${dmanr}`,
    `${n} is odd`,
    'channels 5 to 7 move words: addresses and lengths are even',
  );
}
