/**
 * The DMA controllers of a PC: two Intel 8237A, the first for channels 0 to 3 (bytes), the second for channels 5 to 7
 * (16-bit words) with channel 4 as the cascade of the first, and the page registers that give the upper address bits.
 * An address has 16 bits from the 8237A, which count up within 64 K transfers, and 8 from the page register: so 24 bits,
 * and no transfer crosses 64 KB (words: 128 KB). This is why the kernel has a ZONE_DMA.
 *
 * What the hardware would do to the wrong memory is refused here. Software that hands over an address of more than 24
 * bits, or a length of more than 16, loses the upper bits on the way to the registers; these registers keep them, so that
 * the transfer can be refused when the channel is enabled, the first moment at which address, length and direction are
 * all known, and still within the driver's own call.
 *
 * A transfer takes the pace of its device. The bytes of a cache line move together, when the last of them does; the CPUs'
 * caches are snooped at that moment.
 *
 * Sources: Intel 8237A data sheet; port numbers as of include/asm-i386/dma.h.
 */
import { InputError } from '../../base/input-error.ts';
import type { PortDevice } from '../io-ports.ts';
import type { Machine } from '../machine.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from '../memory.ts';

/** A device's wish to move bytes, of as many as it has or wants. */
export interface DmaRequest {
  /** Whether it gives `bytes` to memory, or memory is to fill them. */
  readonly toMemory: boolean;
  /** One or more; for a word channel, an even number. */
  readonly bytes: Uint8Array;
  readonly microsecondsPerByte: number;
  /** The last byte moved at `time`: the device's last (`terminalCount` false), or the last that the channel was to move. */
  ended(time: number, moved: number, terminalCount: boolean): void;
}

/** A transfer that the hardware cannot do, or would do to other memory than was meant. */
export class DmaRefused extends Error {
  readonly channel: number;
  readonly address: addr_t;
  /** Bytes. */
  readonly length: number;

  constructor({ number, address, length }: Transfer, problem: string, remedy: string) {
    const at = `0x${address.toString(16).padStart(8, '0')}`;
    super(`DMA channel ${number}: ${length} bytes at ${at} refused: ${problem}; ${remedy}`);
    this.name = 'DmaRefused';
    this.channel = number;
    this.address = address;
    this.length = length;
  }
}

/** What a channel is still to move. */
interface Transfer {
  readonly number: number;
  readonly address: addr_t;
  readonly length: number;
}

interface Channel {
  readonly number: number;
  /** Bytes of one transfer. */
  readonly width: 1 | 2;
  /** In bytes or words, as it stands now; after the last one it has gone from 0 to 0xffff. */
  count: number;
  address: number;
  page: number;
  mode: number;
  masked: boolean;
  terminalCount: boolean;
  request: DmaRequest | null;
  /** Bytes of the request that have moved. */
  moved: number;
  /** The bytes on their way; masking the channel lets go of them, and the device offers them again. */
  flight: object | null;
}

/** Base address, and bits by which register numbers are shifted. */
const CHIPS = [
  { base: 0x00, shift: 0 },
  { base: 0xc0, shift: 1 },
] as const;
/** By channel; channel 4, which moves nothing, has one that nobody uses. */
export const DMA_PAGE_PORTS: readonly number[] = [0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a];

const STATUS = 0x8;
const SINGLE_MASK = 0xa;
const MODE = 0xb;
const CLEAR_FF = 0xc;

const MODE_CASCADE = 0xc0;
/** Single transfers, upwards, no autoinitialisation. */
const MODE_TO_MEMORY = 0x44;
const MODE_FROM_MEMORY = 0x48;

export class IsaDma implements PortDevice {
  readonly #machine: Machine;
  readonly #channels: readonly Channel[];
  /** Of each 8237A: whether the next byte of an address or a count is the upper one. */
  readonly #flipFlops = [false, false];

