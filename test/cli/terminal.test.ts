/** Tables are laid out for a terminal where there is one. */
import { afterEach, describe, expect, test } from 'vitest';
import { tableOptions } from '../../src/cli/terminal.ts';

const { stdout } = process;
const before = { isTTY: stdout.isTTY, hasColors: stdout.hasColors, columns: stdout.columns };

afterEach(() => {
  Object.assign(stdout, before);
});

test.each([
  ['a terminal that shows colours', true, true, true],
  ['a terminal that shows none (NO_COLOR, TERM=dumb)', true, false, false],
  ['no terminal', false, true, false],
])('colours are for %s', (_, isTTY, shows, coloured) => {
  Object.assign(stdout, { isTTY, hasColors: () => shows });
  expect(tableOptions({}).colour).toBe(coloured);
});

describe('on a terminal of 80 columns', () => {
  const on = (choices: Parameters<typeof tableOptions>[0]) => {
    Object.assign(stdout, { isTTY: true, hasColors: () => false, columns: 80 });
    return tableOptions(choices);
  };

  test('tables are so wide, and the answer comes last', () => {
    expect(on({})).toMatchObject({ width: 80, answer: 'last', brief: false });
  });

  test('--wide leaves nothing out, --brief all but the answer', () => {
    expect(on({ wide: true }).width).toBeUndefined();
    expect(on({ brief: true }).brief).toBe(true);
  });
});

test('where nobody watches tables are whole, and the answer comes first', () => {
  Object.assign(stdout, { isTTY: false, columns: 80 });
  expect(tableOptions({})).toEqual({ colour: false, answer: 'first', brief: false });
});
