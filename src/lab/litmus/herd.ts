/**
 * Litmus tests as herd's files have them: `X86`, instructions as in `MOV [x],$1`, target first, and `X86_64` with AT&T
 * syntax, `movq $1,(x)`, target last. A column a thread, of moves, xchg, mfence and nop on whole words.
 */
import { InputError } from '../../base/input-error.ts';
import { canonicalName, canonicalRegister, type Instruction, type LitmusTest } from './litmus-test.ts';
import { parseNumber, parseQuestion } from './question.ts';

const LAYOUT =
  'expected `X86 NAME`, `{ x=0; }`, a table ` P0 | P1 ;` with a row of instructions a line, `exists (...)`';

export const looksLikeHerd = (text: string) => /^\s*X86(_64)?\s+\S/.test(text);

/** The test of one file. Throws an InputError that names the line. */
export function parseHerd(text: string, file: string): LitmusTest {
  // Comments go, lines stay.
  const code = text.replace(/\(\*[\s\S]*?\*\)/g, (comment) => comment.replace(/[^\n]/g, ' '));
  const match = /^\s*X86(_64)?\s+([^\n]*?)[ \t]*\n([^{]*)\{([^}]*)\}/.exec(code);
  if (match === null) throw new InputError(`${file}:1`, 'not a litmus test of herd', LAYOUT);
  const [head, att, name, , init] = match;
  const lineAt = (offset: number) => code.slice(0, offset).split('\n').length;

  const body = code.slice(head.length);
  const asked = /^[ \t]*(exists|forall|~[ \t]*exists)\b/m.exec(body);
  const table = asked === null ? body : body.slice(0, asked.index);
  const threads: Instruction[][] = [];
  table.split('\n').forEach((row, i) => {
    if (row.trim() === '') return;
    const place = `${file}:${lineAt(head.length) + i}`;
    if (/^\s*locations\b/.test(row)) return;
    const cells = row
      .replace(/;\s*$/, '')
      .split('|')
      .map((cell) => cell.trim());
    if (!/;\s*$/.test(row))
      throw new InputError(place, `not a row of the table: ${JSON.stringify(row.trim())}`, LAYOUT);
    if (threads.length === 0) {
      if (!cells.every((cell, id) => cell === `P${id}`)) throw new InputError(place, 'no row with P0, P1, ...', LAYOUT);
      threads.push(...cells.map(() => []));
      return;
    }
    if (cells.length > threads.length) {
      throw new InputError(place, `${cells.length} columns`, `there are ${threads.length} threads`);
    }
    cells.forEach((cell, id) => {
      if (cell !== '') threads[id].push(parseInstruction(cell, att !== undefined, place));
    });
  });
  if (threads.length === 0) throw new InputError(file, 'no threads', LAYOUT);

  let question = null;
  if (asked !== null) {
    const proposition = body.slice(asked.index + asked[0].length);
    const place = `${file}:${lineAt(head.length + asked.index)}`;
    question = parseQuestion(asked[1].replace(/\s/g, ''), proposition, place);
  }
  return { name: name!, threads, init: parseInit(init!, `${file}:${lineAt(head.length)}`), question };
}

function parseInit(text: string, place: string): Record<string, number> {
  const init: Record<string, number> = {};
  for (const entry of text.split(';')) {
    if (entry.trim() === '') continue;
    const match = /^\s*(?:\w+\s+)?(?:(\d+:\w+|\w+)|\[(\w+)\])\s*(?:=\s*(-?(?:0x[\da-f]+|\d+))\s*)?$/i.exec(entry);
    if (match === null) {
      throw new InputError(place, `not an initial value: ${JSON.stringify(entry.trim())}`, 'expected x=1 or 0:EAX=1');
    }
    init[canonicalName((match[1] ?? match[2])!)] = parseNumber(match[3] ?? '0');
  }
  return init;
}

type Place = { readonly location: string } | { readonly register: string } | { readonly value: number };

function parseInstruction(written: string, att: boolean, place: string): Instruction {
  const [mnemonic = '', operands = ''] = written.replace(/^lock\s+/i, '').split(/\s+(.*)/s);
  const op = mnemonic.toLowerCase().replace(/^(mov|xchg)[lq]$/, '$1');
  if (operands === '' && (op === 'mfence' || op === 'nop')) return { op };
  const [first, second, more] = operands.split(',').map((operand) => parseOperand(operand.trim(), att));
  if (first != null && second != null && more === undefined) {
    const [to, from] = att ? [second, first] : [first, second];
    if (op === 'mov' && 'location' in to && !('location' in from)) return { op: 'store', location: to.location, from };
    if (op === 'mov' && 'register' in to) {
      if ('location' in from) return { op: 'load', register: to.register, location: from.location };
      return { op: 'move', register: to.register, from };
    }
    if (op === 'xchg') {
      if ('location' in to && 'register' in from) return { op: 'exchange', ...to, ...from };
      if ('register' in to && 'location' in from) return { op: 'exchange', ...from, ...to };
    }
  }
  const forms = att
    ? 'movq $1,(x); movq (x),%rax; movq $1,%rax; xchgq %rax,(x)'
    : 'MOV [x],$1; MOV EAX,[x]; MOV EAX,$1; XCHG [x],EAX';
  throw new InputError(
    place,
    `not an instruction that is read: ${JSON.stringify(written)}`,
    `read are ${forms}; mfence; nop`,
  );
}

function parseOperand(written: string, att: boolean): Place | null {
  const number = /^\$?(-?(?:0x[\da-f]+|\d+))$/i.exec(written);
  if (number !== null) return { value: parseNumber(number[1]) };
  const location = (att ? /^\((\w+)\)$/ : /^\[(\w+)\]$/).exec(written);
  if (location !== null) return { location: location[1] };
  const register = (att ? /^%(\w+)$/ : /^(\w+)$/).exec(written);
  return register === null ? null : { register: canonicalRegister(register[1]) };
}
