/**
 * Whether a door of the package exports every type that its signatures need. A program that exports each function, class and
 * type again, written out, needs a name for every type in them; tsc, asked for its declarations, says where there is none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const exportLists = /^export (type )?\{([^}]*)\}/gm;

/** The program, as TypeScript; `values` are what the door gives when it runs. */
export function programOf(door: string, installed: string, values: Readonly<Record<string, unknown>>): string {
  const { classes, errors, generics } = declaredIn(installed);
  const text = readFileSync(join(installed, 'dist', 'library', `${door}.d.ts`), 'utf8');
  const exported = [...text.matchAll(exportLists)].flatMap(([, type, list]) =>
    list!
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '')
      .map((each) => ({
        isType: type !== undefined || each.startsWith('type '),
        name: each.replace(/^type |\w+ as /g, ''),
      })),
  );
  const lines = exported.flatMap(({ isType, name }) => {
    if (generics.has(name)) return [`import type { ${name} } from 'slabscope/${door}';`];
    if (classes.has(name)) {
      const members = `export const ${name} = (of: Methods<lib.${name}>) => of;`;
      // Only the package makes its errors.
      if (isType || errors.has(name)) return [members];
      return [members, `export const new${name} = (...args: ConstructorParameters<typeof lib.${name}>) => args;`];
    }
    if (isType) return [`export const ${name} = (of: Members<lib.${name}>) => of;`];
    if (typeof values[name] !== 'function') return [`export const ${name} = lib.${name};`];
    return [`export const ${name} = (...args: Parameters<typeof lib.${name}>) => lib.${name}(...args);`];
  });
  return [`import * as lib from 'slabscope/${door}';`, helpers, ...lines, ''].join('\n');
}

/** What classes hold inside is theirs; the types of their fields are had as `Machine['scheduler']`. */
const helpers = `\
type Members<T> = T extends (...args: never[]) => unknown ? T : { [K in keyof T]: T[K] };
type Methods<T> = { [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] };`;

function declaredIn(installed: string) {
  const dist = join(installed, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'));
  const text = files.map((name) => readFileSync(join(dist, name), 'utf8')).join('\n');
  const namesIn = (pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, name]) => name!));
  return {
    classes: namesIn(/^export declare (?:abstract )?class (\w+)/gm),
    errors: namesIn(/^export declare class (\w+) extends (?:Input)?Error/gm),
    generics: namesIn(/^export (?:interface|type|declare class) (\w+)</gm),
  };
}
