/** The litmus tests of a text, by what it holds: herd's own form, or JSON. */
import { InputError } from '../../base/input-error.ts';
import { looksLikeHerd, parseHerd } from './herd.ts';
import { type LitmusRecord, parseJsonTests } from './json-tests.ts';

export function readLitmusTests(text: string, file: string): LitmusRecord[] {
  if (looksLikeHerd(text)) return [{ test: parseHerd(text, file), expected: {}, place: file }];
  const [, architecture] = /^\s*([A-Za-z]\w*)[ \t]+\S/.exec(text) ?? [];
  if (architecture !== undefined) {
    throw new InputError(`${file}:1`, `a test for ${architecture}`, 'of herd, tests for X86 and X86_64 are read');
  }
  return parseJsonTests(text, file);
}
