/**
 * Addresses of 64 bits in the 32 that caches have here, one to one, by page of 4 KB. Every page keeps the low bits of its number,
 * so of an address the low KEPT_BITS stay, and with them offset and set of any cache whose ways are of 16 MB or less: all such
 * caches count what they would count with the whole addresses. What is lost is which pages are neighbours beyond that.
 *
 * A page below 4 GB stays where it is, unless one from above was put there before; so a trace of 32 bits is read as it stands.
 * Pages from above take frames from the top down: programs are rarely there, and order of first appearance is all that decides.
 */

export const KEPT_BITS = 24;
export const PAGE_BYTES = 4096;
/** Pages of 32 bits of address, and those that share the kept bits. */
const FRAMES = 2 ** 32 / PAGE_BYTES;
const COLOURS = 2 ** KEPT_BITS / PAGE_BYTES;
export const FRAMES_A_COLOUR = FRAMES / COLOURS;

/** Frames by what is in them. */
const [FREE, ITS_OWN, FROM_ABOVE] = [0, 1, 2];

/** The pages looked up last, by the low bits of their numbers. */
const RECENT = 256;

export class PageFolding {
  readonly #held = new Uint8Array(FRAMES);
  readonly #frames = new Map<number, number>();
  readonly #pages = new Map<number, number>();
  /** By colour, the frames that were tried. */
  readonly #tried = new Uint16Array(COLOURS);
  readonly #recentPages = new Float64Array(RECENT).fill(-1);
  readonly #recentFrames = new Int32Array(RECENT);

  /** How many pages stand elsewhere than at their own address. */
  get moved(): number {
    return this.#frames.size;
  }

  /** The frame of `page`, a number of 52 bits; -1 if all frames that it may have are taken. */
  frameOf(page: number): number {
    if (page < FRAMES && this.#held[page] !== FROM_ABOVE) {
      this.#held[page] = ITS_OWN;
      return page;
    }
    const recent = page & (RECENT - 1);
    if (this.#recentPages[recent] === page) return this.#recentFrames[recent];
    const frame = this.#frames.get(page) ?? this.#place(page);
    this.#recentPages[recent] = page;
    this.#recentFrames[recent] = frame;
    return frame;
  }

  /** An address in a frame as it was before. */
  unfolded(address: number): string {
    const page = this.#pages.get(Math.floor(address / PAGE_BYTES));
    if (page === undefined) return address.toString(16);
    return page.toString(16) + (address % PAGE_BYTES).toString(16).padStart(3, '0');
  }

  #place(page: number): number {
    const colour = page % COLOURS;
    while (this.#tried[colour] < FRAMES_A_COLOUR) {
      const frame = FRAMES - COLOURS * ++this.#tried[colour] + colour;
      if (this.#held[frame] !== FREE) continue;
      this.#held[frame] = FROM_ABOVE;
      this.#frames.set(page, frame);
      this.#pages.set(frame, page);
      return frame;
    }
    return -1;
  }
}
