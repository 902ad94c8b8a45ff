import { describe, expect, test } from 'vitest';
import { attributePoint } from '../../../src/lab/experiment/attribute.ts';
import { layoutsOf, MovedLayout, parseTrial } from '../../../src/lab/experiment/trial.ts';
import { fieldsOf } from '../../../src/lab/specification/fields.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import fc from '../../fast-check.ts';

const fields = new Map([
  [
    'dentry',
    [
      { name: 'd_count', offset: 0, size: 4 },
      { name: 'd_name', offset: 16, size: 8 },
      { name: 'd_name.len', offset: 20, size: 4 },
      { name: 'd_time', offset: 64, size: 4 },
    ],
  ],
]);
const layoutAfter = (text: string) => layoutsOf(parseTrial(text, '--try'), fields, '--try').get('dentry')!;

const moves = fc.array(fc.record({ from: fc.nat(60), bytes: fc.integer({ min: 1, max: 8 }), to: fc.nat(120) }), {
  minLength: 1,
  maxLength: 5,
});

describe('a moved layout', () => {
  test('every byte has one place, and every place one byte', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const layout = new MovedLayout();
        for (const { from, bytes, to } of all) if (Math.abs(from - to) >= bytes) layout.move(from, bytes, to);
        const places = Array.from({ length: layout.end }, (_, i) => layout.toOf(i));
        expect(places.sort((a, b) => a - b)).toEqual(Array.from({ length: layout.end }, (_, i) => i));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('an access is made in pieces that together are its bytes', () => {
    fc.assert(
      fc.property(moves, fc.nat(100), fc.integer({ min: 1, max: 64 }), (all, offset, bytes) => {
        const layout = new MovedLayout();
        for (const { from, bytes: size, to } of all) if (Math.abs(from - to) >= size) layout.move(from, size, to);
        const touched: number[] = [];
        layout.eachPiece(offset, bytes, (at, length) => {
          for (let i = 0; i < length; i++) touched.push(at + i);
        });
        expect(touched).toEqual(Array.from({ length: bytes }, (_, i) => layout.toOf(offset + i)));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test('the field and what stood in its new place have changed places', () => {
    const layout = layoutAfter('d_count@64');
    expect([0, 3, 4, 64, 67, 68].map((at) => layout.toOf(at))).toEqual([64, 67, 4, 0, 3, 68]);
  });

  test('a second change begins where the first left off', () => {
    const layout = layoutAfter('d_count@64,d_time@0x80');
    expect([0, 64, 128].map((at) => layout.toOf(at))).toEqual([64, 128, 0]);
    expect(layout.end).toBe(132);
  });

  test('bytes without a name move by words', () => {
    expect(layoutAfter('dentry:+0x9@0x40').toOf(0xb)).toBe(0x43);
  });
});

test.each([
  ['d_count', '"d_count" is no change of layout; write FIELD@OFFSET, CACHE:FIELD@OFFSET, CACHE:+OFFSET@OFFSET, or'],
  ['d_count@-4', '"d_count@-4" is no change of layout; write FIELD@OFFSET'],
  ['d_count@200000', 'offset 200000; objects have 131072 bytes at most'],
  ['+0x8@64', '+0x8@64 names no cache; write CACHE:+0x8@64'],
  ['d_cuont@64', 'no field d_cuont; name one of d_count, d_name, d_name.len, d_time'],
  ['inode:d_count@64', 'no field d_count in inode; name fields in the specification, or the bytes by their offset'],
  ['d_count@2', 'd_count already stands at 0 to 4; name another offset'],
  ['d_count@20', 'd_count, 4 bytes, at 20 would cut d_name of dentry (16 to 24); name an offset where it changes'],
  ['alignment=lines', 'no alignment lines; use word, line-fraction, whole-line, 4, 8'],
])('%s is refused in words', (text, message) => {
  expect(() => layoutsOf(parseTrial(text, '--try'), fields, '--try')).toThrow(`--try: ${message}`);
});

describe('a counter beside what is only read, in objects of whole lines', () => {
  const specification = parseSpecification(
    `{ name: try, workload: { name: zipf-lookup, objects: 50, operations: 2000 }, object_size: 64, alignment: whole-line,
       machine: { model: pentium-iii, memory: 8M }, history: fresh, colouring: on, touch: fields, seeds: 1,
       fields: { looked-up: [{ name: count, offset: 0, size: 4, write: 1 }, { name: inode, offset: 4, size: 4 }] } }`,
    'try.yaml',
  );
  const named = fieldsOf(specification);
  const [point] = points(specification);
  const tried = (change: string) =>
    attributePoint(specification, null, point!, {
      fields: named,
      ...(change === '' ? {} : { layouts: layoutsOf(parseTrial(change, '--try'), named, '--try') }),
    });
  const [asItIs, apart, behind] = ['', 'count@32', 'count@64'].map(tried) as [
    ReturnType<typeof tried>,
    ReturnType<typeof tried>,
    ReturnType<typeof tried>,
  ];

  test('false sharing goes when the counter is a line away', () => {
    expect(asItIs.counts.falseSharing).toBe(576);
    expect([apart.counts.falseSharing, behind.counts.falseSharing]).toEqual([0, 0]);
  });

  test('nothing else that the workload does changes', () => {
    for (const { counts } of [apart, behind]) {
      for (const figure of ['operations', 'allocations', 'accesses'] as const) {
        expect([figure, counts[figure]]).toEqual([figure, asItIs.counts[figure]]);
      }
    }
  });

  test('objects grow by whole lines where the counter goes behind them', () => {
    expect([asItIs, apart, behind].map(({ objectSizes }) => objectSizes.get('looked-up'))).toEqual([64, 64, 96]);
  });

  test('reports name the counter where it stands now', () => {
    const names = apart.owners.map(({ name }) => name);
    expect(names).toContain('looked-up object +0x20 (count)');
    expect(names).not.toContain('looked-up object +0x0 (count)');
  });

  test('as it is, look-ups take the line from look-ups', () => {
    expect(asItIs.sharing.pairs.find(({ sharing }) => sharing === 'falseSharing')).toMatchObject({
      victim: { field: 'inode', fn: '(look-up)' },
      taker: { field: 'count', fn: '(look-up)' },
    });
  });
});
