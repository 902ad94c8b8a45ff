import { expect, test } from 'vitest';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { IsaDma } from '../../src/hw/devices/isa-dma.ts';
import {
  claim_dma_lock,
  clear_dma_ff,
  DMA_MODE_READ,
  disable_dma,
  enable_dma,
  free_dma,
  get_dma_residue,
  release_dma_lock,
  request_dma,
  set_dma_addr,
  set_dma_count,
  set_dma_mode,
} from '../../src/kernel/dma.ts';
import { inb } from '../../src/kernel/io.ts';
import type { SlabConfig } from '../../src/slab/linux-2.4/config.ts';
import { smpConfig, upConfig } from '../../src/slab/linux-2.4/config.ts';
import { messageOf } from '../hw/tiny-machine.ts';
import { kernelOn, SCRATCH } from './kernels.ts';

function isaKernel(cpus = 1, config: Partial<SlabConfig> = {}) {
  const k = kernelOn(cpus, { ...smpConfig, CONFIG_ISA: true, ...config });
  const dma = new IsaDma(k.machine);
  const cpu = k.machine.cpus[0]!;
  const program = (dmanr: number, address: number, count: number) => {
    clear_dma_ff(k, cpu, dmanr);
    set_dma_mode(k, cpu, dmanr, DMA_MODE_READ);
    set_dma_addr(k, cpu, dmanr, address);
    set_dma_count(k, cpu, dmanr, count);
  };
  const run = <T>(work: Program<T>) => k.machine.run(cpu, work);
  return { k, cpu, dma, program, run };
}

// dma.h: the mask, mode and flip-flop registers of the two controllers.
test.each([
  [0, [0x0a, 0], [0x0a, 4], [0x0c, 0], [0x0b, 0x44]],
  [1, [0x0a, 1], [0x0a, 5], [0x0c, 0], [0x0b, 0x45]],
  [3, [0x0a, 3], [0x0a, 7], [0x0c, 0], [0x0b, 0x47]],
  [5, [0xd4, 1], [0xd4, 5], [0xd8, 0], [0xd6, 0x45]],
  [7, [0xd4, 3], [0xd4, 7], [0xd8, 0], [0xd6, 0x47]],
])(
  'channel %i: enabling writes port and value %j, disabling %j, the flip-flop %j, the mode %j',
  (dmanr, ...expected) => {
    const { k, cpu } = isaKernel();
    const written: [number, number][] = [];
    k.machine.ioPorts.write = (_cpu, port, value) => written.push([port, value]);
    enable_dma(k, cpu, dmanr);
    disable_dma(k, cpu, dmanr);
    clear_dma_ff(k, cpu, dmanr);
    set_dma_mode(k, cpu, dmanr, DMA_MODE_READ);
    expect(written).toEqual(expected);
  },
);

test.each([
  [0x123456, 3, 0x12],
  [0x133456, 3, 0x13],
  [0x133456, 5, 0x12],
  [0x1ff_0000, 2, 0x1ff],
])('of address %i channel %i has page %i', (address, dmanr, page) => {
  const { k, cpu } = isaKernel();
  const written: number[] = [];
  k.machine.ioPorts.write = (_cpu, port, value) => {
    if (port > 0x80 && port < 0x90) written.push(value);
  };
  set_dma_addr(k, cpu, dmanr, address);
  expect(written).toEqual([page]);
});

test('who asks for a channel first in time has it, whoever runs first; and who comes when it is free again', () => {
  const { k } = isaKernel(2);
  const [cpu0, cpu1] = k.machine.cpus as [Cpu, Cpu];
  const start = Math.max(cpu0.clock, cpu1.clock);
  const got: string[] = [];
  function* asks(cpu: Cpu, time: number): Program {
    cpu.clock = start + time;
    got.push(`cpu${cpu.id} at ${time}: ${yield* request_dma(k, cpu, 2)}`);
  }
  function* first(): Program {
    yield* asks(cpu0, 5000);
    yield* asks(cpu0, 30_000);
  }
  function* second(): Program {
    yield* asks(cpu1, 1000);
    cpu1.clock = start + 20_000;
    yield* free_dma(k, cpu1, 2);
  }
  k.machine.scheduler.spawn(cpu0, first());
  k.machine.scheduler.spawn(cpu1, second());
  k.machine.scheduler.run();
  expect(got).toEqual(['cpu1 at 1000: 0', 'cpu0 at 5000: -16', 'cpu0 at 30000: 0']);
});

