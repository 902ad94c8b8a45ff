/**
 * Layouts from C declarations, as `bpftool btf dump file FILE format c` and headers have them: no offsets stand there, so they are
 * computed (c-abi.ts). What cannot be computed is refused where it is asked for: a type that the text does not have, an attribute
 * of unknown effect, a length that is no number.
 */
import type { InputError } from '../../base/input-error.ts';
import { type Abi, GREATEST_ALIGNMENT, pointerOf, RecordLayout, scalarOf } from './c-abi.ts';
import { type CType, type Member, refused, type Struct, type Unknown } from './struct-layout.ts';

interface Type extends CType {
  readonly align: number;
  /** What of it is not known; null if all is. */
  readonly refusal: InputError | null;
}

interface Token {
  readonly text: string;
  readonly line: number;
}

interface Attributes {
  packed: boolean;
  /** 0: not said. */
  aligned: number;
  byte: boolean;
  refusal: InputError | null;
}

const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|"(?:\\.|[^"\\])*"|[A-Za-z_]\w*|\d[\w.]*|\.\.\.|<<|>>|[^\s\w]|\n/gm;
const WORDS = new Set([
  ...['char', 'short', 'int', 'long', 'float', 'double', 'signed', 'unsigned', '_Bool', '__int128', 'void', '_Complex'],
]);
const QUALIFIERS = new Set([
  ...[
    'const',
    'volatile',
    'restrict',
    '__restrict',
    '__restrict__',
    '_Atomic',
    '__const',
    '__volatile__',
    '__extension__',
  ],
]);
/** They change nothing of a layout. */
const HARMLESS = new Set([
  ...['preserve_access_index', 'unused', 'deprecated', 'may_alias', 'btf_type_tag', 'btf_decl_tag', 'designated_init'],
  ...['noreturn', 'format', 'cdecl', 'regparm', 'pure', 'const'],
]);

export function readC(text: string, file: string, abi: Abi): (Struct | Unknown)[] {
  return new Reader(text, file, abi).read();
}

class Reader {
  readonly #file: string;
  readonly #abi: Abi;
  readonly #tokens: readonly Token[];
  #at = 0;
  readonly #typedefs = new Map<string, Type>();
  readonly #tags = new Map<string, Type>();
  readonly #places = new Map<string, number>();

  constructor(text: string, file: string, abi: Abi) {
    this.#file = file;
    this.#abi = abi;
    this.#tokens = tokensOf(text);
  }

  read(): (Struct | Unknown)[] {
    while (this.#at < this.#tokens.length) this.#declaration();
    return [...this.#places].map(([name, line]) => {
      const { size, members, refusal } = this.#tags.get(name)!;
      const place = `${this.#file}:${line}`;
      return refusal === null ? { name, place, size, members: members ?? [] } : { name, refusal };
    });
  }

  // --- Tokens ---

