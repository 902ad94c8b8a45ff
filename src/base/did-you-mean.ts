/** Guesses at what was meant by a name that is none of those known. */

/** In other people's words, and in YAML's of before. */
const synonyms: Readonly<Record<string, string>> = { true: 'on', yes: 'on', false: 'off', no: 'off' };

/** Without what differs between ways to write one name: `Pentium 3`, `sky-lake`. */
const plain = (name: string) =>
  name
    .toLowerCase()
    .replace(/iii\b/, '3')
    .replace(/[^a-z0-9]/g, '');

const figuresOf = (name: string) => plain(name).replace(/[^0-9]/g, '');

/** `otherwise`, or a question where one of the known names is near to what was written. */
export function didYouMean(written: unknown, known: readonly string[], otherwise: string): string {
  const near = nearest(String(written), known);
  return near.length === 0 ? otherwise : `did you mean ${near.join(' or ')}?`;
}

function nearest(written: string, known: readonly string[]): string[] {
  const synonym = synonyms[written.toLowerCase()];
  if (known.includes(synonym)) return [synonym];
  const meant = plain(written);
  const begun = known.filter((name) => meant.length > 2 && plain(name).startsWith(meant));
  if (begun.length === 1) return begun;
  // Another figure is another thing: 2.4.0 is no slip for 2.6.0.
  const alike = known.filter((name) => figuresOf(name) === figuresOf(meant));
  const distances = alike.map((name) => distance(meant, plain(name)));
  const least = Math.min(...distances);
  // One slip in so many letters.
  if (meant === '' || least > Math.floor(meant.length / 4)) return [];
  const near = alike.filter((_, i) => distances[i] === least);
  return near.length > 3 ? [] : near;
}

/** Letters to insert, delete, change, or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] + 1 : change;
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, change, swap));
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}
