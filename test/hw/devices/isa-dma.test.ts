import { describe, expect, test } from 'vitest';
import { KiB, MiB } from '../../../src/hw/memory.ts';
import { geometry, messageOf, play, states } from '../tiny-machine.ts';
import { bytesFrom, dmaMachine, FROM_MEMORY, TO_MEMORY } from './dma-machines.ts';

const AT = 0x1000;
const memoryAt = ({ machine }: ReturnType<typeof dmaMachine>, address: number, length: number) =>
  machine.memory.bytes.slice(address, address + length);

/** What `action` throws, null if nothing. */
function errorOf(action: () => void): Error | null {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  return null;
}

test('as the BIOS leaves it the cascade may be opened, and no other channel, which has no mode yet', () => {
  const { out } = dmaMachine();
  const unmask = (channel: number) => errorOf(() => out(channel < 4 ? 0x0a : 0xd4, channel & 3))?.message ?? 'opened';
  expect(unmask(4)).toBe('opened');
  for (const channel of [0, 1, 2, 3, 5, 6, 7]) expect(unmask(channel)).toContain('its mode is 0x0');
});

test('a word to the command register is taken, and changes nothing', () => {
  const { out, input } = dmaMachine();
  expect(() => [out(0x08, 0x55), out(0xd0, 0x55)]).not.toThrow();
  expect([0x00, 0x01, 0x02].map(input)).toEqual([0, 0, 0]);
});

describe('a transfer', () => {
  test("puts the device's bytes where the channel says, and nothing beside them", () => {
    const pc = dmaMachine();
    pc.open(AT + 5, 40);
    pc.ask(bytesFrom(40));
    pc.settle();
    expect(memoryAt(pc, AT + 4, 42)).toEqual(Uint8Array.of(0, ...bytesFrom(40), 0));
  });

  test('hands memory to the device in the other mode', () => {
    const pc = dmaMachine();
    pc.machine.memory.bytes.set(bytesFrom(40), AT + 5);
    const bytes = new Uint8Array(40);
    pc.open(AT + 5, 40, FROM_MEMORY);
    pc.ask(bytes, false);
    pc.settle();
    expect(bytes).toEqual(bytesFrom(40));
  });

  test("takes its device's time", () => {
    const pc = dmaMachine();
    pc.open(AT, 40);
    const begin = pc.cpu.clock;
    pc.ask(bytesFrom(40));
    pc.settle();
    expect(pc.ends).toEqual([{ time: begin + 40 * pc.machine.model.mhz, moved: 40, terminalCount: true }]);
  });

  test('moves a line when its last byte has come, so a CPU sees the first half before the second', () => {
    const pc = dmaMachine();
    pc.open(AT + 8, 16);
    pc.ask(bytesFrom(16));
    pc.pass(9 * pc.machine.model.mhz);
    expect(memoryAt(pc, AT + 8, 16)).toEqual(Uint8Array.of(...bytesFrom(8), 0, 0, 0, 0, 0, 0, 0, 0));
  });

  test.each([
    ['the device has less than the count', 64, 40, { moved: 40, terminalCount: false }],
    ['the count is less than the device has', 40, 64, { moved: 40, terminalCount: true }],
    ['both are the same', 40, 40, { moved: 40, terminalCount: true }],
    ['it is one byte', 1, 1, { moved: 1, terminalCount: true }],
  ])('ends where it should: %s', (_, count, offered, end) => {
    const pc = dmaMachine();
    pc.open(AT, count);
    pc.ask(bytesFrom(offered));
    pc.settle();
    expect(pc.ends).toMatchObject([end]);
    expect(memoryAt(pc, AT + end.moved, 1)).toEqual(Uint8Array.of(0));
  });
});

