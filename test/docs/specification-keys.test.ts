/** What can be written in a specification is told where a user looks: in init's template, and in docs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { template } from '../../src/cli/init.ts';
import { parseSpecification, specificationSchema } from '../../src/lab/specification/specification.ts';
import { workloads } from '../../src/lab/workloads/all.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** Every path of keys that the schema knows, once; a list's items, and `fields` by the name of a cache, have that of the list. */
function pathsOf(schema: Schema, path = ''): string[] {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  const same = [...anyOf, ...oneOf, ...(items === undefined ? [] : [items])];
  if (typeof additionalProperties === 'object') same.push(additionalProperties);
  const inner = Object.entries(properties).flatMap(([key, value]) => {
    const whole = path === '' ? key : `${path}.${key}`;
    return [whole, ...pathsOf(value, whole)];
  });
  return [...new Set([...same.flatMap((each) => pathsOf(each, path)), ...inner])];
}

/** Those that a value has. */
function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsIn(each, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isCacheOfFields = path === 'fields' && Array.isArray(inner);
    const whole = isCacheOfFields ? path : path === '' ? key : `${path}.${key}`;
    return [whole, ...pathsIn(inner, whole)];
  });
}

const document = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const all = pathsOf(specificationSchema() as Schema);
/** docs/workloads.md has those of each workload. */
const parameters = [...workloads.values()].flatMap(({ name, parameters }) =>
  Object.keys(parameters).map((key) => [name, key] as const),
);
const isParameter = (path: string) => parameters.some(([, key]) => path === `workload.${key}`);
const ofAll = all.filter((path) => !isParameter(path) || path === 'workload.trace');

test('the schema has the keys that this is about', () => {
  expect(ofAll).toEqual(
    expect.arrayContaining(['machine.model.l2.inclusion', 'fields.heat', 'kernel.debug', 'workload.trace', 'seed']),
  );
  expect(parameters).toContainEqual(['churn', 'objects']);
});

test('init writes every key, at its place: as it holds, or behind a # that may be taken away', () => {
  const whole = template('x', 't', 'schema.json').replaceAll(/^( *)#(?=[a-z]+\w*:| {2})/gm, '$1');
  const there = pathsIn(parseDocument(whole, { uniqueKeys: false }).toJS());
  expect(ofAll.filter((path) => !there.includes(path))).toEqual([]);
});

test('what stands behind a # in the template is well: with any one of them used', () => {
  const text = template('x', 't', 'schema.json')
    .replace('name: replay', 'name: churn')
    .replace(/^ {2}trace: .*\n/m, '')
    .replace(/^placement:.*\n/m, '');
  const alone = [...text.matchAll(/^( *)#([a-z]\w*):[^\n]*\n(?:\1# .*\n)*/gm)].map(
    ([block, , key]) => [key!, block!] as const,
  );
  expect(alone.map(([key]) => key)).toEqual(
    expect.arrayContaining(['model', 'smp', 'debug', 'object_size', 'limit', 'ageing', 'interrupts', 'fields']),
  );
  // They are known to 2.6 alone, and mean something where there are nodes.
  const ofNodes = ['nodes', 'remote_cycles', 'numa'];
  for (const [key, block] of alone) {
    const used = text
      .replace(key === 'model' ? /^ {2}model: .*\n/m : /$^/, '')
      .replace('version: 2.4.22', ofNodes.includes(key) || key === 'shared' ? 'version: 2.6.17-g4776874' : '$&')
      .replace(/^( *)#nodes/m, ofNodes.includes(key) && key !== 'nodes' ? '$1nodes' : '$&')
      .replace(block, block.replaceAll(/^( *)#/gm, '$1'))
      .replace(/^touch: .*\n/m, key === 'profile' ? 'touch: profiled\n' : '$&')
      // It is no key of its own.
      .replace(/^#limit/m, key === 'batchcount' ? 'limit' : '#limit');
    expect(() => parseSpecification(used, key), key).not.toThrow();
  }
});

test('docs/specification.md tells of every key', () => {
  const text = document('specification.md');
  // A model and the fields of a cache have tables of their own, without what stands before.
  const told = (path: string) => text.includes(`\`${path.replace(/^(machine\.model|fields)\./, '')}\``);
  const isGroup = (path: string) => ofAll.some((other) => other.startsWith(`${path}.`));
  expect(ofAll.filter((path) => !isGroup(path) && !told(path))).toEqual([]);
});

test('docs/workloads.md tells of every parameter, in the part about its workload', () => {
  const parts = document('workloads.md').split(/^## /m);
  const partOf = (workload: string) => parts.find((part) => part.split('\n')[0]!.includes(workload));
  const untold = parameters.filter(([name, key]) => !partOf(name)?.includes(`\`${key}\``));
  expect(untold).toEqual([]);
});
