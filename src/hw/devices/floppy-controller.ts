/**
 * The Intel 82077AA floppy disk controller of a PC, with one 1.44 MB drive: READ DATA and WRITE DATA by DMA channel 2. The
 * motor runs, the heads are where the command says (implied seek), and the sector is under them at once; from there on
 * bytes come at the drive's pace.
 *
 * A command is 9 bytes to the FIFO; then the controller moves sectors R to EOT, or fewer if the DMA controller signals
 * terminal count, and raises its line; then 7 bytes of result wait in the FIFO.
 *
 * Source: Intel 82077AA data sheet, "Command set"; of the pace, 500 kbit/s, and the geometry: m (unverified).
 */
import { InputError } from '../../base/input-error.ts';
import type { PortDevice } from '../io-ports.ts';
import type { Machine } from '../machine.ts';
import type { IsaDma } from './isa-dma.ts';

/** Main status register. */
export const FD_STATUS = 0x3f4;
export const STATUS_READY = 0x80;
/** The FIFO holds a result. */
export const STATUS_DIR = 0x40;
export const STATUS_BUSY = 0x10;
/** The FIFO: commands and results. */
export const FD_DATA = 0x3f5;

/** With MFM encoding, as the disk is written. */
export const FD_READ = 0x46;
export const FD_WRITE = 0x45;

/** ST0: the command ended abnormally. ST1: sectors ended before the DMA controller's count; a sector was not found. */
export const ST0_INTR = 0x40;
export const ST1_EOC = 0x80;
export const ST1_ND = 0x04;

export const SECTOR_SIZE = 512;
const SECTORS = 18;
const HEADS = 2;
const DMA_CHANNEL = 2;
const COMMAND_BYTES = 9;
/** 500 kbit/s. */
const MICROSECONDS_PER_BYTE = 16;

export interface FloppyControllerOptions {
  /** The disk: whole sectors, cylinder by cylinder, from its start. What is beyond it, was never formatted. */
  readonly image: Uint8Array;
  /** The number of its interrupt line (IRQ 6 of a PC), as `deviceLines.connect` gave it. */
  readonly line: number;
}

export class FloppyController implements PortDevice {
  readonly #machine: Machine;
  readonly #dma: IsaDma;
  readonly #options: FloppyControllerOptions;
  #command: number[] = [];
  #result: number[] = [];

  constructor(machine: Machine, dma: IsaDma, options: FloppyControllerOptions) {
    const { length } = options.image;
    if (length === 0 || length % SECTOR_SIZE !== 0) {
      throw new InputError('floppy', `an image of ${length} bytes`, `it must be whole sectors of ${SECTOR_SIZE} bytes`);
    }
    this.#machine = machine;
    this.#dma = dma;
    this.#options = options;
    machine.ioPorts.attach(this, [FD_STATUS, FD_DATA]);
  }

  readPort(port: number): number {
    if (port === FD_DATA) return this.#result.shift() ?? 0xff;
    if (this.#result.length > 0) return STATUS_READY | STATUS_DIR | STATUS_BUSY;
    if (this.#command.length === COMMAND_BYTES) return STATUS_BUSY;
    return STATUS_READY | (this.#command.length > 0 ? STATUS_BUSY : 0);
  }

  /** A byte that comes while the controller is not ready for one is lost, as is one to the status register. */
  writePort(port: number, value: number, time: number): void {
    if (port !== FD_DATA || this.#result.length > 0 || this.#command.length === COMMAND_BYTES) return;
    if (this.#command.length === 0 && value !== FD_READ && value !== FD_WRITE) {
      throw new InputError(
        '82077AA',
        `command 0x${value.toString(16)} is not modelled`,
        'READ DATA (0x46) and WRITE DATA (0x45) are',
      );
    }
    this.#command.push(value);
    if (this.#command.length === COMMAND_BYTES) this.#execute(time);
  }

  #execute(time: number): void {
    const [command, , cylinder, head, first, size, eot] = this.#command;
    const { image } = this.#options;
    const track = (cylinder * HEADS + head) * SECTORS;
    const from = (track + first - 1) * SECTOR_SIZE;
    const to = Math.min((track + eot) * SECTOR_SIZE, image.length);
    const onTrack = head < HEADS && size === 2 && first >= 1 && eot <= SECTORS;
    if (!onTrack || from >= to) {
      this.#end(time, ST0_INTR, ST1_ND, first);
      return;
    }
    this.#dma.request(
      DMA_CHANNEL,
      {
        toMemory: command === FD_READ,
        bytes: image.subarray(from, to),
        microsecondsPerByte: MICROSECONDS_PER_BYTE,
        ended: (end, moved, terminalCount) => {
          const next = first + Math.ceil(moved / SECTOR_SIZE);
          if (terminalCount) this.#end(end, 0, 0, next);
          else this.#end(end, ST0_INTR, next > eot ? ST1_EOC : ST1_ND, next);
        },
      },
      time,
    );
  }

  /** The result: where the next sector would be, on the next cylinder once EOT is done. */
  #end(time: number, st0: number, st1: number, next: number): void {
    const [, drive, cylinder, head, , size, eot] = this.#command;
    const unit = drive & 7;
    const place = next > eot ? [cylinder + 1, head, 1] : [cylinder, head, next];
    this.#result = [st0 | unit, st1, 0, ...place, size];
    this.#command = [];
    this.#machine.deviceLines.raise(this.#options.line, time);
  }
}
