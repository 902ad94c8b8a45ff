/** A line that tells how far a long run is and how long it will take; nothing where nobody watches. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #quiet: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #started = performance.now();
  #done = 0;

  /** Says nothing for the first `quiet` milliseconds: most runs are over by then. */
  constructor(what: string, total: number, quiet = 0, stream: NodeJS.WriteStream = process.stderr) {
    this.#what = what;
    this.#total = total;
    this.#quiet = quiet;
    this.#stream = stream;
    this.#show('');
  }

  step(): void {
    this.reach(this.#done + 1);
  }

  reach(done: number): void {
    if (done === this.#done) return;
    this.#done = done;
    const left = ((performance.now() - this.#started) / this.#done) * (this.#total - this.#done);
    this.#show(`, ${Math.ceil(left / 1000)} s left`);
  }

  /** Takes the line away; the next step shows it again. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }

  #show(left: string): void {
    if (!this.#stream.isTTY || performance.now() - this.#started < this.#quiet) return;
    this.#stream.write(`\r\x1b[K${this.#done}/${this.#total} ${this.#what}${left}`);
  }
}
