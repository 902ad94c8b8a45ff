/** One line of a text of bytes, read from its front: what forms of memory traces are made of. Nothing is allocated. */

const LINE_FEED = 10;
const RETURN = 13;
const COMMA = 44;
const ZERO = 48;
const X = 120;

/** What a byte is, by its code. */
const isBlank = new Uint8Array(256);
for (const blank of ' \t\r') isBlank[blank.charCodeAt(0)] = 1;
const NO_DIGIT = 16;
const hexDigit = new Uint8Array(256).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  for (const code of [text, text.toUpperCase()]) hexDigit[code.charCodeAt(0)] = digit;
}

/** More than any page of 64-bit addresses has for a number. */
const NO_PAGE = 2 ** 52;

export class LineReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the next byte stands. Every line ends with a line feed, which nothing here reads over. */
  at = 0;

  // What a form finds on a line:
  cpu = 0;
  size = 0;
  /** The address, exactly: the number of its page of 4 KB, and the low 12 bits. */
  page = 0;
  offset = 0;

  get byte(): number {
    return this.bytes[this.at];
  }

  get atEnd(): boolean {
    return this.bytes[this.at] === LINE_FEED;
  }

  /** Goes over blanks; whether there were any, or the line ends. */
  blanks(): boolean {
    const { bytes } = this;
    let at = this.at;
    while (isBlank[bytes[at]] === 1) at++;
    const any = at > this.at || bytes[at] === LINE_FEED;
    this.at = at;
    return any;
  }

  comma(): boolean {
    if (this.bytes[this.at] !== COMMA) return false;
    this.at++;
    return true;
  }

  /** Goes over `text`, if that is what stands here. */
  word(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.bytes[this.at + i] !== text.charCodeAt(i)) return false;
    this.at += text.length;
    return true;
  }

  /** Goes to the next blank, or the end of the line: what stands between. */
  name(): string {
    const first = this.at;
    while (isBlank[this.byte] === 0 && !this.atEnd) this.at++;
    return String.fromCharCode(...this.bytes.subarray(first, this.at));
  }

  /** A decimal number; NaN if there is no digit. */
  decimal(): number {
    const { bytes } = this;
    let at = this.at;
    let number = 0;
    for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO)
      number = number * 10 + digit;
    if (at === this.at) return Number.NaN;
    this.at = at;
    return number;
  }

  /** A hexadecimal number, which may begin with 0x; NaN if there is no digit. */
  hexadecimal(): number {
    const { bytes } = this;
    let at = this.#behind0x();
    const first = at;
    let number = 0;
    for (let digit = hexDigit[bytes[at]]; digit !== NO_DIGIT; digit = hexDigit[bytes[++at]])
      number = number * 16 + digit;
    this.at = at;
    return at === first ? Number.NaN : number;
  }

  /** A hexadecimal address; false if there is none of 64 bits. */
  address(): boolean {
    const { bytes } = this;
    let at = this.#behind0x();
    const first = at;
    let page = 0;
    let offset = 0;
    for (let digit = hexDigit[bytes[at]]; digit !== NO_DIGIT; digit = hexDigit[bytes[++at]]) {
      page = page * 16 + (offset >>> 8);
      offset = ((offset << 4) | digit) & 0xfff;
    }
    return this.#found(first, at, page, offset);
  }

  /** The same in decimal. */
  decimalAddress(): boolean {
    const { bytes } = this;
    let { at } = this;
    const first = at;
    let page = 0;
    let offset = 0;
    for (let digit = bytes[at] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at] - ZERO) {
      offset = offset * 10 + digit;
      page = page * 10 + (offset >>> 12);
      offset &= 0xfff;
    }
    return this.#found(first, at, page, offset);
  }

  /** Goes over what follows the last field: a comment, behind a blank. */
  comment(): boolean {
    if (this.atEnd) return true;
    const start = this.at;
    if (isBlank[this.byte] === 0) return false;
    this.skip();
    // A lone carriage return is no end of line here: what it ends must not pass for a comment.
    return !this.bytes.subarray(start, this.at - 1).includes(RETURN);
  }

  /** Whether nothing follows but blanks. */
  ends(): boolean {
    this.blanks();
    return this.atEnd;
  }

  /** Goes to the end of the line; true, for who need not look at the rest. */
  skip(): true {
    this.at = this.bytes.indexOf(LINE_FEED, this.at);
    return true;
  }

  #behind0x(): number {
    const { bytes, at } = this;
    return bytes[at] === ZERO && (bytes[at + 1] | 0x20) === X ? at + 2 : at;
  }

  #found(first: number, at: number, page: number, offset: number): boolean {
    this.at = at;
    this.page = page;
    this.offset = offset;
    return at > first && page < NO_PAGE;
  }
}
