/** What touch-plugin.c, touch-shim.c and pack.mjs record of the program in known.c, which is known to the byte. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Workshop, without } from './recorders.ts';

interface Recorded {
  bytes: number;
  flags: string;
  born: boolean;
  freed: boolean;
  /** KIND OFFSET BYTES, and the thread where it is not the first. */
  accesses: string[];
}

/** The objects of a trace, in order, and its counts of reads, writes and modifies. A reader of its own: what checks must not be what is checked. */
function readTrace(file: string) {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  const objects: Recorded[] = [];
  const sites: [kind: string, offset: number, bytes: number, count: number][] = [];
  const counts: Record<string, number> = { r: 0, w: 0, m: 0 };
  const events: string[] = [];
  let [last, thread] = [-1, 0];
  for (const line of lines.filter((text) => !text.startsWith('#'))) {
    const [word, ...rest] = line.split(' ');
    const [id, , bytes] = rest.map(Number);
    if (word === 't') thread = id!;
    else if (word === 's') sites.push([rest[0]!, Number(rest[1]), Number(rest[2]), Number(rest[3])]);
    else if (word === 'a' || word === 'b') {
      last = objects.push({ bytes: bytes!, flags: rest[3] ?? '', born: word === 'b', freed: false, accesses: [] }) - 1;
      expect(id).toBe(last);
      events.push(line);
    } else if (word === 'f') {
      expect(objects[id!]!.freed).toBe(false);
      objects[id!]!.freed = true;
      events.push(line);
    } else {
      last = id ?? last;
      expect(objects[last]!.freed).toBe(false);
      const [kind, offset, width, count] = sites[Number(word)]!;
      counts[kind]! += count;
      for (let i = 0; i < count; i++) {
        const by = thread === 0 ? '' : ` by ${thread}`;
        objects[last]!.accesses.push(`${kind} ${offset + i * width} ${width}${by}`);
      }
    }
  }
  return { header: lines.filter((text) => text.startsWith('#')), objects, counts, events };
}

/** How the program leaves the bytes of its object: each byte's accesses of a kind, as a string of digits. */
const coverage = (accesses: readonly string[], kind: string, bytes: number) => {
  const touched = new Array<boolean>(bytes).fill(false);
  for (const access of accesses) {
    const [of, offset, width] = access.split(' ');
    if (of === kind) touched.fill(true, Number(offset), Number(offset) + Number(width));
  }
  return touched.filter(Boolean).length;
};

const { skip, why } = without('gcc', 'make', 'qemu-x86_64');
const workshop = skip ? undefined : new Workshop();
beforeAll(() => workshop?.build('touch-shim.so', 'touch-plugin.so'), 120_000);
afterAll(() => workshop?.remove());

describe.skipIf(skip)(`a recording of a program in QEMU${why}`, () => {
  const record = (...options: string[]) => {
    const { trace, said } = workshop!.recordTouches(...options);
    const recorded = readTrace(trace);
    const sized = (bytes: number) => recorded.objects.find((object) => object.bytes === bytes)!;
    return { ...recorded, sized, said };
  };

  test('has its objects, with their bytes, what was asked for, and whether they were freed', () => {
    const { objects } = record();
    // 272 bytes are the C library's, for a thread.
    expect(objects.map(({ bytes, flags, freed }) => `${bytes} ${flags} ${freed ? 'freed' : 'live'}`)).toEqual([
      '32 - freed',
      '40 z freed',
      '24 - live',
      '272 z live',
      '72 r freed',
      '104 l freed',
    ]);
  });

  test('has each access, by offset, width and kind, in order, and the thread that made it', () => {
    expect(record().sized(32).accesses).toEqual(['w 0 8', 'w 8 4', 'r 0 8', 'm 8 4', 'm 8 4', 'w 31 1 by 1']);
  });

  test('has the zeroing of calloc as writes of every byte', () => {
    const { accesses } = record().sized(40);
    const zeroing = accesses.slice(0, accesses.indexOf('w 3 1'));
    expect(coverage(zeroing, 'w', 40)).toBe(40);
    expect(zeroing.every((access) => access.startsWith('w'))).toBe(true);
  });

  test('has a realloc that grows as a new object, a copy and a free, and one that shrinks not at all', () => {
    const { sized, events } = record();
    expect(coverage(sized(40).accesses, 'r', 40)).toBe(40);
    expect(coverage(sized(72).accesses, 'w', 72)).toBe(41);
    expect(sized(72).accesses.at(-1)).toBe('w 64 1');
    expect(events).toEqual(expect.arrayContaining(['a 4 0 72 r', 'f 1']));
    expect(events.indexOf('a 4 0 72 r')).toBe(events.indexOf('f 1') - 1);
  });

  test('has an access of 16 bytes as two of 8, and of one across the end of an object what lies in it', () => {
    expect(record().sized(104).accesses).toEqual(['w 16 8', 'w 24 8', 'r 100 4']);
  });

  test("tells in its header what it holds, and that it is the whole run's", () => {
    const { header, objects, counts } = record();
    expect(header).toEqual([
      '# touch trace 1',
      `# 0 objects born before, ${objects.length} allocations, 4 frees (0 unseen), ${counts.r} reads, ` +
        `${counts.w} writes, ${counts.m} modifies, 0 of the writes zeroing by the allocator on request`,
      '# whole run',
    ]);
  });

  test('begins at a later allocation, with the objects born before that are touched or freed afterwards', () => {
    const { objects } = record('from=3');
    const told = ({ bytes, born }: Recorded) => `${bytes}${born ? ' born before' : ''}`;
    expect(objects.map(told)).toEqual(['32 born before', '40 born before', '24', '272', '72', '104']);
  });

  test('that is full ends early, and says so', () => {
    const { header, objects, said } = record('max=3');
    expect(objects.map(({ bytes, accesses }) => [bytes, ...accesses])).toEqual([[32], [40, 'w 0 8']]);
    expect(header.at(-1)).toBe('# cut: the first part of the run');
    expect(said).toContain('touch-plugin: 3 records are written; the rest of the run is not recorded (max=)');
  });

  test('without any allocation is an error in one line', () => {
    expect(() => record('from=1000')).toThrow(/: pack: \S*recording: no allocation was recorded\n$/);
  });
});
