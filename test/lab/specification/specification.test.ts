import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { cpuModels } from '../../../src/hw/cpu-models.ts';
import { KiB, MiB } from '../../../src/hw/memory.ts';
import {
  checkTraces,
  modelsOf,
  parseSpecification,
  placesIn,
  specificationSchema,
} from '../../../src/lab/specification/specification.ts';
import type { AllocationTrace } from '../../../src/lab/traces/allocation-trace.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';

const experiments = new URL('../../../experiments/', import.meta.url);
const parse = (...lines: string[]) => parseSpecification(lines.join('\n'), 'spec.yaml');

/** What the InputError says of a specification. */
function problemOf(...lines: string[]): string {
  try {
    parse(...lines);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'no problem';
}

const smallest = ['name: x', 'workload: { name: replay, trace: t.txt }', 'machine:', '  model: pentium-iii'];
const inline = (l1: string, cycles = '{ l1: 1, l2: 10, memory: 100, transfer: 80 }') => [
  ...smallest.slice(0, 3),
  '  model:',
  `    l1: ${l1}`,
  `    cycles: ${cycles}`,
];

test('of name, workload and model alone: everything else has its default', () => {
  expect(parse(...smallest)).toEqual({
    name: 'x',
    workload: { name: 'replay', trace: 't.txt' },
    machine: { model: 'pentium-iii', cpus: 2, memory: 64 * MiB },
    kernel: { version: '2.4.22', l1_cache_bytes: 'model', smp: 'on', debug: 'off' },
    placement: 'thread',
    ageing: 0.125,
    history: 'established',
    interference: 0,
    interrupts: 'off',
    touch: ['init-all', 'init-head', 'hot-fields'],
    alignment: ['word', 'line-fraction', 'whole-line'],
    colouring: ['on', 'off'],
    drawn: 'all',
    seeds: 10,
    seed: 'slabscope',
  });
});

describe('of traces that tell of touches', () => {
  const understood = (lines: readonly string[], touches?: boolean) =>
    parseSpecification(lines.join('\n'), 'spec.yaml', touches);

  test('these are the default, where all that runs is a replay', () => {
    const both = smallest.with(1, 'workload: [churn, { name: replay, trace: t.txt }]');
    expect(understood(smallest, true).touch).toBe('recorded');
    expect(understood([...smallest, 'touch: init-all'], true).touch).toBe('init-all');
    expect(understood(both, true).touch).toEqual(['init-all', 'init-head', 'hot-fields']);
    expect(understood(smallest, false).touch).toEqual(['init-all', 'init-head', 'hot-fields']);
  });

  test('they may be asked for before that is known, and not of others', () => {
    const asked = [...smallest, 'touch: [init-all, recorded]'];
    expect(understood(asked).touch).toEqual(['init-all', 'recorded']);
    expect(() => understood(asked, false)).toThrow(
      'spec.yaml:5: recorded touches of a trace that has none; replay a touch trace (docs/traces.md), or name a touch model',
    );
    expect(() => understood([...smallest.with(1, 'workload: churn'), 'touch: recorded'])).toThrow(
      'spec.yaml:5: recorded touches of a workload that is no trace; ',
    );
  });

  test('two have two names', () => {
    const twins = smallest.with(1, 'workload: { name: replay, trace: [a/t.gz, b/t.txt] }');
    expect(() => understood(twins)).toThrow('spec.yaml:2: two traces of one name: t, t; ');
  });

  test('caches are passed over that some trace has', () => {
    const lines = smallest.with(1, 'workload: { name: replay, trace: t, pass_over: [none, a b] }');
    const traceOf = (...names: string[]) =>
      readTrace(
        ['# touch trace 1', ...names.flatMap((name, i) => [`c ${i + 1} 8 ${name}`, `a ${i} ${i + 1} 8 -`])],
        't',
      );
    const check = (...traces: AllocationTrace[]) =>
      checkTraces(
        understood(lines),
        new Map(traces.map((trace, i) => [String(i), trace])),
        placesIn(lines.join('\n'), 'spec.yaml'),
      );
    expect(() => check(traceOf('a'), traceOf('b', 'c'))).not.toThrow();
    expect(() => check(traceOf('b', 'c'))).toThrow('spec.yaml:2: no cache a in any trace; name some of b, c');
    expect(() => check(readTrace(['a 0 8'], 't'))).toThrow('spec.yaml:2: no cache a in any trace; leave it out');
  });
});

test('a kernel that knows no nodes runs on a machine of several that it is told to take as one', () => {
  const { machine, kernel } = parse(...smallest, '  nodes: 2', 'kernel: { version: 2.4.22, numa: off }');
  expect([machine.nodes, kernel.numa]).toEqual([2, 'off']);
});

test('a seed may be a number', () => {
  expect(parse(...smallest, 'seed: 7').seed).toBe('7');
});

test.each([
  ['16777216', 16 * MiB],
  ['16384K', 16 * MiB],
  ['12M', 12 * MiB],
  ['12m', 12 * MiB],
  ['12 MB', 12 * MiB],
])('a size of %s is %i bytes', (text, size) => {
  expect(parse(...smallest, `  memory: ${text}`).machine.memory).toBe(size);
});

test('the JSON Schema in docs/ is up to date: `npm run -s slabscope -- schema > docs/specification.schema.json`', () => {
  const published = readFileSync(new URL('../../../docs/specification.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published)).toEqual(specificationSchema());
});

test.each(readdirSync(experiments))('experiments/%s is a specification', (name) => {
  expect(parseSpecification(readFileSync(new URL(name, experiments), 'utf8'), name).name).toBe(name.slice(0, -5));
});

describe('the machine', () => {
  test('may be a model by name', () => {
    expect(modelsOf(parse(...smallest))).toEqual([cpuModels['pentium-iii']]);
  });

  test('may be written out, with defaults for what matters little', () => {
    expect(modelsOf(parse(...inline('{ size: 48K, ways: 12, line: 64 }')))[0]).toEqual({
      name: 'inline',
      mhz: 1000,
      l1: { size: 48 * KiB, ways: 12, line: 64, policy: 'lru' },
      protocol: 'mesi',
      l2: null,
      cycles: { l1: 1, l2: 10, memory: 100, transfer: 80, locked: 20, pause: 4, ipi: 300, interrupt: 150 },
    });
  });
});

/** Of each list ten in the next. */
const bomb = Array.from(
  { length: 9 },
  (_, i) =>
    `b${i}: &b${i} [${Array(10)
      .fill(i === 0 ? 'x' : `*b${i - 1}`)
      .join(', ')}]`,
);

test('aliases that come to more than memory holds are told', () => {
  expect(problemOf(...bomb, ...smallest)).toBe(
    'spec.yaml: Excessive alias count indicates a resource exhaustion attack; write it out, or with fewer aliases',
  );
});

const noSize = 'is no size: write bytes, or 16K, or 64M; see docs/specification.md';
const pages = 'it must be whole pages of 4096 bytes, from 8M to below 2048M';

test.each([
  ['nothing', [''], '1: this is no specification; write its keys: name, machine, kernel,'],
  ['a text', ['just text'], '1: this is no specification; write its keys: name, machine, kernel,'],
  ['no name', smallest.slice(1), '1: name is missing; give it:'],
  [
    'no workload',
    smallest.toSpliced(1, 1),
    '1: workload is missing; give it: { name: replay, trace: FILE }, or one of',
  ],
  [
    'no trace',
    smallest.with(1, 'workload: { name: replay }'),
    '2: workload.trace is missing; give it: the file of a trace, or a list of several',
  ],
  ['a workload that needs a trace', smallest.with(1, 'workload: replay'), '2: workload: replay needs trace'],
  ['no machine', smallest.slice(0, 2), '1: machine is missing; give it:'],
  ['a name that is no file name', smallest.with(0, 'name: a/b'), '1: name: must be letters, digits, dots, dashes'],
  [
    'a name of dots alone, which is a folder',
    smallest.with(0, 'name: ..'),
    '1: name: must be letters, digits, dots, dashes',
  ],
  ['two documents', [...smallest, '---', 'name: y'], '5: a second document; write one specification a file'],
  ['malformed YAML', smallest.with(1, 'workload: [t'), '3: '],
  ['a tab', smallest.with(3, '\tmodel: pentium-iii'), '4: Tabs are not allowed as indentation'],
  ['a key twice', [...smallest, 'name: y'], '5: Map keys must be unique'],
  ['an unknown key', [...smallest, 'seedz: 3'], '5: no key seedz is known; did you mean seeds or seed?'],
  [
    'an unknown key inside',
    [...smallest, '  speed: 3'],
    '5: no key machine.speed is known; known here are model, cpus,',
  ],
  [
    'an unknown machine',
    smallest.with(3, '  model: pentium-5'),
    '4: machine.model: must be one of pentium, pentium-pro, pentium-iii-katmai, pentium-iii, pentium-4,',
  ],
  [
    'a machine in another spelling',
    smallest.with(3, '  model: sky-lake'),
    '4: machine.model is "sky-lake"; did you mean skylake?',
  ],
  ['colouring as YAML 1.1 had it', [...smallest, 'colouring: yes'], '5: colouring is "yes"; did you mean on?'],
  [
    'several at once',
    [...smallest.with(3, '  model: sky-lake'), 'seeds: 0', 'think: 3.5'],
    '4: machine.model is "sky-lake"; did you mean skylake?; wrong too: think (spec.yaml:6), seeds (spec.yaml:5)',
  ],
  ['no CPU', [...smallest, '  cpus: 0'], '5: machine.cpus: must be a whole number from 1 to 32'],
  ['CPUs in words', [...smallest, '  cpus: two'], '5: machine.cpus is "two"; it must be a number'],
  ['a negative size', [...smallest, '  memory: -64M'], `5: machine.memory: -64M ${noSize}`],
  ['a size of 0', [...smallest, '  memory: 0'], `5: machine.memory: 0 ${noSize}`],
  ['a unit that is unknown', [...smallest, '  memory: 1G'], `5: machine.memory: 1G ${noSize}`],
  ['too little memory', [...smallest, '  memory: 4M'], `5: machine.memory is 4194304 bytes; ${pages}`],
  ['broken pages', [...smallest, '  memory: 8193K'], `5: machine.memory is 8389632 bytes; ${pages}`],
  ['too much memory', [...smallest, '  memory: 2048M'], `5: machine.memory is 2147483648 bytes; ${pages}`],
  [
    'an unknown kernel',
    [...smallest, 'kernel:', '  version: 2.6.0'],
    '6: kernel.version is none of the values it may have; use 2.4.0, 2.4.22',
  ],
  [
    'a kernel for lines that none was built for',
    [...smallest, 'kernel:', '  l1_cache_bytes: 48'],
    '6: kernel.l1_cache_bytes is none of the values it may have; use 16, 32, 64, 128',
  ],
  [
    'an unknown touch model',
    [...smallest, 'touch:', '  - init-all', '  - init-none'],
    '7: touch[1] is none of the values it may have; use recorded, init-all, init-head, hot-fields',
  ],
  ['no touch model', [...smallest, 'touch: []'], '5: touch: '],
  ['one touch model twice', [...smallest, 'touch: [init-all, init-all]'], '5: touch: it must not name one twice'],
  [
    'CPUs of which one is none',
    [...smallest, '  cpus: [1, 0]'],
    '5: machine.cpus[1]: must be a whole number from 1 to',
  ],
  [
    'an unknown machine in a list',
    smallest.with(3, '  model: [k6, p5]'),
    '4: machine.model[1]: must be one of pentium,',
  ],
  [
    'a workload that is unknown',
    smallest.with(1, 'workload: walk'),
    '2: workload: must be one of replay, hot-field-walk,',
  ],
  [
    'a workload that is unknown, written out',
    smallest.with(1, 'workload: { name: walk }'),
    '2: workload.name is none of the values it may have; use replay, hot-field-walk,',
  ],
  [
    'a workload that is unknown, in a list',
    smallest.with(1, 'workload: [churn, { name: walk }]'),
    '2: workload[1].name is none of the values it may have; use replay, hot-field-walk,',
  ],
  [
    'a list of a parameter in a list of workloads',
    smallest.with(1, 'workload: [churn, { name: cache-thrash, iterations: [1, 2] }]'),
    '2: workload[1].iterations is a list; it must be a number',
  ],
  [
    'a parameter that its workload does not have',
    smallest.with(1, 'workload: { name: churn, passes: 3 }'),
    '2: no key workload.passes is known; known here are name, objects, operations',
  ],
  [
    'a parameter out of range',
    smallest.with(1, 'workload: { name: churn, objects: [1, 0] }'),
    '2: workload.objects[1]: must be a whole number from 1 to',
  ],
  [
    'two traces',
    smallest.with(1, 'workload: [churn, { name: replay, trace: a }, { name: replay, trace: b }]'),
    '2: workload: it must not name one twice',
  ],
  ['a number of colours that is none', [...smallest, 'colouring: 0'], '5: colouring: must be on, off, or a number of'],
  [
    'an alignment that is no power of two',
    [...smallest, 'alignment: 24'],
    '5: alignment is none of the values it may have; use word,',
  ],
  [
    'an interference above all',
    [...smallest, 'interference: 101'],
    '5: interference: must be a whole number from 0 to 100',
  ],
  [
    'a footprint that stays in the L1',
    [...smallest, 'interference: { share: 25, footprint: 16K }'],
    '5: a footprint of 16384 bytes, and an L1 of 16384; make it twice the L1 or more',
  ],
  [
    'a footprint without a share',
    [...smallest, 'interference: { footprint: 64K }'],
    '5: interference.share is missing; give it',
  ],
  ['interrupts without pause', [...smallest, 'interrupts: 10'], '5: interrupts: must be off, or cycles from 1000'],
  [
    'a size of objects for a trace',
    [...smallest, 'object_size: 8'],
    '5: object_size means nothing to replay; leave it out',
  ],
  [
    'a touch model for a workload that touches by itself',
    [...smallest.with(1, 'workload: cache-thrash'), 'touch: init-all'],
    '5: touch means nothing to cache-thrash; leave it out',
  ],
  [
    'too few CPUs for the workload',
    [...smallest.with(1, 'workload: producer-consumer'), '  cpus: [1, 2]'],
    '5: producer-consumer on one CPU; machine.cpus must be 2 or more',
  ],
  [
    'a uniprocessor kernel on two CPUs',
    [...smallest, 'kernel: { smp: off }'],
    '5: a kernel without SMP on 2 CPUs; set machine.cpus',
  ],
  [
    'arrays of a uniprocessor kernel',
    [...smallest, '  cpus: 1', 'kernel: { smp: off }', 'limit: 8'],
    '7: a kernel without SMP has no per-CPU arrays; leave limit out',
  ],
  ['a batchcount without a limit', [...smallest, 'batchcount: 8'], '5: batchcount without limit; the kernel takes'],
  [
    'no array where a kernel has always one',
    [...smallest, 'kernel: { version: 2.6.17-g4776874 }', 'limit: [8, 0]'],
    '6: kernel 2.6.17-g4776874 cannot do without per-CPU arrays; its smallest hold 1',
  ],
  [
    'shared arrays of a kernel that has none',
    [...smallest, 'kernel: { version: [2.6.17-g4776874, 2.4.22] }', 'shared: 8'],
    '6: kernel 2.4.22 has no shared arrays; leave shared out',
  ],
  [
    'nodes under a kernel that knows none',
    [...smallest, '  nodes: [1, 2]', 'kernel: { version: [2.6.17-g4776874, 2.4.22] }'],
    '5: kernel 2.4.22 knows nothing of nodes; set machine.nodes to 1, or kernel.numa to off',
  ],
  [
    'more nodes than CPUs',
    [...smallest, '  nodes: 4', '  cpus: [4, 2]'],
    '5: 4 nodes with 2 CPUs; each node has a CPU: lower machine.nodes, or',
  ],
  [
    'nodes of too little memory',
    [...smallest, '  nodes: 2', '  memory: [64M, 12M]'],
    '5: 2 nodes of less than 8M each; give machine.memory 16M or more',
  ],
  [
    'a cost of nodes that there are not',
    [...smallest, '  remote_cycles: 100'],
    '5: remote_cycles means nothing to a machine of one node; leave it out, or',
  ],
  [
    'nodes that the kernel knows, where there is one',
    [...smallest, '  nodes: 1', 'kernel: { numa: off }'],
    '6: numa means nothing to a machine of one node; leave it out, or',
  ],
  [
    'a cost of nodes in words',
    [...smallest, '  nodes: 2', '  remote_cycles: much'],
    '6: machine.remote_cycles: must be model, or cycles up to 65535',
  ],
  [
    'a batchcount above a limit',
    [...smallest, 'limit: [8, 4]', 'batchcount: 6'],
    '6: a batchcount above a limit of 4; the',
  ],
  [
    'the touch model fields, but none',
    [...smallest, 'touch: fields'],
    '5: the touch model fields without any fields; name',
  ],
  [
    'a field of no size',
    [...smallest, 'fields: { inode: [{ name: i_count, offset: 0 }] }'],
    '5: fields.inode[0].size is missing; give it:',
  ],
  [
    'a key of a field that is unknown',
    [...smallest, 'fields: { inode: [{ name: i_count, offset: 0, size: 4, hot: 1 }] }'],
    '5: no key fields.inode[0].hot is known; known here are name, offset, size, heat, write',
  ],
  [
    'two fields of one name',
    [...smallest, 'fields: { inode: [{ name: a, offset: 0, size: 4 }, { name: a, offset: 4, size: 4 }] }'],
    '5: fields.inode: two of one name; see',
  ],
  [
    'a field that cuts another in two',
    [...smallest, 'fields: { inode: [{ name: a, offset: 2, size: 4 }, { name: b, offset: 0, size: 4 }] }'],
    '5: fields.inode: one of them cuts another in two; see',
  ],
  ['layouts of no file', [...smallest, 'layouts: { abi: i386 }'], '5: layouts.file is missing; give it:'],
  [
    'layouts for an ABI that is none',
    [...smallest, 'layouts: [k.json, { file: k.h, abi: arm }]'],
    '5: layouts[1].abi is none of the values it may have; use i386, x86-64',
  ],
  [
    'an unknown placement',
    [...smallest, 'placement: here'],
    '5: placement is none of the values it may have; use thread,',
  ],
  ['no seed', [...smallest, 'seeds: 0'], '5: seeds: must be a whole number from 1 to 10000'],
  [
    'a line that is no power of two',
    inline('{ size: 48K, ways: 12, line: 48 }'),
    '5: a line of 48 bytes cannot be built; line must be a power of two from 4 to 4096',
  ],
  [
    'lines that are too long for the classes of misses',
    inline('{ size: 48K, ways: 12, line: 256 }'),
    '5: machine.model.l1.line: must be a whole number from 4 to 128',
  ],
  [
    'sets that are no power of two',
    inline('{ size: 40K, ways: 12, line: 64 }'),
    '5: 40960 bytes in 12 ways of 64-byte lines make 53.333333333333336 sets; size must be ways x line x a power of two',
  ],
  ['a negative cache', inline('{ size: -48K, ways: 12, line: 64 }'), `5: machine.model.l1.size: -48K ${noSize}`],
  [
    'no way',
    inline('{ size: 48K, ways: 0, line: 64 }'),
    '5: machine.model.l1.ways: must be a whole number from 1 to 1024',
  ],
  ['a cache without lines', inline('{ size: 48K, ways: 12 }'), '5: machine.model.l1.line is missing'],
  [
    'an unknown policy',
    inline('{ size: 48K, ways: 12, line: 64, policy: mru }'),
    '5: machine.model.l1.policy is none of the values it may have; use lru, fifo, least-recently-allocated, random,',
  ],
  [
    'a latency that is missing',
    inline('{ size: 48K, ways: 12, line: 64 }', '{ l1: 1, l2: 10, memory: 100 }'),
    '6: machine.model.cycles.transfer is missing',
  ],
])('%s: the message names the line, what is wrong, and what would be right', (_what, lines, problem) => {
  expect(problemOf(...lines)).toContain(`spec.yaml:${problem}`);
  expect(problemOf(...lines)).toMatch(/^spec\.yaml:\d+: [^\n]+; [^\n]+$/);
});
