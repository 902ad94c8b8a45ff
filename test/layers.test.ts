/** The house, read from its imports: floors, rooms, doors. Imports of types count as much as those of values. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const src = new URL('../src/', import.meta.url).pathname;
const floors = ['base', 'hw', 'kernel', 'mm', 'slab', 'lab', 'report', 'library', 'cli'];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap((file) =>
  [...readFileSync(src + file, 'utf8').matchAll(/^(import|export)\s([^;]*?)from '([^']+)';/gm)].map((match) => ({
    file,
    typeOnly: /^type\b/.test(match[2]!),
    floor: file.split('/')[0]!,
    target: match[3]!.startsWith('.') ? new URL(match[3]!, `file:///${file}`).pathname.slice(1) : match[3]!,
  })),
);
const inside = imports.filter(({ target }) => files.includes(target));
const floorOf = (file: string) => file.split('/')[0]!;
const told = ({ file, target }: (typeof imports)[number]) => `${file} -> ${target}`;

test('imports point one way: base <- hw <- kernel <- mm <- slab <- lab <- report <- library <- cli', () => {
  const upwards = inside.filter(({ floor, target }) => floors.indexOf(floorOf(target)) > floors.indexOf(floor));
  expect(upwards.filter(({ floor }) => floors.includes(floor)).map(told)).toEqual([]);
});

test('nothing below the command line imports Node', () => {
  const node = imports.filter(({ floor, target }) => floor !== 'cli' && target.startsWith('node:'));
  expect(node.map(told)).toEqual([]);
});

test('no function of Math whose last digits engines choose is called, but for log2 of powers of two, or rounded, outside results', () => {
  const inexact = /Math\.(log\w*|exp\w*|pow|\w*sinh?|\w*cosh?|\w*tanh?2?|cbrt|hypot)\(/g;
  const calls = files.flatMap((file) =>
    [...readFileSync(src + file, 'utf8').matchAll(inexact)].map(([call]) => `${file} ${call}`),
  );
  expect(calls.filter((call) => !call.endsWith('log2(') || call.startsWith('lab/results/'))).toEqual([]);
});

test('report takes values from the results of the lab and from base alone; types from anywhere below', () => {
  const beyond = inside.filter(
    ({ floor, target, typeOnly }) =>
      floor === 'report' &&
      !typeOnly &&
      !['report', 'base'].includes(floorOf(target)) &&
      !target.startsWith('lab/results/'),
  );
  expect(beyond.map(told)).toEqual([]);
});

test('the results of the lab take no value from the machine, a kernel, or another room', () => {
  const beyond = inside.filter(
    ({ file, target, typeOnly }) =>
      file.startsWith('lab/results/') && !typeOnly && floorOf(target) !== 'base' && !target.startsWith('lab/results/'),
  );
  expect(beyond.map(told)).toEqual([]);
});

/** The first folder of a file's floor; '' for the files of the floor itself. */
const roomOf = (file: string) => file.split('/').slice(1, -1)[0] ?? '';

/** What each room enters, and so all that those enter; a single file where it needs no more of a room. */
const entered: Record<string, Record<string, readonly string[]>> = {
  hw: { cache: ['hw/cpu-model.ts', 'hw/memory.ts'], '': ['cache'], devices: [''] },
  lab: {
    traces: [],
    results: ['traces'],
    watch: ['results'],
    workloads: ['watch', 'traces'],
    layouts: ['watch'],
    specification: ['workloads', 'layouts'],
    caches: [],
    experiment: ['specification', 'caches'],
    litmus: [],
    verify: ['caches', 'litmus'],
  },
};

const reached = (rooms: Record<string, readonly string[]>, room: string): Set<string> =>
  new Set([room, ...(rooms[room] ?? []).flatMap((next) => [...reached(rooms, next)])]);

test.each(Object.entries(entered))('the rooms of %s are entered one way', (floor, rooms) => {
  const here = files.filter((file) => floorOf(file) === floor);
  expect(new Set(here.map(roomOf))).toEqual(new Set(Object.keys(rooms)));
  const astray = inside.filter(({ file, target }) => {
    if (floorOf(file) !== floor || floorOf(target) !== floor) return false;
    const allowed = reached(rooms, roomOf(file));
    return !allowed.has(roomOf(target)) && !allowed.has(target);
  });
  expect(astray.map(told)).toEqual([]);
});

/** The files of each circle of imports (R. Tarjan, 1972). */
function circles(): string[][] {
  const targets = new Map(files.map((file) => [file, inside.filter((each) => each.file === file)]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const { target } of targets.get(file)!) {
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return found;
}

test("there is no circle of imports but slab.c's own: management off the slab is allocated as objects are", () => {
  const own: Record<string, readonly string[]> = {
    'linux-2.4': ['alloc', 'batch', 'free', 'grow', 'slab-pages'],
    // Also arrays: those of other nodes are emptied into their own, and the management of a slab comes by kmalloc_node().
    'linux-2.6.17': ['alloc', 'array-cache', 'debug', 'free', 'grow', 'kmalloc', 'slab-pages'],
  };
  const expected = Object.entries(own).map(([version, names]) => names.map((name) => `slab/${version}/${name}.ts`));
  expect(circles()).toEqual(expected);
});

test('a kernel version is entered by its doors alone, which stand in the tables of versions and of recordings', () => {
  const versionOf = (file: string) => /\/(linux-[\d.]+)\//.exec(file)?.[1] ?? null;
  const isShared = (version: string) => !files.includes(`slab/${version}/index.ts`);
  const past = inside.filter(({ file, target }) => {
    const version = versionOf(target);
    if (version === null || versionOf(file) === version) return false;
    // What the versions of a series share (linux-2.4) is theirs.
    if (isShared(version)) return !versionOf(file)?.startsWith(version);
    const isTable = ['slab/kernels.ts', 'lab/verify/recordings.ts'].includes(file);
    return !(isTable && target === `${file.replace(/[^/]*$/, version)}/index.ts`);
  });
  expect(past.map(told)).toEqual([]);
});

test.each([
  ['2.4.0', []],
  ['2.4.22', ['lab/specification/specification.ts']],
])('nobody but its folders and the default knows the name of %s', (version, others) => {
  const name = new RegExp(`^\\s*(?!\\*|/\\*|//).*'${version.replaceAll('.', '\\.')}'`, 'm');
  const names = files.filter((file) => name.test(readFileSync(src + file, 'utf8')));
  expect(names.filter((file) => !file.includes(`linux-${version}/`))).toEqual(others);
});

test('the test reads the imports that there are', () => {
  expect(inside.length).toBeGreaterThan(500);
  expect(new Set(files.map(floorOf))).toEqual(new Set(floors.concat('index.ts')));
});
