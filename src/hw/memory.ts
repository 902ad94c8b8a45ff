/**
 * Physical memory: real bytes, little-endian whatever the host is.
 *
 * An address is a plain number, since kernel code does arithmetic on it; it stays below 2^31, so signed 32-bit reads of
 * pointers compare as they should. `peek` and `poke` go around every CPU: for tests, checkers, symbolising and debuggers.
 */
export type addr_t = number;

export const NULL: addr_t = 0;
export const KiB = 1024;
export const MiB = 1024 * KiB;

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 1 << PAGE_SHIFT;

/** An access to a physical page that holds no memory, or none that is in use: the page-fault of a kernel gone astray. */
export class PageFault extends Error {
  readonly address: addr_t;

  constructor(address: addr_t, cpu: number) {
    super(`cpu${cpu}: unable to handle access at physical address 0x${(address >>> 0).toString(16)}: page not present`);
    this.name = 'PageFault';
    this.address = address;
  }
}

export class Memory {
  readonly size: number;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** One byte a page: 0 means not present. Looked at when a line is filled, so a hit pays nothing for it. */
  readonly present: Uint8Array;

  /** `size` in bytes, whole pages; `buffer` holds as many, all 0. Every page is present until `setPresent` says otherwise. */
  constructor(size: number, buffer: ArrayBuffer) {
    this.size = size;
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
    this.present = new Uint8Array(size >>> PAGE_SHIFT).fill(1);
  }

  setPresent(start: addr_t, end: addr_t, present: boolean): void {
    this.present.fill(present ? 1 : 0, start >>> PAGE_SHIFT, (end + PAGE_SIZE - 1) >>> PAGE_SHIFT);
  }

  peek8(addr: addr_t): number {
    return this.view.getInt8(addr);
  }

  peek16(addr: addr_t): number {
    return this.view.getInt16(addr, true);
  }

  peek32(addr: addr_t): number {
    return this.view.getInt32(addr, true);
  }

  poke8(addr: addr_t, value: number): void {
    this.view.setInt8(addr, value);
  }

  poke16(addr: addr_t, value: number): void {
    this.view.setInt16(addr, value, true);
  }

  poke32(addr: addr_t, value: number): void {
    this.view.setInt32(addr, value, true);
  }
}