describe('the registers', () => {
  const registers = (pc: ReturnType<typeof dmaMachine>) => {
    pc.out(0x0c, 0);
    return { address: pc.input(4) | (pc.input(4) << 8), count: pc.input(5) | (pc.input(5) << 8) };
  };

  test('say how far a transfer has come', () => {
    const pc = dmaMachine();
    pc.open(AT, 48);
    pc.ask(bytesFrom(48));
    pc.pass(20 * pc.machine.model.mhz);
    expect(registers(pc)).toEqual({ address: AT + 16, count: 31 });
  });

  test('after the last byte: the count has gone through zero, the channel is masked, the status says so once', () => {
    const pc = dmaMachine();
    pc.open(AT, 16);
    pc.ask(bytesFrom(16));
    pc.settle();
    expect(registers(pc)).toEqual({ address: AT + 16, count: 0xffff });
    expect([pc.input(8), pc.input(8)]).toEqual([0x04, 0]);
    pc.ask(bytesFrom(16));
    pc.settle();
    expect(pc.ends).toHaveLength(1);
    expect(pc.input(8)).toBe(0x40);
  });

  test('the flip-flop is one for all channels of a controller, and the other controller has its own', () => {
    const pc = dmaMachine();
    pc.out(0x04, 0x11);
    pc.out(0xc4, 0x55);
    pc.out(0x02, 0x22);
    pc.out(0x0c, 0);
    pc.out(0xd8, 0);
    const [channel1, channel2, channel5] = [0x02, 0x04, 0xc4].map((port) => [pc.input(port), pc.input(port)]);
    expect({ channel1, channel2, channel5 }).toEqual({ channel1: [0, 0x22], channel2: [0x11, 0], channel5: [0x55, 0] });
  });

  test('a port that nothing decodes is named', () => {
    expect(messageOf(() => dmaMachine().out(0x0d, 0))).toMatch(/^I\/O port 0xd: nothing answers there/);
  });
});

describe('a masked channel', () => {
  test('lets the device wait until it is opened', () => {
    const pc = dmaMachine();
    pc.open(AT, 16);
    pc.out(0x0a, 2 | 4);
    pc.ask(bytesFrom(16));
    pc.settle();
    expect(memoryAt(pc, AT, 1)).toEqual(Uint8Array.of(0));
    pc.out(0x0a, 2);
    pc.settle();
    expect(memoryAt(pc, AT, 16)).toEqual(bytesFrom(16));
  });

  test('lets go of the bytes on their way, which come once and in their place when it opens again', () => {
    const pc = dmaMachine();
    pc.open(AT, 32);
    pc.ask(bytesFrom(32));
    pc.pass(20 * pc.machine.model.mhz);
    pc.out(0x0a, 2 | 4);
    pc.settle();
    expect(memoryAt(pc, AT, 32)).toEqual(Uint8Array.of(...bytesFrom(16), ...new Uint8Array(16)));
    pc.out(0x0a, 2);
    pc.settle();
    expect(memoryAt(pc, AT, 33)).toEqual(Uint8Array.of(...bytesFrom(32), 0));
    expect(pc.ends).toMatchObject([{ moved: 32, terminalCount: true }]);
  });
});

describe('what the channel cannot do is refused when it is opened', () => {
  const refusal = (address: number, length: number, mode = TO_MEMORY) =>
    errorOf(() => dmaMachine({ memory: 17 * MiB }).open(address, length, mode));

  test.each([
    ['the last byte of 24 bits', 0xffffff, 1, null],
    ['the first byte beyond', 0x1000000, 1, 'an ISA address has 24 bits'],
    ['the last 64 KB below 16 MB', 0xff0000, 64 * KiB, null],
    ['from below 16 MB to above', 0xffff00, 512, 'the address counter cannot cross 64 KB'],
    ['up to the end of a 64 KB page', 0x1fe00, 512, null],
    ['one byte beyond it', 0x1fe01, 512, 'the address counter cannot cross 64 KB'],
    ['from the start of one', 0x20000, 512, null],
    ['all of one', 0x20000, 64 * KiB, null],
    ['one byte more', 0x20000, 64 * KiB + 1, 'the count has 16 bits'],
    ['no byte at all', 0x20000, 0, 'the count has 16 bits'],
  ])('%s', (_, address, length, problem) => {
    const refused = refusal(address, length);
    expect(refused === null ? null : /refused: (.*);/.exec(refused.message)?.[1]).toBe(problem);
  });

  test.each([
    ['autoinitialisation', 0x54],
    ['verify', 0x40],
    ['demand', 0x04],
    ['downwards', 0x64],
  ])('a mode that is not modelled: %s', (_, mode) => {
    expect(refusal(AT, 16, mode)?.message).toContain(`its mode is 0x${mode.toString(16)}`);
  });

  test('the error names channel, address, length, and what would be right', () => {
    expect({ ...refusal(0x1000200, 512), message: refusal(0x1000200, 512)?.message }).toEqual({
      name: 'DmaRefused',
      channel: 2,
      address: 0x1000200,
      length: 512,
      message:
        'DMA channel 2: 512 bytes at 0x01000200 refused: an ISA address has 24 bits; ' +
        'allocate it with GFP_DMA, below 0x1000000, within one 64 KB page',
    });
  });

  test('memory that is not there', () => {
    const pc = dmaMachine();
    pc.machine.memory.setPresent(0x2000, 0x3000, false);
    expect(errorOf(() => pc.open(0x1ff0, 17))?.message).toContain('no memory is there');
    expect(errorOf(() => pc.open(0xfff0, 16))).toBeNull();
    expect(errorOf(() => pc.open(0x10000, 16))?.message).toContain('no memory is there');
  });

  test('a device that moves bytes the other way, whoever comes first', () => {
    const pc = dmaMachine();
    pc.open(AT, 16);
    expect(messageOf(() => pc.ask(bytesFrom(16), false))).toContain('the device moves them the other way');
    const late = dmaMachine();
    late.ask(bytesFrom(16), false);
    expect(messageOf(() => late.open(AT, 16))).toContain('the device moves them the other way');
  });
});

