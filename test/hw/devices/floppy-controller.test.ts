import { describe, expect, test } from 'vitest';
import {
  FD_DATA,
  FD_READ,
  FD_STATUS,
  FD_WRITE,
  FloppyController,
  SECTOR_SIZE,
  ST0_INTR,
  ST1_EOC,
  ST1_ND,
} from '../../../src/hw/devices/floppy-controller.ts';
import { messageOf } from '../tiny-machine.ts';
import { dmaMachine, FROM_MEMORY, TO_MEMORY } from './dma-machines.ts';

const VECTOR = 0x26;
const AT = 0x2000;

/** A PC with a disk of so many sectors, each full of its own number, from 1. */
function floppyPc(sectors = 40) {
  const pc = dmaMachine();
  const image = Uint8Array.from({ length: sectors * SECTOR_SIZE }, (_, i) => 1 + Math.floor(i / SECTOR_SIZE));
  const interrupts: number[] = [];
  pc.machine.idt[VECTOR] = function* (cpu) {
    interrupts.push(cpu.clock);
  };
  const line = pc.machine.deviceLines.connect(VECTOR, pc.cpu);
  new FloppyController(pc.machine, pc.dma, { image, line });
  const command = (code: number, cylinder: number, head: number, first: number, eot: number, size = 2) => {
    for (const byte of [code, (head & 1) << 2, cylinder, head, first, size, eot, 27, 0xff]) pc.out(FD_DATA, byte);
  };
  const result = () => Array.from({ length: 7 }, () => pc.input(FD_DATA));
  const memory = (offset: number) => pc.machine.memory.peek8(AT + offset);
  return { ...pc, image, interrupts, command, result, memory };
}

describe('READ DATA', () => {
  test.each([
    ['the first sector', 0, 0, 1, 1],
    ['the last of a track', 0, 0, 18, 18],
    ['the first of the other side', 0, 1, 1, 19],
    ['the first of the next cylinder', 1, 0, 1, 37],
  ])('moves %s to memory', (_, cylinder, head, sector, number) => {
    const pc = floppyPc();
    pc.open(AT, SECTOR_SIZE, TO_MEMORY);
    pc.command(FD_READ, cylinder, head, sector, sector);
    pc.settle();
    expect([pc.memory(-1), pc.memory(0), pc.memory(511), pc.memory(512)]).toEqual([0, number, number, 0]);
  });

  test('raises its line once, when the last byte has moved, and not earlier', () => {
    const pc = floppyPc();
    pc.open(AT, SECTOR_SIZE);
    pc.command(FD_READ, 0, 0, 1, 1);
    const begin = pc.cpu.clock;
    pc.settle();
    expect(pc.interrupts).toHaveLength(1);
    expect(pc.interrupts[0]).toBeGreaterThanOrEqual(begin + 512 * 16 * pc.machine.model.mhz);
  });

  test.each([
    ['one sector', 3, 3, 512, [0, 0, 0, 1, 0, 1, 2]],
    ['the first of those it could read, as the count ends there', 3, 18, 512, [0, 0, 0, 0, 0, 4, 2]],
    ['two sectors', 3, 4, 1024, [0, 0, 0, 1, 0, 1, 2]],
    ['half a sector, as the count ends there', 3, 3, 256, [0, 0, 0, 1, 0, 1, 2]],
    ['fewer sectors than were counted', 3, 3, 1024, [ST0_INTR, ST1_EOC, 0, 1, 0, 1, 2]],
  ])('tells how it went: %s', (_, first, eot, length, result) => {
    const pc = floppyPc();
    pc.open(AT, length);
    pc.command(FD_READ, 0, 0, first, eot);
    pc.settle();
    expect(pc.result()).toEqual(result);
  });

  test.each([
    ['there is no sector 0', 0, 0, 0, 0, 2],
    ['there is no sector 19', 0, 0, 19, 19, 2],
    ['there is no third head', 0, 2, 1, 1, 2],
    ['the disk ends before that cylinder', 2, 0, 1, 1, 2],
    ['sectors are not of 1024 bytes', 0, 0, 1, 1, 3],
  ])('finds no sector where there is none: %s', (_, cylinder, head, first, eot, size) => {
    const pc = floppyPc();
    pc.open(AT, SECTOR_SIZE);
    pc.command(FD_READ, cylinder, head, first, eot, size);
    pc.settle();
    expect(pc.interrupts).toHaveLength(1);
    expect(pc.result().slice(0, 3)).toEqual([ST0_INTR | ((head & 1) << 2), ST1_ND, 0]);
    expect(pc.memory(0)).toBe(0);
  });

  test('finds what the disk has, and misses the rest', () => {
    const pc = floppyPc(2);
    pc.open(AT, 4 * SECTOR_SIZE);
    pc.command(FD_READ, 0, 0, 1, 4);
    pc.settle();
    expect(pc.result()).toEqual([ST0_INTR, ST1_ND, 0, 0, 0, 3, 2]);
    expect([pc.memory(1023), pc.memory(1024)]).toEqual([2, 0]);
  });
});

test('WRITE DATA moves memory to the disk, and only to that sector', () => {
  const pc = floppyPc(3);
  for (let i = 0; i < SECTOR_SIZE; i++) pc.machine.memory.poke8(AT + i, 0x77);
  pc.open(AT, SECTOR_SIZE, FROM_MEMORY);
  pc.command(FD_WRITE, 0, 0, 2, 2);
  pc.settle();
  expect([511, 512, 1023, 1024].map((at) => pc.image[at])).toEqual([1, 0x77, 0x77, 3]);
});

test('the status register follows a command: ready, busy, a result to be read, ready', () => {
  const pc = floppyPc();
  const seen = [pc.input(FD_STATUS)];
  pc.open(AT, SECTOR_SIZE);
  pc.out(FD_DATA, FD_READ);
  seen.push(pc.input(FD_STATUS));
  for (const byte of [0, 0, 0, 1, 2, 1, 27, 0xff]) pc.out(FD_DATA, byte);
  seen.push(pc.input(FD_STATUS));
  pc.settle();
  seen.push(pc.input(FD_STATUS));
  pc.result();
  seen.push(pc.input(FD_STATUS));
  expect(seen).toEqual([0x80, 0x90, 0x10, 0xd0, 0x80]);
});

test('a command that is not modelled is named', () => {
  expect(messageOf(() => floppyPc().out(FD_DATA, 0x08))).toMatch(/^82077AA: command 0x8 is not modelled/);
});

test('a disk is whole sectors', () => {
  const { machine, dma } = dmaMachine();
  const fault = () => new FloppyController(machine, dma, { image: new Uint8Array(700), line: 0 });
  expect(messageOf(fault)).toBe('floppy: an image of 700 bytes; it must be whole sectors of 512 bytes');
});
