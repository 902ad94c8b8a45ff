/** Seeded damage to recordings: keys deleted, types and values changed, values swapped, lines cut, doubled and exchanged. */
import { below, type Random, seeded } from '../../../src/base/random.ts';

const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

const oddValues = [
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    2,
    7,
    0.5,
    4095,
    2 ** 31,
    2 ** 32,
    -(2 ** 31),
    1e300,
    '',
    'x',
    '0x00000000',
    'size-32',
  ],
  ...['kmem_cache', '0x7fffffff', '__proto__', [], {}, [null], [[0, 0]], { sizeof: 4 }, Number.MAX_SAFE_INTEGER],
];

interface Slot {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every place of a document that holds a value. */
function slotsOf(value: unknown): Slot[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...slotsOf(holder[key])]);
}

/** Another value of the same kind, or near it. */
function near(value: unknown, random: Random): unknown {
  if (typeof value === 'number') return value + pick(random, [-1, 1, 4, 32, 4096, -value, value]);
  if (typeof value === 'string')
    return pick(random, [`${value}x`, value.slice(1), value.toUpperCase(), value.repeat(3)]);
  if (typeof value === 'boolean') return !value;
  return pick(random, oddValues);
}

/** A document with one to three changes. */
export function mutatedDocument(document: unknown, random: Random): unknown {
  const changed = { root: structuredClone(document) };
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    const slots = slotsOf(changed);
    const { holder, key } = pick(random, slots);
    switch (below(random, 4)) {
      case 0:
        if (key !== 'root') delete holder[key];
        break;
      case 1:
        holder[key] = pick(random, oddValues);
        break;
      case 2:
        holder[key] = near(holder[key], random);
        break;
      default: {
        const other = pick(random, slots);
        [holder[key], other.holder[other.key]] = [
          structuredClone(other.holder[other.key]),
          structuredClone(holder[key]),
        ];
      }
    }
  }
  return changed.root;
}

/** Lines of JSON with one to three changes, in a line or to the order of lines. */
function mutatedJsonLines(lines: readonly string[], random: Random): string[] {
  const changed = [...lines];
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    // The header is one line of many; it deserves more.
    const at = random() < 0.25 ? 0 : below(random, changed.length);
    const line = changed[at]!;
    switch (below(random, 6)) {
      case 0:
        changed[at] = line.slice(0, below(random, line.length));
        break;
      case 1:
        changed.splice(at, 1);
        break;
      case 2:
        changed.splice(at, 0, pick(random, changed));
        break;
      default:
        changed[at] = JSON.stringify(mutatedDocument(parsed(line), random)) ?? '';
    }
    if (changed.length === 0) return [''];
  }
  return changed;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** Text with one to three fields or lines changed. */
function mutatedText(lines: readonly string[], random: Random): string[] {
  const changed = [...lines];
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    const at = below(random, changed.length);
    const line = changed[at]!;
    const fields = line.split(/([ ,]+)/);
    switch (below(random, 4)) {
      case 0:
        changed[at] = line.slice(0, below(random, line.length + 1));
        break;
      case 1:
        changed.splice(at, 1, ...(changed.length > 1 ? [] : ['']));
        break;
      default:
        changed[at] = fields.with(below(random, fields.length), String(pick(random, oddValues))).join('');
    }
  }
  return changed;
}

/** Mutant `n` of a file, by the form that its name tells. */
export function mutantOf(name: string, text: string, n: number): string {
  const random = seeded(n, name);
  if (/\.jsonl$/.test(name)) return mutatedJsonLines(text.trimEnd().split('\n'), random).join('\n');
  if (!/\.json$/.test(name)) return mutatedText(text.trimEnd().split('\n'), random).join('\n');
  const mutant = JSON.stringify(mutatedDocument(JSON.parse(text), random)) ?? '';
  return random() < 0.05 ? mutant.slice(0, below(random, mutant.length)) : mutant;
}