test.each([
  ['the cascade', 4, 2, 'no device can ask for it'],
  ['a channel that there is not', 8, 2, 'no device can ask for it'],
  ['a channel that serves another', 2, 2, 'a device asks while one is served'],
  ['a word channel for half a word', 5, 3, 'a device with 3 bytes'],
  ['no byte', 3, 0, 'a device with 0 bytes'],
])('a device cannot ask for %s', (_, channel, length, problem) => {
  const pc = dmaMachine();
  pc.ask(bytesFrom(16));
  const request = { toMemory: true, bytes: bytesFrom(length), microsecondsPerByte: 1, ended() {} };
  expect(messageOf(() => pc.dma.request(channel, request, 0))).toContain(`DMA channel ${channel}: ${problem};`);
});

describe('a word channel', () => {
  /** Channel 5: its page, its address in words, its count in words less one. */
  const open = (pc: ReturnType<typeof dmaMachine>, page: number, words: number, last: number) => {
    pc.out(0xd8, 0);
    pc.out(0xd6, TO_MEMORY | 1);
    pc.out(0x8b, page);
    for (const byte of [words & 0xff, words >> 8]) pc.out(0xc4, byte);
    for (const byte of [last & 0xff, last >> 8]) pc.out(0xc6, byte);
    pc.out(0xd4, 1);
  };

  test('counts words, and takes 17 bits of the address from its counter', () => {
    const pc = dmaMachine({ memory: 256 * KiB });
    open(pc, 3, 0x8000, 7); // bit 0 of the page is not used: 0x20000 + 2 * 0x8000
    const ended = () => pc.ends.push({ time: 0, moved: 0, terminalCount: true });
    pc.dma.request(5, { toMemory: true, bytes: bytesFrom(16), microsecondsPerByte: 1, ended }, pc.cpu.clock);
    pc.settle();
    expect(memoryAt(pc, 0x30000, 17)).toEqual(Uint8Array.of(...bytesFrom(16), 0));
  });

  test.each([
    ['across 64 KB', 2, 0x7ff8, 15, null],
    ['up to 128 KB', 2, 0xfff0, 15, null],
    ['across 128 KB', 2, 0xfff1, 15, 'the address counter cannot cross 128 KB'],
    ['all of 128 KB', 2, 0, 0xffff, null],
    ['above 16 MB', 0x100, 0, 0, 'an ISA address has 24 bits'],
  ])('goes %s', (_, page, words, last, problem) => {
    const refused = errorOf(() => open(dmaMachine({ memory: 17 * MiB }), page, words, last));
    expect(refused === null ? null : /refused: (.*);/.exec(refused.message)?.[1]).toBe(problem);
  });
});

