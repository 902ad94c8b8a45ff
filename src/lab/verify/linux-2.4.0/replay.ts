/** A kernel of 2.4.0 under replay. */
import type { Linux240 } from '../../../slab/linux-2.4.0/slab.ts';
import type { CaseHeader } from '../linux-2.4/machine.ts';
import { Replay24 } from '../linux-2.4/replay.ts';
import type { Results } from '../recording.ts';
import { recorded240 } from './recorded.ts';

export class Replay240 extends Replay24<Linux240> {
  protected readonly livelock = { yields: 25, name: 'livelock: __alloc_pages retries for ever' };
  /** How often kswapd went round, since the operation began. */
  #passes = 0;

  constructor(header: CaseHeader) {
    super(recorded240, header);
  }

  protected watch(kernel: Linux240): void {
    const { kswapdTurn } = kernel;
    kernel.kswapdTurn = (k, cpu) => {
      this.#passes++;
      return kswapdTurn(k, cpu);
    };
  }

  override begin(): void {
    super.begin();
    this.#passes = 0;
  }

  protected counted(yields: number): Results {
    return {
      ...(yields > 0 && { yields }),
      ...(this.#passes > 0 && { kswapd_passes: this.#passes }),
    };
  }
}
