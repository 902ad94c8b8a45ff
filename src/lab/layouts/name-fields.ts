/** The fields of the objects in the caches of a workload, from layouts of structures. */
import { groupBy } from '../../base/group-by.ts';
import { InputError } from '../../base/input-error.ts';
import type { Field, FieldNames } from '../watch/attribution.ts';
import { structNamesOf } from './cache-structs.ts';
import type { CacheLayout } from './layouts-json.ts';
import type { Layouts } from './read-layouts.ts';
import { leavesOf, type Struct } from './struct-layout.ts';

/** One file of layouts, and which structures it has for caches, where that is said. */
export interface LayoutSource {
  readonly layouts: Layouts;
  readonly caches: Readonly<Record<string, string>>;
}

export interface NamedFields {
  readonly fields: FieldNames;
  /** Of caches that have a structure by name, but not of their size. */
  readonly notes: readonly string[];
}

interface SizedCache {
  readonly name: string;
  /** As a trace has it, of which the name may be short. */
  readonly recordedName: string;
  /** As objects are asked for. */
  readonly size: number;
}

/** For each cache the first source that has a structure for it. */
export function nameFields(sources: readonly LayoutSource[], caches: readonly SizedCache[]): NamedFields {
  const fields = new Map<string, Field[]>();
  const notes: string[] = [];
  for (const source of sources) checkMap(source, caches);
  for (const cache of caches) {
    const misfits: string[] = [];
    for (const { layouts, caches: map } of sources) {
      const said = map[cache.name] ?? map[cache.recordedName];
      const found = said === undefined ? usualStruct(layouts, cache, misfits) : structSaid(layouts, cache, said);
      if (found === null) continue;
      fields.set(cache.name, fieldsOfStruct(found, cache.size));
      break;
    }
    if (!fields.has(cache.name)) notes.push(...misfits);
  }
  return { fields, notes };
}

/** Structures that come from general caches, by the function that allocates them. */
export interface GeneralStructs {
  /** By the name of the structure. */
  readonly fields: FieldNames;
  /** What an object of so many bytes is that this function allocated; undefined where no layout says it. */
  readonly structOf: (fn: string, bytes: number) => string | undefined;
}

/** Elements of an array of structures that have names. */
const ELEMENTS = 64;

export function generalStructs(sources: readonly LayoutSource[]): GeneralStructs {
  const all = sources.flatMap(({ layouts }) => layouts.caches).filter(({ allocatedBy }) => (allocatedBy ?? '') !== '');
  const byFunction = groupBy(all, ({ allocatedBy }) => allocatedBy!);
  return {
    fields: new Map(all.map((each) => [nameOf(each), elementsOf(each)])),
    structOf: (fn, bytes) => {
      // A function of a module has that behind its name.
      const found = byFunction.get(fn.replace(/ .*/, '')) ?? [];
      const isIt = ({ struct, isArray }: CacheLayout) => (isArray ? bytes % struct.size === 0 : struct.size === bytes);
      const layout = found.find(isIt);
      return layout === undefined ? undefined : nameOf(layout);
    },
  };
}

const nameOf = ({ struct, isArray }: CacheLayout): string => (isArray ? `${struct.name}[]` : struct.name);

function elementsOf({ struct, isArray }: CacheLayout): Field[] {
  const fields = fieldsOfStruct(struct, struct.size);
  if (!isArray) return fields;
  return Array.from({ length: ELEMENTS }, (_, i) =>
    fields.map(({ name, offset, size }) => ({ name: `[${i}].${name}`, offset: offset + i * struct.size, size })),
  ).flat();
}

/** A name in the map that no cache has is a mistake; a structure that is not there too, as structSaid tells. */
function checkMap({ layouts, caches: map }: LayoutSource, caches: readonly SizedCache[]): void {
  const unknown = Object.keys(map).find((name) =>
    caches.every((cache) => cache.name !== name && cache.recordedName !== name),
  );
  if (unknown === undefined) return;
  const names = caches.map(({ name }) => name).join(', ');
  throw new InputError(layouts.file, `no cache of the workload is named ${unknown}`, `name one of ${names}`);
}

/** The structure that the user names must be there, and no larger than objects are. */
function structSaid(layouts: Layouts, { name, size }: SizedCache, struct: string): Struct {
  const all = layouts.structs.get(struct);
  if (all === undefined) {
    throw new InputError(layouts.file, `no structure ${struct}, which ${name} should have`, 'name one that it has');
  }
  const whole = all.filter((each): each is Struct => !('refusal' in each));
  const found = whole.find((each) => fits(each, size)) ?? whole.find((each) => each.size <= size);
  if (found !== undefined) return found;
  for (const each of all) if ('refusal' in each) throw each.refusal;
  const [{ place, size: bytes }] = whole;
  throw new InputError(
    place,
    `${struct} has ${bytes} bytes, objects of ${name} ${size}`,
    'name the structure that they are',
  );
}

function usualStruct(layouts: Layouts, { recordedName: name, size }: SizedCache, misfits: string[]): Struct | null {
  const byCache = layouts.caches.filter(({ key }) => key === name).map(({ struct }) => struct);
  const byName =
    layouts.caches.length > 0 ? [] : structNamesOf(name).flatMap((each) => layouts.structs.get(each) ?? []);
  for (const each of [...byCache, ...byName]) {
    if ('refusal' in each) throw each.refusal;
    if (fits(each, size)) return each;
    misfits.push(`${name}: struct ${each.name} (${each.place}) has ${each.size} bytes, objects have ${size}`);
  }
  return null;
}

/** Less is no room for what a CPU may or may not have. */
const LARGE = 1024;

/**
 * Objects may be longer than their structure, if it ends with an array of no length; or shorter, if they are cut within a large
 * last member, as task_struct is within the registers of the FPU.
 */
function fits(struct: Struct, size: number): boolean {
  if (struct.size === size) return true;
  const leaves = leavesOf(struct);
  if (struct.size < size) return leaves.some(({ offset, size: bytes }) => bytes === 0 && isLast(offset, leaves));
  const end = Math.max(...leaves.map((leaf) => leaf.offset + leaf.size));
  return leaves.some((leaf) => leaf.offset + leaf.size === end && leaf.offset < size && leaf.size >= LARGE);
}

const isLast = (at: number, leaves: readonly { offset: number; size: number }[]): boolean =>
  leaves.every(({ offset, size }) => offset + size <= at || (offset === at && size === 0));

/** Within the object; what has no length reaches to its end. */
function fieldsOfStruct(struct: Struct, size: number): Field[] {
  const leaves = leavesOf(struct);
  return leaves.flatMap(({ name, offset, size: bytes }): Field[] => {
    if (offset >= size) return [];
    if (bytes > 0) return [{ name, offset, size: Math.min(bytes, size - offset) }];
    return isLast(offset, leaves) ? [{ name, offset, size: size - offset }] : [];
  });
}