describe('a transfer snoops the caches', () => {
  // Steps of the CPUs on the line at AT; lines of 16 bytes in one set, so that others do not push it out.
  const snooped = (steps: string, mode: number) => {
    const pc = dmaMachine({ l1: geometry(1, 2, 16), classes: 'all' });
    if (steps !== '') play(pc.machine, steps);
    pc.open(AT, 16, mode);
    pc.ask(bytesFrom(16), mode === TO_MEMORY);
    pc.settle();
    const count = (name: 'dmaInvalidations' | 'writebacksIntervRead' | 'writebacksIntervWrite') =>
      pc.machine.cpus.map(({ counters }) => counters[name]);
    return {
      states: states(pc.machine, AT),
      dmaInvalidations: count('dmaInvalidations'),
      writebacks: mode === TO_MEMORY ? count('writebacksIntervWrite') : count('writebacksIntervRead'),
      others: pc.machine.cpus.map(({ counters }) => counters.invalidationsReceived + counters.invalidationsSent),
    };
  };

  test.each([
    ['II', '', [0, 0], [0, 0]],
    ['EI', '0r1000', [1, 0], [0, 0]],
    ['IE', '1r1000', [0, 1], [0, 0]],
    ['SS', '0r1000 1r1000', [1, 1], [0, 0]],
    ['MI', '0w1000', [1, 0], [1, 0]],
    ['IM', '1w1000', [0, 1], [0, 1]],
  ])('that writes memory: copies in %s are lost and counted, a Modified one is written back first', (...row) => {
    const [before, steps, dmaInvalidations, writebacks] = row;
    expect(before).toBe(statesAfter(steps));
    expect(snooped(steps, TO_MEMORY)).toEqual({ states: 'II', dmaInvalidations, writebacks, others: [0, 0] });
  });

  test.each([
    ['II', '', 'II', [0, 0]],
    ['EI', '0r1000', 'SI', [0, 0]],
    ['SS', '0r1000 1r1000', 'SS', [0, 0]],
    ['MI', '0w1000', 'SI', [1, 0]],
    ['IM', '1w1000', 'IS', [0, 1]],
  ])('that reads memory: copies in %s stay, a Modified one is written back', (before, steps, after, writebacks) => {
    expect(before).toBe(statesAfter(steps));
    expect(snooped(steps, FROM_MEMORY)).toEqual({
      states: after,
      dmaInvalidations: [0, 0],
      writebacks,
      others: [0, 0],
    });
  });

  function statesAfter(steps: string): string {
    const pc = dmaMachine({ l1: geometry(1, 2, 16) });
    if (steps !== '') play(pc.machine, steps);
    return states(pc.machine, AT);
  }

  test('each line that it writes, whole or in part, and no line beside them', () => {
    const pc = dmaMachine({ l1: geometry(8, 2, 16) });
    for (const line of ['0ff0', '1000', '1010', '1020', '1030']) play(pc.machine, `0w${line}`);
    pc.open(AT + 4, 32);
    pc.ask(bytesFrom(32));
    pc.settle();
    const held = [0x0ff0, 0x1000, 0x1010, 0x1020, 0x1030].map((line) => states(pc.machine, line));
    expect(held).toEqual(['MI', 'II', 'II', 'II', 'MI']);
    expect(pc.cpu.counters.dmaInvalidations).toBe(3);
  });

  test.each([
    ['a load of a word that it wrote is true sharing', '0r1000', 4, '0r1004', { true: 1, false: 0 }],
    ['a load of another word of the line is false sharing', '0r1000', 4, '0r1000', { true: 0, false: 1 }],
    ['so it is for the CPU that had modified it', '0w1004', 4, '0r1004', { true: 1, false: 0 }],
    ['a CPU that never held the line misses cold', '1r1000', 4, '0r1004', { true: 0, false: 0 }],
    ['a CPU that lost the line to another CPU before', '0r1000 1w1000', 4, '0r1004', { true: 1, false: 0 }],
    ['a CPU that fetched it again after the transfer hits', '0r1000', 4, '0r1004 0r1004', { true: 1, false: 0 }],
  ])('%s', (_, before, offset, after, sharing) => {
    const pc = dmaMachine({ l1: geometry(1, 2, 16), classes: 'all' });
    play(pc.machine, before);
    pc.open(AT + offset, 4);
    pc.ask(bytesFrom(4));
    pc.settle();
    play(pc.machine, after);
    const { trueSharingMisses, falseSharingMisses, coherenceMisses } = pc.cpu.counters;
    expect({ true: trueSharingMisses, false: falseSharingMisses }).toEqual(sharing);
    expect(coherenceMisses).toBe(sharing.true + sharing.false);
  });

  test('a store after it is not lost: it hits no line that the transfer took', () => {
    const pc = dmaMachine();
    pc.cpu.store32(AT, 7);
    pc.open(AT, 16);
    pc.ask(bytesFrom(16));
    pc.settle();
    const { writeMisses } = pc.cpu.counters;
    pc.cpu.store32(AT, 9);
    expect(pc.cpu.counters.writeMisses).toBe(writeMisses + 1);
  });
});

test('those who sleep while a long transfer goes on are not taken for a lockup', () => {
  const pc = dmaMachine({ lockupCycles: 100_000, memory: 128 * KiB }, 1);
  const { machine, cpu } = pc;
  const context = machine.scheduler.spawn(
    cpu,
    (function* () {
      pc.open(0x10000, 4096);
      const ended = (time: number) => machine.scheduler.wake(context, time);
      pc.dma.request(2, { toMemory: true, bytes: bytesFrom(4096), microsecondsPerByte: 1, ended }, cpu.clock);
      machine.scheduler.block(cpu);
      yield;
    })(),
  );
  machine.scheduler.run();
  expect(cpu.counters.idleCycles).toBe(4096 * machine.model.mhz);
});
