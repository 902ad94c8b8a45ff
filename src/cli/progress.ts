/** A line that tells how far a long run is and how long it will take; nothing where nobody watches. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #started = performance.now();
  #done = 0;

  constructor(what: string, total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#what = what;
    this.#total = total;
    this.#stream = stream;
    this.#show('');
  }

  step(): void {
    this.#done++;
    const left = ((performance.now() - this.#started) / this.#done) * (this.#total - this.#done);
    this.#show(`, ${Math.ceil(left / 1000)} s left`);
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }

  #show(left: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[K${this.#done}/${this.#total} ${this.#what}${left}`);
  }
}
