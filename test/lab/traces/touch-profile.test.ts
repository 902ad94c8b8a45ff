/** What a profile tells of a trace, by traces of a few lines. */
import { describe, expect, test } from 'vitest';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { accessesOf, knownProfile, Profiler, profileForm, sizeClassOf } from '../../../src/lab/traces/touch-profile.ts';

const profile = (...traces: string[]) => {
  const profiler = new Profiler();
  for (const lines of traces) {
    const text = `# touch trace 1\nc 1 64 dentry\nc 2 128 filp\nn 1 f\n${lines}`;
    profiler.add(readTrace(text.trim().split('\n'), 'made.touch'));
  }
  return profiler.finish();
};
/** Sites 0 to 4: a read and a write of a word, zeroing, a read at 40, an increment at 8. */
const SITES = 's r 0 4 1 1\ns w 0 4 1 1\ns w 0 8 8 1\ns r 40 8 1 1\ns m 8 4 1 1\n';
/** Thirty-one reads of another object: no longer just before a free. */
const ELSEWHERE = (id: number) => `0 ${id}\n${'0\n'.repeat(30)}`;
/** So many that an initialisation is over. */
const LATER = (id: number) => `0 ${id}\n${'0\n'.repeat(200)}`;

describe('phases of an object', () => {
  const { caches } = profile(
    `b 0 2 128\n${SITES}t 1 0\na 1 1 64 z 1\n2\n1\n${LATER(0)}3 1\n4\n${ELSEWHERE(0)}0 1\n3\nf 1 1\n`,
  );

  test('what its thread does at first, zeroing too, is initialisation', () => {
    expect(caches.dentry.initialisation).toEqual({ 'w0:8x8 w0:4': 1 });
  });
  test('what is done just before the free is release', () => {
    expect(caches.dentry.release).toEqual({ 'r0:4 r40:8': 1 });
  });
  test('all else is use, an episode until the thread turns to another object', () => {
    expect(caches.dentry.use).toEqual({ 'r40:8 m8:4': 1 });
    expect(caches.dentry.episodesPerOperation).toBe(0.5);
  });
  test('a cache of which the trace allocates nothing is left out', () => {
    expect(Object.keys(caches)).toEqual(['dentry']);
  });
  test('an object is counted with its size too', () => {
    const { sizes } = profile(`${SITES}t 1 0\na 0 1 64 - 1\n1\na 1 2 128 - 1\n0\n`);
    expect(Object.keys(sizes)).toEqual(['64', '128']);
    expect(sizes[64].initialisation).toEqual({ 'w0:4': 1 });
  });
});

test('a touch by another thread is use from the first', () => {
  const { caches } = profile(`${SITES}t 1 0\na 0 1 64 - 1\n1\nt 2 1\n3 0\n`);
  expect(caches.dentry.use).toEqual({ 'r40:8': 1 });
  expect(caches.dentry.otherThread).toBe(1);
});

test('re-use distances count the objects of the cache that were used since, in bins that double', () => {
  const objects = [0, 1, 2, 3, 4];
  const made = objects.map((id) => `a ${id} 1 64 - 1\n`).join('');
  // The last made, then one behind one other, then one behind four.
  const { caches } = profile(
    `b 0 2 128\n${SITES}t 1 0\n${made.replace(/a (\d)/g, (_, id) => `a ${Number(id) + 1}`)}${LATER(0)}0 5\n0 0\n0 4\n0 0\n0 1\n`,
  );
  expect(caches.dentry.reuse).toEqual([1, 1, 0, 1]);
});

test('a long stay with one object is several episodes, of 64 accesses at most', () => {
  const { caches } = profile(`b 0 2 128\n${SITES}t 1 0\na 1 1 64 - 1\n${LATER(0)}${'3 1\n'.repeat(100)}`);
  const lengths = Object.keys(caches.dentry.use).map((episode) => accessesOf(episode).length);
  expect(lengths.sort()).toEqual([36, 64]);
});

test('several traces make one profile, in which objects of one are not those of another', () => {
  const one = `${SITES}t 1 0\na 0 1 64 - 1\n1\nf 0 1\n`;
  const { caches, source } = profile(one, one);
  expect(source).toBe('made.touch, made.touch');
  expect(caches.dentry).toMatchObject({ objects: 2, touches: 2, initialisation: { 'w0:4': 2 }, release: { '': 2 } });
});

test('of many episodes a sample is kept, the same in every run', () => {
  const many = Array.from({ length: 300 }, (_, i) => `a ${i} 1 64 - 1\n${i % 2}\n`).join('');
  const [once, again] = [profile(`${SITES}t 1 0\n${many}`), profile(`${SITES}t 1 0\n${many}`)];
  const { initialisation } = once.caches.dentry;
  expect(initialisation['r0:4'] + initialisation['w0:4']).toBe(64);
  expect(initialisation['r0:4']).toBeGreaterThan(16);
  expect(initialisation['w0:4']).toBeGreaterThan(16);
  expect(again).toEqual(once);
});

test('a trace without touches has no profile', () => {
  const trace = readTrace(['a 0 48', 'f 0'], 'plain.malloc');
  expect(() => new Profiler().add(trace)).toThrow('plain.malloc: tells of no touches; give a touch trace');
});

test('an episode is told as its accesses', () => {
  expect(accessesOf('r16:4 w0:8x29')).toEqual([
    { kind: 'read', offset: 16, bytes: 4, count: 1 },
    { kind: 'write', offset: 0, bytes: 8, count: 29 },
  ]);
});

test.each([
  ['x0:4', 'an unknown kind'],
  ['r0:9', 'an access of nine bytes'],
  ['r0:4 ', 'a blank at the end'],
])('%j is no episode: %s', (episode) => {
  const made = profile(`${SITES}t 1 0\na 0 1 64 - 1\n1\n`);
  made.caches.dentry.use = { [episode]: 1 };
  expect(profileForm.safeParse(made).success).toBe(false);
});

test('a profile without any size is none: objects whose cache it does not know are drawn by theirs', () => {
  const made = profile(`${SITES}t 1 0\na 0 1 64 - 1\n1\n`);
  expect(() => knownProfile({ ...made, sizes: {} }, 'p.json')).toThrow(
    'p.json: no touch profile: sizes: no size; make one',
  );
});

test.each([
  [1, 8],
  [8, 8],
  [9, 16],
  [64, 64],
  [65, 128],
])('an object of %i bytes is of those of up to %i', (bytes, most) => {
  expect(sizeClassOf(bytes)).toBe(most);
});
