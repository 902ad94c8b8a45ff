/** A kernel of 2.4.22 under replay. */
import type { Linux2422 } from '../../../slab/linux-2.4.22/slab.ts';
import type { CaseHeader } from '../linux-2.4/machine.ts';
import { Replay24 } from '../linux-2.4/replay.ts';
import type { Results } from '../recording.ts';
import { recorded2422 } from './recorded.ts';

export class Replay2422 extends Replay24<Linux2422> {
  protected readonly livelock = { yields: 4, name: 'livelock: __alloc_pages yields and retries forever' };
  /** How often memory was tried to be got, since the operation began. */
  #reclaims = 0;

  constructor(header: CaseHeader) {
    super(recorded2422, header);
  }

  protected watch(k: Linux2422): void {
    const { try_to_free_pages_zone } = k;
    k.try_to_free_pages_zone = (cpu, gfp_mask) => {
      this.#reclaims++;
      return try_to_free_pages_zone(cpu, gfp_mask);
    };
  }

  override begin(): void {
    super.begin();
    this.#reclaims = 0;
  }

  protected counted(): Results {
    return this.#reclaims > 0 ? { try_to_free_pages_zone_calls: this.#reclaims } : {};
  }
}
