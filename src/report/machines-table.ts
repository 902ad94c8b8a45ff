/** The CPU models as text for a terminal: each value, marked where it is unverified, and where it is from. */
import type { KnownCpuModel } from '../hw/cpu-model.ts';
import { columns } from './text-table.ts';

interface Value {
  readonly heading: string;
  /** What it is called where there is room. */
  readonly name: string;
  readonly source: keyof KnownCpuModel['sources'];
  readonly of: (model: KnownCpuModel) => string | number;
}

const bytes = (size: number) => (size % 2 ** 20 === 0 ? `${size / 2 ** 20}M` : `${size / 1024}K`);
const initials = { inclusive: 'i', exclusive: 'x', neither: 'n' };

function l2Text({ l2 }: KnownCpuModel): string {
  if (l2 === null) return '-';
  return `${bytes(l2.size)}/${l2.ways} ${l2.shared ? 'shared' : 'own'} ${initials[l2.inclusion]}`;
}

const table: readonly Value[] = [
  { heading: 'year', name: 'year', source: 'year', of: ({ year }) => year },
  { heading: 'MHz', name: 'MHz', source: 'mhz', of: ({ mhz }) => mhz },
  {
    heading: 'L1',
    name: 'L1, size/ways/line',
    source: 'geometry',
    of: ({ l1 }) => `${bytes(l1.size)}/${l1.ways}/${l1.line}`,
  },
  { heading: 'policy', name: 'replacement policy', source: 'policy', of: ({ l1 }) => l1.policy },
  { heading: 'protocol', name: 'protocol', source: 'protocol', of: ({ protocol }) => protocol },
  { heading: 'L2', name: 'second level', source: 'l2', of: l2Text },
  { heading: 'L1', name: 'cycles of an L1 hit', source: 'l1Cycles', of: ({ cycles }) => cycles.l1 },
  { heading: 'L2', name: 'from the second level', source: 'l2Cycles', of: ({ cycles }) => cycles.l2 },
  { heading: 'mem', name: 'from memory', source: 'memoryCycles', of: ({ cycles }) => cycles.memory },
  { heading: 'c2c', name: 'from another cache', source: 'transferCycles', of: ({ cycles }) => cycles.transfer },
  { heading: 'lock', name: 'added by a lock', source: 'lockedCycles', of: ({ cycles }) => cycles.locked },
];
const details: readonly Value[] = [
  ...table,
  {
    heading: '',
    name: 'pause, IPI, interrupt',
    source: 'otherCycles',
    of: ({ cycles }) => `${cycles.pause}, ${cycles.ipi}, ${cycles.interrupt}`,
  },
];

const verified = (source: string) => source.startsWith('v');

/** All models, one a line. */
export function machinesTable(models: Readonly<Record<string, KnownCpuModel>>): string {
  const head = ['model', ...table.map(({ heading }) => `${heading} `)];
  const rows = Object.entries(models).map(([key, model]) => {
    const values = table.map(({ of, source }) => `${of(model)}${verified(model.sources[source]) ? ' ' : '?'}`);
    return [key, ...values];
  });
  return [
    ...columns([head, ...rows], 1),
    '',
    'L1: size/ways/line, one a CPU. L2: size/ways; own: one a CPU; i inclusive, x exclusive, n neither; -: not modelled.',
    'The last five are cycles: an L1 hit, from L2, from memory, from another cache, what a locked operation adds.',
    '?: from memory, unverified; the others were read at a source, which `slabscope list machines MODEL` names.',
  ].join('\n');
}

/** One model: each value with its source, and where the model is simpler than the CPU. */
export function machineDetails(key: string, model: KnownCpuModel): string {
  const rows = details.map(({ name, of, source }) => {
    const text: string = model.sources[source];
    const from = verified(text) ? text.slice(3) : `unverified${text.slice(1)}`;
    return [`  ${name}`, String(of(model)), from];
  });
  return [
    `${key}: ${model.name}`,
    ...columns(rows, 3),
    ...model.approximations.map((text) => `  approximation: ${text}`),
  ].join('\n');
}
