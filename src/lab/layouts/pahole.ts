/**
 * Layouts as pahole prints them (dwarves 1.10 to 1.30), of one structure (-C) or of all of a file, with members expanded (-E) or
 * not:
 *
 *     struct list_head           d_lists[2];           / *   104    32 * /
 *     unsigned int               nine:9;               / *     0:16  4 * /
 *     } d_u;                                           / *    80    16 * /
 *
 * A comment at the end of a member tells its offset, from the start of the outermost structure, and its size; of bits also the bit
 * within what they are declared as. A member whose structure the same text has is taken apart; of others, and typedefs, only
 * their name is known.
 */
import { groupBy } from '../../base/group-by.ts';
import { type CType, type Member, refused, type Struct } from './struct-layout.ts';

export const isPahole = (text: string): boolean => /^\s*(struct|union)\b[^;]*\{/m.test(text) && MEMBER_END.test(text);

const MEMBER_END = /\/\*\s+\d+(?::\s*\d+)?\s+\d+\s*\*\/\s*$/m;
const OPENING = /^(?:typedef\s+|const\s+|volatile\s+)*(struct|union|class|enum)(?:\s+([\w:]+))?[^;()]*\{$/;
const CLOSING = /^\}\s*([^;]*);\s*(?:\/\*\s+(\d+)(?::\s*\d+)?\s+(\d+)\s*\*\/)?$/;
const MEMBER = /^(.+?);\s*\/\*\s+(\d+)(?::\s*(\d+))?\s+(\d+)\s*\*\/$/;
const SIZE = /^\/\* size: (\d+)(?:,|\s|\*)/;

/** One that is being read: its members have offsets from the outermost. */
interface Open {
  readonly name: string;
  readonly line: number;
  readonly members: Found[];
  readonly isEnum: boolean;
  size: number | null;
}

interface Found {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Of one that is written out. */
  readonly members: Found[] | null;
  /** The structure that it is, as it is called elsewhere in the text; empty of all else. */
  readonly struct: string;
}

export function readPahole(text: string, file: string): Struct[] {
  const structs: Open[] = [];
  const open: Open[] = [];
  text.split('\n').forEach((raw, index) => {
    const number = index + 1;
    // A typedef that is expanded, and remarks between members.
    const line = raw.trim().replace(/^(\/\* typedef .*?\*\/\s*)+/, '');
    const opening = OPENING.exec(line);
    if (opening !== null) {
      const [, keyword, name = ''] = opening;
      open.push({ name, line: number, members: [], isEnum: keyword === 'enum', size: null });
      return;
    }
    const innermost = open.at(-1);
    if (innermost === undefined) return;
    const closing = CLOSING.exec(line);
    if (closing !== null) {
      open.pop();
      const outer = open.at(-1);
      if (outer === undefined) {
        if (innermost.name !== '' && !innermost.isEnum) structs.push(innermost);
      } else {
        const member = innermost.isEnum ? memberIn(`enum ${line.slice(1)}`) : closed(innermost, closing);
        if (member === null) {
          const what = `what began in line ${innermost.line} ends without offset and size`;
          throw refused(file, number, what, 'pahole writes them behind its brace');
        }
        outer.members.push(member);
      }
      return;
    }
    if (innermost.isEnum) return;
    const size = SIZE.exec(line);
    if (size !== null) innermost.size = Number(size[1]);
    if (line === '' || line.startsWith('/*')) return;
    const member = memberIn(line);
    if (member === null) {
      // Bits that fill up have no place of their own.
      if (/:\s*\d+;$/.test(line)) return;
      const shown = JSON.stringify(line.slice(0, 60));
      throw refused(
        file,
        number,
        `no member of a structure: ${shown}`,
        'each ends with /* OFFSET SIZE */, as pahole writes it',
      );
    }
    innermost.members.push(member);
  });
  const left = open.at(-1);
  if (left !== undefined) {
    throw refused(
      file,
      left.line,
      `${left.name || 'a structure'} has no end`,
      'give the whole text that pahole printed',
    );
  }
  const named = groupBy(structs, ({ name }) => name);
  return structs.map((found) => typed(found, named, file));
}

function closed({ members }: Open, [, declarator, offset, size]: RegExpExecArray): Found | null {
  if (offset === undefined) return null;
  const { name, isArray, isPointer } = declared(withoutAttributes(declarator));
  const isWhole = !isArray && !isPointer;
  return { name, offset: Number(offset), size: Number(size), members: isWhole ? members : null, struct: '' };
}

const withoutAttributes = (text: string): string => text.replace(/\s*__attribute__\s*\(\(.*?\)\)+/g, '');

function memberIn(line: string): Found | null {
  const member = MEMBER.exec(line);
  if (member === null) return null;
  const [, declaration, offset, bit, size] = member;
  const text = withoutAttributes(declaration);
  const bits = /:\s*(\d+)$/.exec(text);
  if (bits !== null && bit !== undefined) {
    const first = 8 * Number(offset) + Number(bit);
    const from = Math.floor(first / 8);
    const end = Math.ceil((first + Number(bits[1])) / 8);
    const { name } = declared(text.slice(0, bits.index));
    return { name, offset: from, size: end - from, members: null, struct: '' };
  }
  const { name, isArray, isPointer } = declared(text);
  const struct = /^(?:const\s+|volatile\s+)*(?:struct|union)\s+(\w+)\s/.exec(text)?.[1] ?? '';
  return {
    name,
    offset: Number(offset),
    size: Number(size),
    members: null,
    struct: isArray || isPointer ? '' : struct,
  };
}

/** What is declared: `(*func)(struct callback_head *)`, `m[2][3]`, `* next`. */
function declared(text: string): { name: string; isArray: boolean; isPointer: boolean } {
  const pointer = /\(\s*\*[\s\w]*?(\w+)\s*(?:\[[^\]]*\]\s*)*\)/.exec(text);
  if (pointer !== null) return { name: pointer[1], isArray: false, isPointer: true };
  const name = /(\w+)\s*((?:\[[^\]]*\]\s*)*)$/.exec(text.trim());
  return { name: name?.[1] ?? '', isArray: (name?.[2] ?? '') !== '', isPointer: text.includes('*') };
}

const sizeOf = ({ size, members }: Open): number =>
  size ?? Math.max(0, ...members.map((member) => member.offset + member.size));

function typed(found: Open, structs: ReadonlyMap<string, readonly Open[]>, file: string): Struct {
  const { name, line } = found;
  const members = found.members.map((member) => memberOf(member, 0, structs));
  return { name, place: `${file}:${line}`, size: sizeOf(found), members };
}

function memberOf(
  { name, offset, size, members, struct }: Found,
  base: number,
  structs: ReadonlyMap<string, readonly Open[]>,
): Member {
  const type = (): CType => {
    if (members !== null) return { size, members: members.map((each) => memberOf(each, offset, structs)) };
    // Several of one name are told apart by their sizes.
    const other = structs.get(struct)?.find((each) => sizeOf(each) === size);
    return { size, members: other === undefined ? null : other.members.map((each) => memberOf(each, 0, structs)) };
  };
  return { name, offset: offset - base, type: type() };
}
