/**
 * include/asm-i386/string.h, as the period's inline assembly touches memory: memset and memcpy by words (rep; stosl,
 * rep; movsl), strings by bytes, comparisons up to the first byte that differs.
 */
import type { Cpu } from '../hw/cpu.ts';
import { type addr_t, NULL } from '../hw/memory.ts';

/** `count` bytes at an aligned address. */
export function memset(cpu: Cpu, addr: addr_t, byte: number, count: number): void {
  const word = (byte & 0xff) * 0x01010101;
  const words = addr + (count & -4);
  for (let at = addr; at < words; at += 4) cpu.store32(at, word);
  for (let at = words; at < addr + count; at++) cpu.store8(at, byte);
}

/** `count` bytes; the last ones by movsw and movsb. */
export function memcpy(cpu: Cpu, dest: addr_t, src: addr_t, count: number): void {
  let at = 0;
  for (; at + 4 <= count; at += 4) cpu.store32(dest + at, cpu.load32(src + at));
  if ((count & 2) !== 0) {
    cpu.store16(dest + at, cpu.load16(src + at));
    at += 2;
  }
  if ((count & 1) !== 0) cpu.store8(dest + at, cpu.load8(src + at));
}

/** Stores `text` and a final NUL: strcpy from a string constant, which is not modelled. */
export function strcpy(cpu: Cpu, dest: addr_t, text: string): void {
  for (let i = 0; i < text.length; i++) cpu.store8(dest + i, text.charCodeAt(i));
  cpu.store8(dest + text.length, 0);
}

/** Whether the string at `addr` is `text`. */
export function streq(cpu: Cpu, addr: addr_t, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (cpu.load8(addr + i) !== text.charCodeAt(i)) return false;
  return cpu.load8(addr + text.length) === 0;
}

/** The string at `addr`, read through the CPU. */
export function loadString(cpu: Cpu, addr: addr_t): string {
  let text = '';
  for (let char = cpu.load8(addr); char !== 0; char = cpu.load8(addr + text.length)) text += String.fromCharCode(char);
  return text;
}

/** The address of the first `byte` among `count` bytes, or NULL. */
export function memchr(cpu: Cpu, addr: addr_t, byte: number, count: number): addr_t {
  for (let at = addr; at < addr + count; at++) if ((cpu.load8(at) & 0xff) === byte) return at;
  return NULL;
}