test('the name of who has a channel is kept beside its lock', () => {
  const { k, cpu, run } = isaKernel();
  run(request_dma(k, cpu, 3, SCRATCH));
  const channel = k.symbols.address('dma_chan_busy') + 3 * 8;
  expect([k.machine.memory.peek32(channel), k.machine.memory.peek32(channel + 4)]).toEqual([1, SCRATCH]);
});

// dma.h: DMA_ADDR_n, DMA_CNT_n, DMA_PAGE_n.
test.each([
  [0, 0x00, 0x01, 0x87],
  [1, 0x02, 0x03, 0x83],
  [2, 0x04, 0x05, 0x81],
  [3, 0x06, 0x07, 0x82],
])('channel %i: the address goes to port %i in bytes, the count to %i, the page to %i', (dmanr, addr, cnt, page) => {
  const { k, cpu, program } = isaKernel();
  program(dmanr, 0x123456, 0x0789);
  const read = (port: number) => inb(k, cpu, port);
  expect([read(addr), read(addr), read(cnt), read(cnt), read(page)]).toEqual([0x56, 0x34, 0x88, 0x07, 0x12]);
});

test.each([
  [5, 0xc4, 0xc6, 0x8b],
  [6, 0xc8, 0xca, 0x89],
  [7, 0xcc, 0xce, 0x8a],
])('channel %i: the address goes to port %i in words, the count to %i, the page to %i', (dmanr, addr, cnt, page) => {
  const { k, cpu, program } = isaKernel();
  program(dmanr, 0x133456, 0x0788);
  const read = (port: number) => inb(k, cpu, port);
  // 0x13 without its lowest bit; that bit and the rest, halved: 0x13456 / 2 = 0x9a2b. 0x788 / 2 - 1 = 0x3c3.
  expect([read(addr), read(addr), read(cnt), read(cnt), read(page)]).toEqual([0x2b, 0x9a, 0xc3, 0x03, 0x12]);
});

test.each([1, 2, 3, 5, 6, 7])('channel %i says how much is left to move', (dmanr) => {
  const { k, cpu, dma, program } = isaKernel();
  const residue = () => {
    clear_dma_ff(k, cpu, dmanr);
    return get_dma_residue(k, cpu, dmanr);
  };
  program(dmanr, SCRATCH, 1024);
  const before = residue();
  enable_dma(k, cpu, dmanr);
  const bytes = new Uint8Array(1000);
  dma.request(dmanr, { toMemory: true, bytes, microsecondsPerByte: 1, ended() {} }, cpu.clock);
  k.machine.run(cpu, wait(cpu));
  expect([before, residue()]).toEqual([1024, 24]);
});

function* wait(cpu: Cpu): Program {
  cpu.clock += 10_000_000;
  yield;
}

test('nothing is left after the last byte', () => {
  const { k, cpu, dma, program } = isaKernel();
  program(2, SCRATCH, 512);
  enable_dma(k, cpu, 2);
  const bytes = new Uint8Array(512);
  dma.request(2, { toMemory: true, bytes, microsecondsPerByte: 1, ended() {} }, cpu.clock);
  k.machine.run(cpu, wait(cpu));
  clear_dma_ff(k, cpu, 2);
  expect(get_dma_residue(k, cpu, 2)).toBe(0);
});