  /** As the BIOS leaves it: the cascade open, all else masked. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#channels = Array.from({ length: 8 }, (_, number) => ({
      number,
      width: number < 4 ? 1 : 2,
      count: 0,
      address: 0,
      page: 0,
      mode: number === 4 ? MODE_CASCADE : 0,
      masked: number !== 4,
      terminalCount: false,
      request: null,
      moved: 0,
      flight: null,
    }));
    const registers = [0, 1, 2, 3, 4, 5, 6, 7, STATUS, SINGLE_MASK, MODE, CLEAR_FF];
    for (const { base, shift } of CHIPS) {
      machine.ioPorts.attach(
        this,
        registers.map((register) => base + (register << shift)),
      );
    }
    machine.ioPorts.attach(this, DMA_PAGE_PORTS);
  }

  /** A device asks for `channel` (DREQ) at `time`; a masked channel lets it wait. One device at a time has a channel. */
  request(channel: number, request: DmaRequest, time: number): void {
    const asked = this.#channels[channel];
    const place = `DMA channel ${channel}`;
    if (asked === undefined || channel === 4) {
      throw new InputError(place, 'no device can ask for it', 'devices have channels 0 to 3 and 5 to 7');
    }
    if (asked.request !== null) {
      throw new InputError(place, 'a device asks while one is served', 'give each device a channel of its own');
    }
    const { length } = request.bytes;
    if (length === 0 || length % asked.width !== 0) {
      throw new InputError(
        place,
        `a device with ${length} bytes`,
        `it moves ${asked.width} byte(s) at a time, one or more`,
      );
    }
    asked.request = request;
    asked.moved = 0;
    this.#goOn(asked, time);
  }

  readPort(port: number): number {
    const paged = this.#channels[DMA_PAGE_PORTS.indexOf(port)];
    if (paged !== undefined) return paged.page & 0xff;
    const { chip, register } = decode(port);
    if (register < STATUS) {
      const { address, count } = this.#channels[chip * 4 + (register >> 1)];
      return (((register & 1) === 0 ? address : count) >> (this.#flip(chip) ? 8 : 0)) & 0xff;
    }
    return register === STATUS ? this.#takeStatus(chip) : 0xff;
  }

  writePort(port: number, value: number, time: number): void {
    const paged = this.#channels[DMA_PAGE_PORTS.indexOf(port)];
    if (paged !== undefined) {
      paged.page = value;
      return;
    }
    const { chip, register } = decode(port);
    const channels = this.#channels.slice(chip * 4, chip * 4 + 4);
    const named = channels[value & 3];
    if (register < STATUS) {
      const channel = channels[register >> 1];
      const field = (register & 1) === 0 ? 'address' : 'count';
      channel[field] = this.#flip(chip)
        ? (channel[field] & 0xff) | (value << 8)
        : (channel[field] & ~0xff) | (value & 0xff);
    } else if (register === CLEAR_FF) this.#flipFlops[chip] = false;
    else if (register === MODE) named.mode = value & ~3;
    else if (register === SINGLE_MASK) {
      named.masked = (value & 4) !== 0;
      if (named.masked) named.flight = null;
      else if (named.mode !== MODE_CASCADE) {
        this.#check(named);
        this.#goOn(named, time);
      }
    }
  }

  /** Which byte of an address or a count the next access is: true for the upper one. */
  #flip(chip: number): boolean {
    const upper = this.#flipFlops[chip];
    this.#flipFlops[chip] = !upper;
    return upper;
  }

  /** Who has come to its terminal count since the last look, and who is asked for. */
  #takeStatus(chip: number): number {
    let status = 0;
    for (const channel of this.#channels.slice(chip * 4, chip * 4 + 4)) {
      const bit = channel.number & 3;
      if (channel.terminalCount) status |= 1 << bit;
      if (channel.request !== null) status |= 0x10 << bit;
      channel.terminalCount = false;
    }
    return status;
  }

