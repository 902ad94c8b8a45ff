import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const src = new URL('../src/', import.meta.url).pathname;
const layers = ['base', 'hw', 'kernel', 'mm', 'slab', 'lab', 'report', 'cli'];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap((file) =>
  [...readFileSync(src + file, 'utf8').matchAll(/^(import|export)\s([^;]*?)from '([^']+)';/gm)].map((match) => ({
    file,
    typeOnly: /^type\b/.test(match[2]!),
    layer: file.split('/')[0]!,
    target: match[3]!,
    targetLayer: new URL(match[3]!, `file:///${file}`).pathname.split('/')[1]!,
  })),
);
const relative = imports.filter(({ target }) => target.startsWith('.'));

test('imports point one way: base <- hw <- kernel <- mm <- slab <- lab <- report <- cli', () => {
  const upwards = relative.filter(({ layer, targetLayer }) => layers.indexOf(targetLayer) > layers.indexOf(layer));
  expect(upwards.filter(({ layer }) => layers.includes(layer))).toEqual([]);
});

test('nothing below the command line imports Node', () => {
  const node = imports.filter(({ layer, target }) => layer !== 'cli' && target.startsWith('node:'));
  expect(node).toEqual([]);
});

test('report takes values from the results of the lab and from base alone; types from anywhere below', () => {
  const pathOf = (file: string, target: string) => new URL(target, `file:///${file}`).pathname.slice(1);
  const beyond = relative.filter(
    ({ file, layer, target, targetLayer, typeOnly }) =>
      layer === 'report' &&
      !typeOnly &&
      !['report', 'base'].includes(targetLayer) &&
      !pathOf(file, target).startsWith('lab/results/'),
  );
  expect(beyond).toEqual([]);
});

test('the results of the lab take no value from the machine, a kernel, or another room', () => {
  const pathOf = (file: string, target: string) => new URL(target, `file:///${file}`).pathname.slice(1);
  const beyond = relative.filter(
    ({ file, target, targetLayer, typeOnly }) =>
      file.startsWith('lab/results/') &&
      !typeOnly &&
      targetLayer !== 'base' &&
      !pathOf(file, target).startsWith('lab/results/'),
  );
  expect(beyond).toEqual([]);
});

test('the test reads the imports that there are', () => {
  expect(relative.length).toBeGreaterThan(100);
  expect(new Set(relative.map(({ layer }) => layer))).toEqual(new Set(layers.concat('index.ts')));
});
