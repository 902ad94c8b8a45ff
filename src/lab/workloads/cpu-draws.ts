/** Random streams, one a CPU, so that what one draws does not depend on how the other runs. */
import { type Random, seeded } from '../../base/random.ts';
import type { Cpu } from '../../hw/cpu.ts';

export class CpuDraws {
  readonly #seed: string;
  readonly #what: string;
  readonly #streams = new Map<Cpu, Random>();

  constructor(seed: string, what: string) {
    this.#seed = seed;
    this.#what = what;
  }

  of(cpu: Cpu): Random {
    let stream = this.#streams.get(cpu);
    if (stream === undefined) {
      stream = seeded(this.#seed, `${this.#what} of cpu${cpu.id}`);
      this.#streams.set(cpu, stream);
    }
    return stream;
  }
}
