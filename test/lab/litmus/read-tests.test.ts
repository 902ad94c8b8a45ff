import { describe, expect, test } from 'vitest';
import { finalStates } from '../../../src/lab/litmus/explore.ts';
import { looksLikeJsonTests, toJson } from '../../../src/lab/litmus/json-tests.ts';
import { tellState } from '../../../src/lab/litmus/litmus-test.ts';
import { publishedTest } from '../../../src/lab/litmus/named-tests.ts';
import { holds, parseQuestion } from '../../../src/lab/litmus/question.ts';
import { readLitmusTests } from '../../../src/lab/litmus/read-tests.ts';
import { verifyLitmus } from '../../../src/lab/verify/litmus.ts';
import { messageOf } from '../../hw/tiny-machine.ts';

const sb = {
  program: [
    [
      ['W', 'x', ['i', 1]],
      ['R', 'EAX', 'y'],
    ],
    [
      ['W', 'y', ['i', 1]],
      ['R', 'EAX', 'x'],
    ],
  ],
};
const read = (...records: object[]) =>
  readLitmusTests(records.map((record) => JSON.stringify(record)).join('\n'), 'sb.jsonl');
const herd = (text: string) => readLitmusTests(text, 'sb.litmus')[0]!.test;

const intel = `X86 SB
"Fre PodWR Fre PodWR"
{ x=0; 0:EAX=0; }
 P0          | P1          ;
 MOV [x],$1  | MOV [y],$1  ; (* a comment *)
 MOV EAX,[y] | MOV EAX,[x] ;
             | MFENCE      ;
locations [x;]
exists
(0:EAX=0 /\\ 1:EAX=0)
`;
const att = `X86_64 SB
{ uint64_t x; uint64_t y=0; uint64_t 1:rax; }
 P0            | P1            ;
 movq $1,(x)   | movq $1,(y)   ;
 movq (y),%rax | movq (x),%rax ;
               | mfence        ;
exists (0:rax=0 /\\ 1:rax=0)
`;

describe('a litmus test reads the same', () => {
  const states = finalStates(herd(intel), 'tso').map(tellState);

  test.each([
    ['from a file of herd in AT&T syntax', () => herd(att)],
    ['from JSON with `program`', () => read(sb)[0]!.test],
    ['printed as JSON and read again', () => read(toJson(herd(intel)))[0]!.test],
  ])('%s', (_, test) => {
    expect(finalStates(test(), 'tso').map(tellState)).toEqual(states);
  });

  test('in herd: instructions of every kind', () => {
    const { threads, init } = herd(
      'X86 a\n{ x=2; [y]=-1; 0:rax=0x10 }\n P0 ;\n XCHG [x],EAX;\n MOV EBX,EAX;\nNOP ;\nMOV [x],EBX;\nXCHG EBX,[y] ;',
    );
    expect(init).toEqual({ x: 2, y: -1, '0:EAX': 16 });
    expect(threads).toEqual([
      [
        { op: 'exchange', location: 'x', register: 'EAX' },
        { op: 'move', register: 'EBX', from: { register: 'EAX' } },
        { op: 'nop' },
        { op: 'store', location: 'x', from: { register: 'EBX' } },
        { op: 'exchange', location: 'y', register: 'EBX' },
      ],
    ]);
  });
});

describe('a condition in the syntax of herd', () => {
  test.each<[text: string, value: boolean]>([
    ['x=1', true],
    ['[x]=1', true],
    ['x=2', false],
    ['~x=2', true],
    ['not (x=1)', false],
    ['0:rax=-1', true],
    ['0:EAX=0xffffffff', true],
    ['x=1 \\/ x=2 /\\ x=3', true],
    ['(x=1 \\/ x=2) /\\ x=3', false],
    ['true /\\ ~false', true],
    ['nowhere=0', true],
  ])('%s', (text, value) => {
    expect(holds(parseQuestion('exists', text, 'here'), [{ x: 1, '0:EAX': -1 }])).toBe(value);
  });

  test.each<[text: string, message: string]>([
    ['x=1 /\\', 'here: the condition ends too early; expected comparisons like '],
    ['x=1 y=2', 'here: not a condition from here on: "y=2"; expected '],
    ['x<1', 'here: not a condition from here on: "x<1"; expected '],
    ['(x=1', 'here: the condition ends too early; expected '],
    ['x=1)', 'here: not a condition from here on: ")"; expected '],
  ])('%s is not one', (text, message) => {
    expect(messageOf(() => parseQuestion('exists', text, 'here'))).toContain(message);
  });
});