  get #next(): string {
    return this.#tokens[this.#at]?.text ?? '';
  }

  get #line(): number {
    return (this.#tokens[this.#at] ?? this.#tokens.at(-1))?.line ?? 1;
  }

  #take(): string {
    const text = this.#next;
    this.#at++;
    return text;
  }

  #takes(text: string): boolean {
    if (this.#next !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (this.#takes(text)) return;
    const found = this.#next === '' ? 'the end' : JSON.stringify(this.#next);
    throw this.#refuse(
      `${found} where ${JSON.stringify(text)} was expected`,
      'give declarations of C, as bpftool writes them',
    );
  }

  #refuse(problem: string, remedy: string): InputError {
    return refused(this.#file, this.#line, problem, remedy);
  }

  /** Behind what `open` stands for, and its closing one. */
  #skipBalanced(open: string, close: string): void {
    this.#expect(open);
    for (let depth = 1; depth > 0; ) {
      if (this.#next === '') this.#expect(close);
      const text = this.#take();
      if (text === open) depth++;
      if (text === close) depth--;
    }
  }

  // --- Declarations ---

  #declaration(): void {
    if (this.#takes(';')) return;
    if (['extern', 'static', 'inline', '_Static_assert'].includes(this.#next)) {
      this.#skipDeclaration();
      return;
    }
    const isTypedef = this.#takes('typedef');
    const attributes = noAttributes();
    const base = this.#specifiers(attributes);
    while (this.#next !== ';') {
      const own = { ...attributes };
      const { name, type } = this.#declarator(base, own);
      this.#attributes(own);
      if (isTypedef) this.#typedefs.set(name, withAttributes(type, own));
      // A function with its body, or a variable with a value: no layout.
      if (this.#next === '{') {
        this.#skipBalanced('{', '}');
        return;
      }
      if (this.#takes('=')) {
        this.#skipDeclaration();
        return;
      }
      if (!this.#takes(',')) break;
    }
    this.#expect(';');
  }

  #skipDeclaration(): void {
    while (this.#next !== '' && this.#next !== ';') {
      if (this.#next === '{') {
        this.#skipBalanced('{', '}');
        this.#takes(';');
        return;
      }
      this.#at++;
    }
    this.#takes(';');
  }

  /** What stands before declarators. */
  #specifiers(attributes: Attributes): Type {
    const words: string[] = [];
    let found: Type | null = null;
    for (;;) {
      const text = this.#next;
      if (QUALIFIERS.has(text)) this.#at++;
      else if (text === '__attribute__') this.#attributes(attributes);
      else if (text === 'struct' || text === 'union') found = this.#record();
      else if (text === 'enum') found = this.#enum();
      else if (WORDS.has(text)) words.push(this.#take());
      else if (found === null && words.length === 0 && /^[A-Za-z_]/.test(text)) found = this.#typedefName();
      else break;
    }
    if (found !== null) return found;
    if (words.length === 0) {
      const shown = this.#next === '' ? 'the end' : JSON.stringify(this.#next);
      throw this.#refuse(`${shown} where a type was expected`, 'give declarations of C, as bpftool writes them');
    }
    if (words.includes('void')) return { size: 0, align: 1, members: null, refusal: null };
    const scalar = scalarOf(words, this.#abi);
    if (scalar !== null) return { ...scalar, members: null, refusal: null };
    return this.#unknown(`${words.join(' ')} is no type of ${this.#abi}`, 'its size is not known here');
  }

  #unknown(problem: string, remedy: string): Type {
    return { size: 0, align: 1, members: null, refusal: this.#refuse(problem, remedy) };
  }

  #typedefName(): Type {
    const name = this.#next;
    const known = this.#typedefs.get(name);
    const type = known ?? this.#unknown(`the type ${name} is not in this text`, 'give the text that defines it too');
    this.#at++;
    return type;
  }

  #enum(): Type {
    this.#expect('enum');
    const attributes = noAttributes();
    this.#attributes(attributes);
    const name = /^[A-Za-z_]/.test(this.#next) ? this.#take() : '';
    const known = this.#tags.get(`enum ${name}`);
    let wide = false;
    if (this.#next !== '{') return known ?? this.#int(false);
    const from = this.#at;
    this.#skipBalanced('{', '}');
    for (const { text } of this.#tokens.slice(from, this.#at)) {
      if (/^\d/.test(text) && Number(text.replace(/[uUlL]+$/, '')) > 0xffff_ffff) wide = true;
    }
    this.#attributes(attributes);
    const type =
      attributes.byte || attributes.packed ? { size: 1, align: 1, members: null, refusal: null } : this.#int(wide);
    if (name !== '') this.#tags.set(`enum ${name}`, type);
    return type;
  }

  #int(wide: boolean): Type {
    return { ...scalarOf(wide ? ['long', 'long'] : ['int'], this.#abi)!, members: null, refusal: null };
  }

  #record(): Type {
    const isUnion = this.#take() === 'union';
    const line = this.#line;
    const attributes = noAttributes();
    this.#attributes(attributes);
    const name = /^[A-Za-z_]/.test(this.#next) ? this.#take() : '';
    if (this.#next !== '{') return this.#tags.get(name) ?? this.#declared(isUnion ? 'union' : 'struct', name);
    const from = this.#at;
    this.#skipBalanced('{', '}');
    // What stands behind a record says how its members lie.
    this.#attributes(attributes);
    const behind = this.#at;
    this.#at = from + 1;
    const type = this.#members(isUnion, attributes);
    this.#at = behind;
    if (name === '') return type;
    this.#places.set(name, line);
    // Typedefs may stand for it already.
    const known = this.#tags.get(name) ?? type;
    this.#tags.set(name, known);
    return Object.assign(known, type);
  }

  /** Until its members come it is good for pointers alone. */
  #declared(kind: string, name: string): Type {
    const type = this.#unknown(`${kind} ${name} is not defined before`, 'give the text that defines it too');
    this.#tags.set(name, type);
    return type;
  }

  #members(isUnion: boolean, { packed, aligned, refusal }: Attributes): Type {
    const layout = new RecordLayout(isUnion, packed);
    const members: Member[] = [];
    let unknown = refusal;
    while (!this.#takes('}')) {
      if (this.#takes(';')) continue;
      const common = noAttributes();
      const base = this.#specifiers(common);
      do {
        const own = { ...common };
        const { name, type } = this.#declarator(base, own);
        const width = this.#takes(':') ? this.#number('a number of bits') : null;
        this.#attributes(own);
        unknown ??= own.refusal ?? type.refusal;
        const isEmpty = name === '' && width === null;
        // A declaration of nothing: `struct x;`, `enum { A, B };`.
        if (isEmpty && type.members === null) continue;
        const placed =
          width === null
            ? layout.member(type, own.packed, own.aligned)
            : layout.bits(type, width, name !== '', own.packed, own.aligned);
        if (placed === null) continue;
        const { offset, size } = placed;
        members.push({ name, offset, type: width === null ? type : { size, members: null } });
      } while (this.#takes(','));
      this.#expect(';');
    }
    return { ...layout.finish(aligned), members, refusal: unknown };
  }

  #declarator(base: Type, attributes: Attributes): { name: string; type: Type } {
    let type = base;
    for (;;) {
      if (this.#takes('*')) type = { ...pointerOf(this.#abi), members: null, refusal: null };
      else if (QUALIFIERS.has(this.#next)) this.#at++;
      else if (this.#next === '__attribute__') this.#attributes(attributes);
      else break;
    }
    if (this.#next === '(') {
      // What stands in parentheses is declared of what stands behind them.
      const from = this.#at + 1;
      this.#skipBalanced('(', ')');
      type = this.#suffixes(type);
      const behind = this.#at;
      this.#at = from;
      const inner = this.#declarator(type, attributes);
      this.#at = behind;
      return inner;
    }
    const name = /^[A-Za-z_]/.test(this.#next) ? this.#take() : '';
    return { name, type: this.#suffixes(type) };
  }

  #suffixes(base: Type): Type {
    if (this.#next === '(') {
      this.#skipBalanced('(', ')');
      return { size: 1, align: 1, members: null, refusal: null };
    }
    if (!this.#takes('[')) return base;
    const length = this.#next === ']' ? 0 : this.#number('the length of an array');
    this.#expect(']');
    const of = this.#suffixes(base);
    return { size: length * of.size, align: of.align, members: null, refusal: of.refusal };
  }

  #number(what: string): number {
    const text = this.#take();
    const number = Number(text.replace(/[uUlL]+$/, ''));
    if (/^\d/.test(text) && Number.isSafeInteger(number)) return number;
    this.#at--;
    throw this.#refuse(`${JSON.stringify(text)} where ${what} was expected`, 'write it as a number');
  }

  #attributes(attributes: Attributes): void {
    while (this.#takes('__attribute__')) {
      this.#expect('(');
      this.#expect('(');
      while (!this.#takes(')')) {
        if (this.#takes(',')) continue;
        this.#attribute(attributes);
      }
      this.#expect(')');
    }
  }

  #attribute(attributes: Attributes): void {
    const line = this.#line;
    const name = this.#take().replace(/^__(\w+)__$/, '$1');
    const from = this.#at + 1;
    if (this.#next === '(') this.#skipBalanced('(', ')');
    const argument = this.#tokens.slice(from, this.#at - 1).map(({ text }) => text);
    if (name === 'packed') attributes.packed = true;
    else if (name === 'aligned') {
      const bytes = from > this.#at ? GREATEST_ALIGNMENT : Number((argument[0] ?? '').replace(/[uUlL]+$/, ''));
      if (argument.length <= 1 && Number.isInteger(Math.log2(bytes)))
        attributes.aligned = Math.max(attributes.aligned, bytes);
      else attributes.refusal = this.#lost(line, `aligned(${argument.join(' ')})`);
    } else if (name === 'mode' && /^(__)?(byte|QI)(__)?$/.test(argument[0] ?? '')) attributes.byte = true;
    else if (!HARMLESS.has(name)) attributes.refusal = this.#lost(line, `the attribute ${name}`);
  }

  #lost(line: number, what: string): InputError {
    return refused(
      this.#file,
      line,
      `what ${what} does to a layout is not known here`,
      'give pahole text, or BTF as JSON',
    );
  }
}

const noAttributes = (): Attributes => ({ packed: false, aligned: 0, byte: false, refusal: null });

/** A typedef may be aligned otherwise than what it stands for, to less too. */
function withAttributes(type: Type, { aligned, refusal }: Attributes): Type {
  // The same object: it may get its members later.
  if (aligned === 0 && refusal === null) return type;
  return { ...type, align: aligned === 0 ? type.align : aligned, refusal: type.refusal ?? refusal };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [token] of text.matchAll(TOKEN)) {
    if (!/^(\s|\/\*|\/\/|[ \t]*#)/.test(token)) tokens.push({ text: token, line });
    for (const character of token) if (character === '\n') line++;
  }
  return tokens;
}
