/** Layouts of structures in any of the forms that are read here, told by content. */

import { groupBy } from '../../base/group-by.ts';
import { InputError } from '../../base/input-error.ts';
import { isBtfJson, readBtfJson } from './btf-json.ts';
import type { Abi } from './c-abi.ts';
import { readC } from './c-declarations.ts';
import { type CacheLayout, isLayoutsJson, readLayoutsJson } from './layouts-json.ts';
import { isPahole, readPahole } from './pahole.ts';
import type { Struct, Unknown } from './struct-layout.ts';

export interface Layouts {
  readonly file: string;
  /** By name, which several may have. */
  readonly structs: ReadonlyMap<string, readonly (Struct | Unknown)[]>;
  /** Where the file has layouts by cache. */
  readonly caches: readonly CacheLayout[];
}

/** `abi` is that of C declarations, which do not tell it. */
export function readLayouts(text: string, file: string, abi: Abi): Layouts {
  const found = structsIn(text, file, abi);
  const structs = groupBy(found.structs, ({ name }) => name);
  if (structs.size > 0) return { file, ...found, structs };
  throw new InputError(file, 'no structure in it', 'give text of pahole, or BTF as bpftool dumps it, as JSON or C');
}

function structsIn(
  text: string,
  file: string,
  abi: Abi,
): { structs: readonly (Struct | Unknown)[]; caches: readonly CacheLayout[] } {
  if (/^\s*[{[]/.test(text)) {
    const value = parsed(text, file);
    if (isBtfJson(value)) return { structs: readBtfJson(value, file), caches: [] };
    if (isLayoutsJson(value)) {
      const caches = readLayoutsJson(value, file);
      return { structs: caches.map(({ struct }) => struct), caches };
    }
    throw new InputError(
      file,
      'JSON, but no layouts',
      'give BTF as bpftool dumps it, or { CACHE: { struct, size, fields } }',
    );
  }
  if (isPahole(text)) return { structs: readPahole(text, file), caches: [] };
  if (/^\s*(typedef|struct|union|enum)\b/m.test(text)) return { structs: readC(text, file, abi), caches: [] };
  throw new InputError(
    file,
    'no layouts of structures',
    'give text of pahole, or BTF as bpftool dumps it, as JSON or C',
  );
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(file, `not JSON: ${(error as Error).message}`, 'a whole JSON document is needed');
  }
}
