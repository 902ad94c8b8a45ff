import { describe, expect, test } from 'vitest';
import { LocalApic } from '../../src/hw/local-apic.ts';

const apicWith = (...posts: readonly (readonly [vector: number, time: number])[]) => {
  const apic = new LocalApic();
  for (const [vector, time] of posts) apic.post(vector, time);
  return apic;
};

test('nothing waits at power-on', () => {
  const apic = new LocalApic();
  expect([apic.pending, apic.nextArrival(), apic.accept(1e9)]).toEqual([0, Infinity, -1]);
});

test('a vector is taken once, and not before it arrives', () => {
  const apic = apicWith([0x31, 100]);
  expect(apic.nextArrival()).toBe(100);
  expect([99, 100, 101].map((clock) => apic.accept(clock))).toEqual([-1, 0x31, -1]);
  expect(apic.pending).toBe(0);
});

test('of those that have arrived the highest is taken first', () => {
  const apic = apicWith([0x31, 10], [0xef, 90], [0x52, 20]);
  const take = (clock: number) => {
    const vector = apic.accept(clock);
    apic.endOfInterrupt();
    return vector;
  };
  expect([50, 50, 50, 90].map(take)).toEqual([0x52, 0x31, -1, 0xef]);
});

describe('posted twice', () => {
  test('before it is taken, a vector is one interrupt, at the earlier time', () => {
    const apic = apicWith([0x31, 100], [0x31, 50], [0x31, 70]);
    expect([apic.pending, apic.nextArrival()]).toEqual([1, 50]);
    apic.accept(100);
    apic.endOfInterrupt();
    expect([apic.pending, apic.accept(200)]).toEqual([0, -1]);
  });

  test('the second time in service, a vector waits for the end of the first', () => {
    const apic = apicWith([0x31, 0]);
    apic.accept(0);
    apic.post(0x31, 5);
    expect(apic.accept(10)).toBe(-1);
    apic.endOfInterrupt();
    expect(apic.accept(10)).toBe(0x31);
  });
});

describe('while vector 0x52 is in service', () => {
  test.each([
    [0x31, false, 'a lower priority'],
    [0x51, false, 'the same priority'],
    [0x5f, false, 'the same priority'],
    [0x60, true, 'a higher priority'],
    [0xfb, true, 'a higher priority'],
  ])('%i is taken: %s (%s)', (vector, taken) => {
    const apic = apicWith([0x52, 0]);
    apic.accept(0);
    apic.post(vector, 0);
    expect(apic.nextArrival()).toBe(taken ? 0 : Infinity);
    expect(apic.accept(0)).toBe(taken ? vector : -1);
  });
});

test('an end of interrupt goes back to the priority that was interrupted', () => {
  const apic = apicWith([0x31, 0], [0x42, 0]);
  apic.accept(0);
  apic.post(0x61, 0);
  expect(apic.accept(0)).toBe(0x61);
  apic.endOfInterrupt();
  expect(apic.accept(0)).toBe(-1);
  apic.endOfInterrupt();
  expect(apic.accept(0)).toBe(0x31);
});

test('while its CPU is stopped what comes is lost, and what waited with it', () => {
  const apic = apicWith([0x31, 0]);
  apic.stop();
  apic.post(0x42, 0);
  expect({ pending: apic.pending, next: apic.nextArrival() }).toEqual({ pending: 0, next: Infinity });
  apic.start();
  expect(apic.accept(0)).toBe(-1);
  apic.post(0x61, 0);
  expect(apic.accept(0)).toBe(0x61);
});
