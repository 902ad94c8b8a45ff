import { describe, expect, test } from 'vitest';
import { finalStates } from '../../../src/lab/litmus/explore.ts';
import { type Instruction, type LitmusTest, tellState } from '../../../src/lab/litmus/litmus-test.ts';
import { publishedTest, publishedTests } from '../../../src/lab/litmus/named-tests.ts';
import { holds } from '../../../src/lab/litmus/question.ts';
import { runOnCpus } from '../../../src/lab/litmus/seeded-run.ts';
import fc from '../../fast-check.ts';

const tso = (of: LitmusTest) => finalStates(of, 'tso').map(tellState);
const sc = (of: LitmusTest) => finalStates(of, 'sc').map(tellState);

describe('the exhaustive explorer', () => {
  test('two CPUs that each store, then load what the other stores: both may load the old value, under TSO alone', () => {
    const { test: sb } = publishedTest('SB');
    const seen = ['X=1 Y=1 0:EAX=0 1:EAX=1', 'X=1 Y=1 0:EAX=1 1:EAX=0', 'X=1 Y=1 0:EAX=1 1:EAX=1'];
    expect(tso(sb)).toEqual(['X=1 Y=1 0:EAX=0 1:EAX=0', ...seen]);
    expect(sc(sb)).toEqual(seen);
  });

  test('a fence between them forbids it', () => {
    const { test: sb } = publishedTest('SB+mfences');
    expect(tso(sb)).toEqual(sc(sb));
  });

  test('a store may leave the buffer long after the thread has ended', () => {
    const late: LitmusTest = {
      name: 'late',
      threads: [[{ op: 'store', location: 'x', from: { value: 1 } }], [{ op: 'load', register: 'EAX', location: 'x' }]],
      init: { x: 7 },
      question: null,
    };
    expect(tso(late)).toEqual(['x=1 1:EAX=1', 'x=1 1:EAX=7']);
  });

  test('a load takes the newest store of its own thread', () => {
    const twice: LitmusTest = {
      name: 'twice',
      threads: [
        [
          { op: 'store', location: 'x', from: { value: 1 } },
          { op: 'store', location: 'x', from: { value: 2 } },
          { op: 'load', register: 'EAX', location: 'x' },
        ],
      ],
      init: {},
      question: null,
    };
    expect(tso(twice)).toEqual(['x=2 0:EAX=2']);
  });

  test('a buffered store keeps the value that its register had, though the register changes', () => {
    const kept: LitmusTest = {
      name: 'kept',
      threads: [
        [
          { op: 'move', register: 'EAX', from: { value: 5 } },
          { op: 'store', location: 'x', from: { register: 'EAX' } },
          { op: 'exchange', location: 'y', register: 'EAX' },
          { op: 'move', register: 'EAX', from: { value: 9 } },
        ],
      ],
      init: { y: -3 },
      question: null,
    };
    expect(tso(kept)).toEqual(['x=5 y=5 0:EAX=9']);
  });

  test('a question of each kind has its answer under each model', () => {
    const { test: sb } = publishedTest('SB');
    const ask = (quantifier: 'exists' | '~exists' | 'forall') =>
      (['tso', 'sc'] as const).map((model) => holds({ ...sb.question!, quantifier }, finalStates(sb, model)));
    expect({ exists: ask('exists'), never: ask('~exists'), always: ask('forall') }).toEqual({
      exists: [true, false],
      never: [false, true],
      always: [false, false],
    });
  });

  test.each([
    [1100, 'more than 1000000 states to explore; take fewer threads or instructions'],
    [5001, '10002 instructions; a test may have 10000'],
  ])('two threads of %i loads are refused', (loads, message) => {
    const thread = Array<Instruction>(loads).fill({ op: 'load', register: 'EAX', location: 'x' });
    const large: LitmusTest = { name: 'large', threads: [thread, thread], init: {}, question: null };
    expect(() => finalStates(large, 'tso')).toThrow(`large: ${message}`);
  });
});

const location = fc.constantFrom('x', 'y');
const register = fc.constantFrom('EAX', 'EBX');
const value = fc.integer({ min: 1, max: 3 }).map((value) => ({ value }));
const store = fc.record({
  op: fc.constant('store' as const),
  location,
  from: fc.oneof(value, fc.record({ register })),
});
const instruction = fc.oneof(
  { weight: 4, arbitrary: store },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('load' as const), register, location }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('exchange' as const), register, location }) },
  { weight: 1, arbitrary: fc.constant({ op: 'mfence' as const }) },
);
const program = fc
  .array(fc.array(instruction, { maxLength: 4 }), { minLength: 1, maxLength: 3 })
  .map((threads): LitmusTest => ({ name: 'random', threads, init: { x: 0, y: 0 }, question: null }));

describe('of random programs', () => {
  test('what sequential consistency allows, TSO allows', () => {
    fc.assert(
      fc.property(program, (random) => {
        expect(tso(random)).toEqual(expect.arrayContaining(sc(random)));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('with a fence after each store TSO allows no more than sequential consistency', () => {
    const fenced = ({ threads, ...rest }: LitmusTest): LitmusTest => ({
      ...rest,
      threads: threads.map((thread) =>
        thread.flatMap((each): Instruction[] => (each.op === 'store' ? [each, { op: 'mfence' }] : [each])),
      ),
    });
    fc.assert(
      fc.property(program.map(fenced), (random) => {
        expect(tso(random)).toEqual(sc(random));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('the emulated CPUs stay within what TSO allows, and without store buffers within what SC allows', () => {
    fc.assert(
      fc.property(program, fc.nat(), (random, seed) => {
        for (const model of ['tso', 'sc'] as const) {
          const allowed = finalStates(random, model).map(tellState);
          const runs = Array.from({ length: 20 }, (_, run) => tellState(runOnCpus(random, `${seed}/${run}`, model)));
          expect(allowed).toEqual(expect.arrayContaining(runs));
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe('seeded runs of the published tests on the emulated CPUs', () => {
  test('reach every state that TSO allows, and no other', { timeout: 60_000 }, () => {
    const missing: string[] = [];
    for (const { test: published } of publishedTests()) {
      const allowed = new Set(tso(published));
      const left = new Set(allowed);
      for (let run = 1; run <= 200 || (left.size > 0 && run <= 5000); run++) {
        const state = tellState(runOnCpus(published, `1/${run}`));
        if (!allowed.has(state)) expect.fail(`${published.name}, run ${run}: ${state}`);
        left.delete(state);
      }
      missing.push(...[...left].map((state) => `${published.name}: ${state}`));
    }
    expect(missing).toEqual([]);
  });

  test('are the same for the same seed', () => {
    const { test: n6 } = publishedTest('n6');
    const runs = (seed: string) => Array.from({ length: 50 }, (_, run) => tellState(runOnCpus(n6, `${seed}/${run}`)));
    expect(runs('a')).toEqual(runs('a'));
    expect(runs('a')).not.toEqual(runs('b'));
  });
});
