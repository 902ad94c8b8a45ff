import { expect, test } from 'vitest';
import { didYouMean } from '../../src/base/did-you-mean.ts';
import { cpuModels } from '../../src/hw/cpu-models.ts';

const machines = Object.keys(cpuModels);
const workloads = ['replay', 'hot-field-walk', 'churn', 'zipf-lookup'];

test.each([
  ['another way to write it', 'sky-lake', machines, 'did you mean skylake?'],
  ['a figure for a Roman one', 'pentium-3', machines, 'did you mean pentium-iii?'],
  ['capitals', 'LRU', ['lru', 'fifo'], 'did you mean lru?'],
  ['two letters swapped', 'chrun', workloads, 'did you mean churn?'],
  ['a letter too many', 'churns', workloads, 'did you mean churn?'],
  ['a letter missing', 'reply', workloads, 'did you mean replay?'],
  ['a letter changed', 'coloring', ['colouring', 'touch'], 'did you mean colouring?'],
  ['two that are as near', 'seedz', ['seed', 'seeds', 'touch'], 'did you mean seed or seeds?'],
  ['the beginning of one alone', '2.6.17', ['2.4.0', '2.6.17-g4776874'], 'did you mean 2.6.17-g4776874?'],
  ['another figure', '2.6.0', ['2.4.0', '2.4.22'], 'use one'],
  ['three letters that are others', 'mru', ['lru', 'fifo'], 'use one'],
  ['what YAML once read as on', true, ['on', 'off'], 'did you mean on?'],
  ['nothing near', 'sunflower', workloads, 'use one'],
  ['so short that all is near', 'x', ['a', 'b', 'c', 'd'], 'use one'],
  ['nothing at all', '', workloads, 'use one'],
])('%s: %j', (_, written, known, expected) => {
  expect(didYouMean(written, known, 'use one')).toBe(expected);
});