  /** Throws a DmaRefused if the channel's registers say what cannot be done. */
  #check(channel: Channel): void {
    const transfer = transferOf(channel);
    const { address, length } = transfer;
    const { width, mode, request } = channel;
    const refuse = (problem: string, remedy: string): never => {
      throw new DmaRefused(transfer, problem, remedy);
    };
    const reach = 0x10000 * width;
    const rightPlace = `allocate it with GFP_DMA, below 0x1000000, within one ${reach / 1024} KB page`;
    if (mode !== MODE_TO_MEMORY && mode !== MODE_FROM_MEMORY) {
      refuse(`its mode is 0x${mode.toString(16)}`, 'set DMA_MODE_READ (0x44) or DMA_MODE_WRITE (0x48)');
    }
    if (request !== null && request.toMemory !== (mode === MODE_TO_MEMORY)) {
      refuse(
        'the device moves them the other way',
        'set DMA_MODE_READ to read from the device, DMA_MODE_WRITE to write',
      );
    }
    if (length < width || length > reach) {
      refuse('the count has 16 bits', `count from ${width} to ${reach} bytes`);
    }
    if (channel.page > 0xff) refuse('an ISA address has 24 bits', rightPlace);
    if ((address % reach) + length > reach) refuse(`the address counter cannot cross ${reach / 1024} KB`, rightPlace);
    for (let page = address >>> PAGE_SHIFT; page * PAGE_SIZE < address + length; page++) {
      if (this.#machine.memory.present[page] !== 1) refuse('no memory is there, or none in use', rightPlace);
    }
  }

  /** Sends the bytes of the next cache line on their way, if the device asks and nothing is in the way. */
  #goOn(channel: Channel, time: number): void {
    const { request, masked } = channel;
    if (request === null || masked || channel.flight !== null) return;
    this.#check(channel);
    const { model, scheduler } = this.#machine;
    const { address, length } = transferOf(channel);
    const bytes = Math.min(length, request.bytes.length - channel.moved, model.l1.line - (address % model.l1.line));
    const arrival = time + Math.ceil(bytes * request.microsecondsPerByte * model.mhz);
    const flight = {};
    channel.flight = flight;
    scheduler.at(arrival, () => {
      if (channel.flight !== flight) return;
      channel.flight = null;
      scheduler.watchdog.progress();
      this.#move(request.bytes.subarray(channel.moved, channel.moved + bytes), address, request.toMemory);
      channel.moved += bytes;
      channel.address = (channel.address + bytes / channel.width) & 0xffff;
      channel.count = (channel.count - bytes / channel.width) & 0xffff;
      const atTerminalCount = bytes === length;
      if (atTerminalCount) {
        channel.terminalCount = true;
        channel.masked = true;
      }
      if (atTerminalCount || channel.moved === request.bytes.length) {
        channel.request = null;
        request.ended(arrival, channel.moved, atTerminalCount);
      } else this.#goOn(channel, arrival);
    });
  }

  /** Moves `bytes` to or from memory at `address`, within one line. */
  #move(bytes: Uint8Array, address: addr_t, toMemory: boolean): void {
    const { caches, memory, model } = this.#machine;
    const line = Math.floor(address / model.l1.line);
    const end = address + bytes.length;
    if (toMemory) {
      let words = 0;
      for (let word = address >>> 2; word * 4 < end; word++) words |= 1 << (word % (model.l1.line / 4));
      caches.bus.dmaWrite(line, words);
      memory.bytes.set(bytes, address);
    } else {
      caches.bus.dmaRead(line);
      bytes.set(memory.bytes.subarray(address, end));
    }
  }
}

/** The register of an 8237A, and the first or the second of them, that answers at `port`. */
function decode(port: number): { chip: 0 | 1; register: number } {
  const chip = port < CHIPS[1].base ? 0 : 1;
  const { base, shift } = CHIPS[chip];
  return { chip, register: (port - base) >> shift };
}

/** A word channel counts words; its page register has no use for bit 0, as the address gives 17 bits. */
function transferOf({ number, width, page, address, count }: Channel): Transfer {
  const upper = width === 2 ? page & ~1 : page;
  return { number, address: upper * 0x10000 + address * width, length: (count + 1) * width };
}
