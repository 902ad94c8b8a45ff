/** Tables have colours where a terminal shows them, and nowhere else. */
import { afterEach, expect, test } from 'vitest';
import { inColour } from '../../src/cli/colour.ts';

const { stdout } = process;
const before = { isTTY: stdout.isTTY, hasColors: stdout.hasColors };

afterEach(() => {
  Object.assign(stdout, before);
});

test.each([
  ['a terminal that shows colours', true, true, true],
  ['a terminal that shows none (NO_COLOR, TERM=dumb)', true, false, false],
  ['no terminal', false, true, false],
])('standard output that is %s', (_, isTTY, shows, coloured) => {
  Object.assign(stdout, { isTTY, hasColors: () => shows });
  expect(inColour()).toBe(coloured);
});