test('a disabled channel moves nothing until it is enabled', () => {
  const { k, cpu, dma, program } = isaKernel();
  let ended = 0;
  program(2, SCRATCH, 16);
  enable_dma(k, cpu, 2);
  disable_dma(k, cpu, 2);
  const bytes = new Uint8Array(16);
  dma.request(2, { toMemory: true, bytes, microsecondsPerByte: 1, ended: () => ended++ }, cpu.clock);
  k.machine.run(cpu, wait(cpu));
  expect(ended).toBe(0);
  enable_dma(k, cpu, 2);
  k.machine.run(cpu, wait(cpu));
  expect(ended).toBe(1);
});

test('an address that Linux would cut to 24 bits is refused when the channel is enabled, not before', () => {
  const { k, cpu, program } = isaKernel();
  program(2, 0x1234000, 512);
  expect(messageOf(() => enable_dma(k, cpu, 2))).toMatch(/^DMA channel 2: 512 bytes at 0x01234000 refused/);
  program(2, SCRATCH, 512);
  enable_dma(k, cpu, 2);
});

test.each([
  ['an address', 0x400001, 512],
  ['a length', 0x400000, 511],
])('a word channel takes no odd number for %s', (_, address, count) => {
  const { program } = isaKernel();
  expect(messageOf(() => program(5, address, count))).toMatch(
    /^DMA channel 5: \d+ is odd; channels 5 to 7 move words: addresses and lengths are even$/,
  );
});

test('an access to a port takes a microsecond', () => {
  const { k, cpu } = isaKernel();
  const before = cpu.clock;
  clear_dma_ff(k, cpu, 2);
  expect(cpu.clock - before).toBe(k.machine.model.mhz);
});

test('a channel has one owner at a time; the cascade has one from the start; there is no channel 8', () => {
  const { k, cpu, run } = isaKernel();
  const took = [2, 2, 3, 4, 8].map((dmanr) => run(request_dma(k, cpu, dmanr)));
  run(free_dma(k, cpu, 2));
  expect([...took, run(request_dma(k, cpu, 2))]).toEqual([0, -16, 0, -16, -22, 0]);
});

test('a channel freed that nobody holds, or that there is not, is complained of', () => {
  const { k, cpu, run } = isaKernel();
  run(free_dma(k, cpu, 2));
  run(free_dma(k, cpu, 8));
  expect(k.log).toEqual(['Trying to free free DMA2', 'Trying to free DMA8']);
});

test('the DMA lock keeps the other CPU, and interrupts, out while a channel is programmed', () => {
  const { k } = isaKernel(2);
  const log: string[] = [];
  function* owner(cpu: Cpu): Program {
    const flags = yield* claim_dma_lock(k, cpu);
    log.push(`cpu${cpu.id} in, interrupts ${cpu.interruptsOn ? 'on' : 'off'}`);
    cpu.clock += 1000;
    yield;
    log.push(`cpu${cpu.id} out`);
    yield* release_dma_lock(k, cpu, flags);
  }
  for (const cpu of k.machine.cpus) k.machine.scheduler.spawn(cpu, owner(cpu));
  k.machine.scheduler.run();
  expect(log).toEqual(['cpu0 in, interrupts off', 'cpu0 out', 'cpu1 in, interrupts off', 'cpu1 out']);
  expect(k.machine.cpus.every(({ interruptsOn }) => interruptsOn)).toBe(true);
});

test.each([0, 4] as const)('a uniprocessor kernel with spinlocks of %i bytes has channels too', (spinlockBytes) => {
  const { k, cpu, run } = isaKernel(1, { ...upConfig, spinlockBytes });
  const flags = run(claim_dma_lock(k, cpu));
  run(release_dma_lock(k, cpu, flags));
  expect([4, 2].map((dmanr) => run(request_dma(k, cpu, dmanr)))).toEqual([-16, 0]);
});

test('a kernel built without ISA says so', () => {
  const { k, cpu, run } = isaKernel(1, { CONFIG_ISA: false });
  expect(messageOf(() => run(request_dma(k, cpu, 2)))).toMatch(/built without ISA; build it with CONFIG_ISA$/);
});
