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

test('report sees nothing below but result types of the lab, and base', () => {
  const beyond = relative.filter(
    ({ layer, target, targetLayer, typeOnly }) =>
      layer === 'report' &&
      !['report', 'base'].includes(targetLayer) &&
      !(typeOnly && target.endsWith('/lab/results/results.ts')),
  );
  expect(beyond).toEqual([]);
});

test('the test reads the imports that there are', () => {
  expect(relative.length).toBeGreaterThan(100);
  expect(new Set(relative.map(({ layer }) => layer))).toEqual(new Set(layers.concat('index.ts')));
});