describe('what is not a litmus test is refused, with its place and what would be right', () => {
  test.each<[text: string, message: string]>([
    [
      '{"program":[[["Q","x"]]]}',
      'f, thread 0, instruction 0: not an instruction: ["Q","x"]; a thread is a list of ["W", ',
    ],
    ['{"program":[[["W","x",["i",1.5]]]]}', 'f, thread 0, instruction 0: not an instruction: '],
    ['{"program":[[]],"name":"n","init":{"x":"1"}}', 'f (n): "init" with "x": "1"; it holds whole numbers of 32 bits'],
    ['{"program":[[]],"tso_finals":[{"0;EAX":1}]}', 'f: "tso_finals" with "0;EAX": 1; it holds whole numbers'],
    ['{"program":[[]],"tso_holds":1}', 'f: "tso_holds" is 1; it is true or false'],
    [
      '{"program":[[]],"condition":"x=1","quantifier":"some"}',
      'f: quantifier "some"; it is one of exists, forall, ~exists',
    ],
    ['{"program":[[]]}\n{"program":[[', 'f:2: not a JSON line; each line is one test'],
    [
      '{"program":[[]]}\n{"threads":["W X 1",[]]}',
      'f:2, thread 0: not a list; a thread is a list of "W location value"',
    ],
    [
      '[{"threads":[["W X"]]}]',
      'f: test 1, thread 0, instruction 0: not an instruction: "W X"; a thread is a list of ',
    ],
    ['[]', 'f: no litmus test; each line is one test'],
    ['{}', 'f: not a litmus test; a test is an object with a list "program"'],
    ['X86 a\n{ x=0 \n P0 ;', 'f:1: not a litmus test of herd; expected `X86 NAME`'],
    ['X86 a\n{ x=a; }\n P0 ;', 'f:2: not an initial value: "x=a"; expected x=1 or 0:EAX=1'],
    ['X86 a\n{}\n MOV [x],$1 ;', 'f:3: no row with P0, P1, ...; expected `X86 NAME`'],
    ['X86 a\n{}\n P0 ;\n MOV [x],$1 | MFENCE ;', 'f:4: 2 columns; there are 1 threads'],
    ['X86 a\n{}\n P0 ;\n ADD [x],$1 ;', 'f:4: not an instruction that is read: "ADD [x],$1"; read are MOV [x],$1; '],
    ['X86 a\n{}\n P0 ;\n MFENCE ;\nexists (x)', 'f:5: not a condition from here on: "x)"'],
  ])('%s', (text, message) => {
    expect(messageOf(() => readLitmusTests(text, 'f'))).toContain(message);
  });

  test('a name that is none: all names are told', () => {
    expect(messageOf(() => publishedTest('SBB'))).toMatch(/^SBB: no such file, .* names are x86\/8-1, .* SB, /);
  });
});

test('a file of litmus tests is told by its first test', () => {
  expect(
    [JSON.stringify(sb), `${JSON.stringify(sb)}\n{`, '[{"threads":[]}]', '{\n"program": []\n}'].map(looksLikeJsonTests),
  ).toEqual([true, true, true, true]);
  expect(['', '{"cases":[]}', '[1]', 'null', '{"program":1}', 'text'].map(looksLikeJsonTests)).toEqual(
    Array(6).fill(false),
  );
});

describe('a comparison with what a file expects', () => {
  const finals = finalStates(read(sb)[0]!.test, 'tso');
  const outcome = (...more: object[]) =>
    verifyLitmus(read(...more.map((fields) => ({ ...sb, ...fields }))), 'litmus/sb');

  test('passes where all that it says is so', () => {
    const all = {
      tso_finals: finals,
      tso_final_states: 4,
      sc_finals: finals.slice(1),
      condition: '0:EAX=0',
      sc_holds: true,
    };
    expect(outcome(all, {}, { tso_finals: null })).toMatchObject({ compared: 3, unit: 'tests', differences: 0 });
  });

  test('compares only the locations and registers that the final states of the file tell', () => {
    expect(outcome({ tso_finals: [{ x: 1 }] }).differences).toBe(0);
    expect(outcome({ tso_finals: [{ x: 1, z: 0 }] }).differences).toBe(1);
  });

  test('tells of the first test that differs what differs', () => {
    expect(
      outcome({}, { name: 'SB', tso_finals: finals.slice(1), sc_finals: [{ x: 1 }], tso_final_states: 3 }),
    ).toMatchObject({
      differences: 1,
      first: {
        where: 'sb.jsonl:2: SB',
        expected: { tso_finals: finals.slice(1).map((state) => tellState(state)), tso_final_states: 3 },
        got: { tso_finals: finals.map((state) => tellState(state)), tso_final_states: 4 },
      },
    });
  });

  test.each([
    ['a state too many', { sc_finals: finals }],
    ['no state at all', { tso_finals: [] }],
    ['another verdict', { condition: 'x=1', tso_holds: false }],
    ['another number of states under SC', { sc_final_states: 4 }],
  ])('finds %s', (_, fields) => {
    expect(outcome(fields).differences).toBe(1);
  });
});

test.each(['AArch64 MP\n{ }\n P0 ;\n', '\nPPC SB\n{}\n', 'C SB+mb\n{}\n'])(
  'a test for another machine is told: %j',
  (text) => {
    const [machine] = text.trim().split(' ');
    expect(messageOf(() => readLitmusTests(text, 'b.litmus'))).toBe(
      `b.litmus:1: a test for ${machine}; of herd, tests for X86 and X86_64 are read`,
    );
  },
);
