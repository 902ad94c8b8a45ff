import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const src = new URL('../src/', import.meta.url).pathname;
const layers = ['hw', 'kernel', 'mm', 'slab', 'lab', 'report', 'cli'];

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

test('imports point one way: hw <- kernel <- mm <- slab <- lab <- report <- cli', () => {
  const upwards = relative.filter(({ layer, targetLayer }) => layers.indexOf(targetLayer) > layers.indexOf(layer));
  expect(upwards.filter(({ layer }) => layers.includes(layer))).toEqual([]);
});

test('nothing below the command line imports Node', () => {
  const node = imports.filter(({ layer, target }) => layer !== 'cli' && target.startsWith('node:'));
  expect(node).toEqual([]);
});

test('report sees nothing of the lab but its result types', () => {
  const beyond = relative.filter(
    ({ layer, target, targetLayer, typeOnly }) =>
      layer === 'report' && targetLayer !== 'report' && !(typeOnly && target.endsWith('/lab/results.ts')),
  );
  expect(beyond).toEqual([]);
});

test('the test reads the imports that there are', () => {
  expect(relative.length).toBeGreaterThan(100);
  expect(new Set(relative.map(({ layer }) => layer))).toEqual(new Set(layers.concat('index.ts')));
});
