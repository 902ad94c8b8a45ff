/**
 * `tsx test/lab/touches/cut.ts TRACE.gz FIRST TOUCHES OUT.gz`: a piece of a touch trace that is a touch trace: from its FIRST
 * touch on, as many TOUCHES or a few more. Objects that live by then, as far as the piece touches or frees them, are born before.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const [file, from, touches, out] = process.argv.slice(2) as [string, string, string, string];
const [first, wanted] = [Number(from), Number(touches)];
const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');

/** New numbers in order of first appearance. */
const numbering = () => {
  const numbers = new Map<string, number>();
  return (old: string, isNew: (number: number) => void = () => {}): number => {
    const known = numbers.get(old);
    if (known !== undefined) return known;
    const number = numbers.size;
    numbers.set(old, number);
    isNew(number);
    return number;
  };
};

const caches = new Map<string, string>();
const functions = new Map<string, string>();
const sites: string[][] = [];
/** Of each object that lives: its cache and size. */
const live = new Map<string, string>();
const counts = { r: 0, w: 0, m: 0, a: 0, f: 0 };
const born: string[] = [];
const events: string[] = [];
const usedCaches = new Set<string>();
/** Which objects the piece has born: their numbers come first. */
const bornIds: string[] = [];
const inside: { readonly fields: string[]; readonly object: string }[] = [];

let object = '';
let seen = 0;
let taken = 0;
let context = '';
for (const line of lines) {
  const fields = line.split(' ');
  const [head] = fields as [string];
  if (/^\d/.test(head)) {
    object = fields[1] ?? object;
    const count = Number(sites[Number(head)]![4]);
    seen += count;
    if (seen <= first) continue;
    taken += count;
    if (taken > wanted) break;
  } else if (head === 'c') caches.set(fields[1]!, line);
  else if (head === 'n') functions.set(fields[1]!, fields[2]!);
  else if (head === 's') sites.push(fields);
  else if (head === 't') context = line;
  else if (head === 'b' || head === 'a') object = fields[1]!;
  if (seen > first || (seen === first && head === 'a')) {
    if (inside.length === 0 && context !== '' && head !== 't') inside.push({ fields: context.split(' '), object });
    if (/^([\dtaf])/.test(head)) inside.push({ fields, object: head === 'f' ? fields[1]! : object });
  } else if (head === 'b' || head === 'a') live.set(object, `${fields[2]} ${fields[3]}`);
  else if (head === 'f') live.delete(fields[1]!);
}

const idOf = numbering();
for (const { fields, object } of inside) {
  if (fields[0] !== 't' && fields[0] !== 'a' && live.has(object) && !bornIds.includes(object)) bornIds.push(object);
}
for (const id of bornIds) {
  const [cache] = live.get(id)!.split(' ') as [string];
  usedCaches.add(cache);
  born.push(`b ${idOf(id)} ${live.get(id)}`);
}
const fnOf = numbering();
const named = (fn: string | undefined): string =>
  fn === undefined ? '' : ` ${1 + fnOf(fn, (number) => events.push(`n ${number + 1} ${functions.get(fn)}`))}`;
const siteOf = numbering();
let last = '';
for (const { fields, object } of inside) {
  const [head] = fields as [string];
  if (head === 't') events.push(fields.join(' '));
  else if (head === 'a') {
    counts.a++;
    usedCaches.add(fields[2]!);
    const fn = named(fields[5]);
    events.push(`a ${idOf(object)} ${fields.slice(2, 5).join(' ')}${fn}`);
    last = object;
  } else if (head === 'f') {
    counts.f++;
    events.push(`f ${idOf(object)}${named(fields[2])}`);
  } else {
    const [, kind, offset, bytes, count, fn] = sites[Number(head)]! as [string, 'r' | 'w' | 'm', ...string[]];
    counts[kind] += Number(count);
    const by = named(fn);
    const site = siteOf(head, () => events.push(`s ${kind} ${offset} ${bytes} ${count}${by}`));
    events.push(object === last ? `${site}` : `${site} ${idOf(object)}`);
    last = object;
  }
}

const { r, w, m, a, f } = counts;
const text = [
  '# touch trace 1',
  ...lines.filter((line) => /^# (source|workload|program|command):/.test(line)),
  `# cut from ${basename(file)}: about ${wanted} touches from the ${first}th on`,
  `# ${born.length} objects born before, ${a} allocations, ${f} frees (0 unseen), ${r} reads, ${w} writes, ${m} modifies`,
  ...[...caches].filter(([cache]) => usedCaches.has(cache)).map(([, line]) => line),
  ...born,
  ...events,
];
writeFileSync(out, gzipSync(`${text.join('\n')}\n`, { level: 9 }));
console.log(text[text.findIndex((line) => line.startsWith('# cut')) + 1]);
