/** The litmus tests of a text, by what it holds: herd's own form, or JSON. */
import { looksLikeHerd, parseHerd } from './herd.ts';
import { type LitmusRecord, parseJsonTests } from './json-tests.ts';

export function readLitmusTests(text: string, file: string): LitmusRecord[] {
  if (looksLikeHerd(text)) return [{ test: parseHerd(text, file), expected: {}, place: file }];
  return parseJsonTests(text, file);
}
