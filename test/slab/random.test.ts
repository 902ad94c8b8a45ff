import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { upConfig } from '../../src/slab/linux-2.4/config.ts';
import { booted } from '../machines.ts';
import { randomRun } from './random.ts';

test.each(['one', 'two', 'three'])('four CPUs under random load keep every invariant (seed %s)', (seed) => {
  const { check, live } = randomRun(booted({ cpus: 4 }), seed, 3000);
  check();
  expect(live.every((objects) => objects.size > 0)).toBe(true);
});

test('a uniprocessor build keeps every invariant', () => {
  randomRun(booted({ cpus: 1, config: upConfig }), 'up', 5000).check();
});

test('the same seed gives the same memory, byte for byte', () => {
  const digest = () => {
    const machine = booted({ cpus: 2 });
    randomRun(machine, 'again', 2000);
    return createHash('sha256').update(machine.machine.memory.bytes).digest('hex');
  };
  expect(digest()).toBe(digest());
});
