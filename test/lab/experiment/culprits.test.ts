import { describe, expect, test } from 'vitest';
import { findingsOf, type Layouts, type Part } from '../../../src/lab/experiment/culprits.ts';
import type { Owner, OwnerCounts, SharingPair } from '../../../src/lab/results/owners.ts';

const inObject = (of: string, offset: number, field = ''): Owner => ({
  name: `${of} object +0x${offset.toString(16)}`,
  ...{ kind: 'object', field, of, offset },
});
const inKernel = (field: string, of: string): Owner => ({
  name: `${field} of ${of}`,
  kind: 'cache descriptor',
  field,
  of,
});

const pair = (victim: Owner, taker: Owner | null, misses: number, more: Partial<SharingPair> = {}): SharingPair => ({
  sharing: 'falseSharing',
  victim: { ...victim, cpu: 1, fn: '' },
  taker: taker === null ? null : { ...taker, cpu: 0, fn: '' },
  ...{ sameObject: true, misses, hitm: misses, alone: misses, lines: 1, ...more },
});

const missed = (owner: Owner, misses: number): OwnerCounts => ({
  ...{ ...owner, misses, cold: 0, capacity: 0, conflict: 0, trueSharing: 0, falseSharing: 0 },
  ...{ hitm: 0, prefetchFills: 0, upgrades: 0, invalidations: 0, spins: 0 },
});

/** Objects of 128 bytes, lines of 32; fields of 4 bytes. */
const layouts: Layouts = { line: 32, objectSizes: new Map([['dentry', 128]]), fields: new Map() };
const [count, flags, inode] = [
  inObject('dentry', 0, 'd_count'),
  inObject('dentry', 4, 'd_flags'),
  inObject('dentry', 8, 'd_inode'),
] as const;

describe('false sharing within an object', () => {
  const pairs = [pair(inode, count, 100), pair(flags, count, 50)];

  test('is one finding: the field that is written, the fields that are missed for it', () => {
    const findings = findingsOf({ pairs }, [], layouts);
    const fieldsIn = (parts: readonly Part[]) => parts.map(({ side }) => side.field);
    expect(
      findings.map(({ kind, misses, victims, takers }) => [kind, misses, fieldsIn(victims), fieldsIn(takers)]),
    ).toEqual([['field', 150, ['d_inode', 'd_flags'], ['d_count']]]);
  });

  test('ends where the written field is a line away, in the first place where nothing is missed', () => {
    expect(findingsOf({ pairs }, [], layouts)[0]!.remedy?.trial).toBe('dentry:d_count@0x20');
  });

  test('a place is passed over where much is missed', () => {
    const owners = [missed(inObject('dentry', 0x20), 100), missed(inObject('dentry', 0x24), 100)];
    expect(findingsOf({ pairs }, owners, layouts)[0]!.remedy?.trial).toBe('dentry:d_count@0x28');
  });

  test('behind the object is room where everything else is missed', () => {
    const owners = Array.from({ length: 32 }, (_, i) => missed(inObject('dentry', 4 * i), 100));
    expect(findingsOf({ pairs }, owners, layouts)[0]!.remedy?.trial).toBe('dentry:d_count@0x80');
  });

  test('a line further on is not enough where objects do not begin on lines', () => {
    const unaligned = { ...layouts, objectSizes: new Map([['dentry', 100]]) };
    expect(findingsOf({ pairs }, [], unaligned)[0]!.remedy?.trial).toBe('dentry:d_count@0x2c');
  });

  test('of two fields that take the line from each other one is moved', () => {
    const both = [pair(count, inode, 100), pair(inode, count, 90)];
    expect(findingsOf({ pairs: both }, [], layouts)[0]!.remedy?.trial).toBe('dentry:d_inode@0x20');
  });

  test('two fields that take it from a third go together', () => {
    const both = [pair(inode, count, 100), pair(inode, flags, 90)];
    expect(findingsOf({ pairs: both }, [], layouts)[0]!.remedy?.trial).toBe('dentry:d_count@0x20,dentry:d_flags@0x24');
  });

  test('bytes without a name are told by their offset, from the word on', () => {
    const nameless = [pair(inode, inObject('dentry', 18), 100)];
    expect(findingsOf({ pairs: nameless }, [], layouts)[0]!.remedy?.trial).toBe('dentry:+0x10@0x20');
  });
});

test.each([
  ['two objects in one line', [pair(count, count, 9, { sameObject: false })], 'neighbours', 'alignment=whole-line'],
  [
    "the kernel's own structures",
    [pair(inKernel('kmem_cache_t.num', 'a'), inKernel('kmem_cache_t.lock', 'a'), 9)],
    'kernel',
    undefined,
  ],
  ['a line lost before counting', [pair(count, null, 9)], 'unknown', undefined],
] as const)('%s', (_, pairs, kind, trial) => {
  const findings = findingsOf({ pairs }, [], layouts);
  expect(findings.map((finding) => [finding.kind, finding.remedy?.trial])).toEqual([[kind, trial]]);
});

test('true sharing is no finding: no layout helps it', () => {
  expect(findingsOf({ pairs: [pair(count, count, 9, { sharing: 'trueSharing' })] }, [], layouts)).toEqual([]);
});
