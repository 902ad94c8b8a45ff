/** Axes in their own words: what is asked of them, and how their values are called. */
import { groupBy } from '../base/group-by.ts';
import type { AxisValue } from '../lab/results/points.ts';

interface AxisWords {
  /** What varies, as a sentence says it. */
  readonly noun: string;
  /** What stands before and behind one value, or several; without it, the last part of the key before a number, on and off. */
  readonly around?: readonly [before: string, behind: string];
  /** Values that have a name of their own. */
  readonly own?: Readonly<Record<string, string>>;
  /** By what a number is divided to be read. */
  readonly unit?: number;
}

const userMode: AxisWords = { noun: 'user mode', around: ['', ' % evicted'], own: { 0: 'nothing evicted' } };

const axes: Readonly<Record<string, AxisWords>> = {
  'machine.model': { noun: 'the machine' },
  'machine.cpus': { noun: 'the number of CPUs', around: ['', ' CPUs'], own: { 1: '1 CPU' } },
  'machine.memory': { noun: 'the size of memory', around: ['', ' MB'], unit: 2 ** 20 },
  'machine.nodes': { noun: 'the number of nodes', around: ['', ' nodes'], own: { 1: '1 node' } },
  'machine.remote_cycles': { noun: 'the cost of remote memory', around: ['', ' cycles'] },
  'kernel.version': { noun: 'the kernel' },
  'kernel.l1_cache_bytes': {
    noun: 'the line that the kernel was built for',
    around: ['for lines of ', ''],
    own: { model: "for the machine's line" },
  },
  'kernel.smp': { noun: 'CONFIG_SMP' },
  'kernel.numa': { noun: 'CONFIG_NUMA' },
  'kernel.debug': { noun: 'debugging' },
  object_size: { noun: 'the size of objects', around: ['', ' bytes'] },
  limit: { noun: 'the size of per-CPU arrays', own: { 0: 'no arrays' } },
  batchcount: { noun: 'the batch of per-CPU arrays' },
  shared: { noun: 'the size of shared arrays', own: { 0: 'no shared arrays' } },
  placement: { noun: 'the placement of threads', around: ['by ', ''] },
  history: { noun: "the system's past" },
  ageing: { noun: 'the ageing of memory' },
  interference: userMode,
  'interference.share': userMode,
  'interference.footprint': { noun: "user mode's footprint", around: ['', ' KB'], unit: 1024 },
  interrupts: { noun: 'the interval of interrupts' },
  think: { noun: 'the pause between operations' },
  alignment: { noun: 'alignment', around: ['', ''] },
  touch: { noun: 'the touch model' },
  workload: { noun: 'the workload' },
  'workload.trace': { noun: 'the trace' },
};

export const nounOf = (axis: string): string => axes[axis]?.noun ?? axis;

/** Values of an axis, so that each says what it is: `2, 4 CPUs`, `limit 16, 60`, `skylake`. */
export function valuesInWords(axis: string, values: readonly AxisValue[]): string {
  const { around, own = {}, unit = 1 } = axes[axis] ?? { noun: '' };
  const key = axis.slice(axis.lastIndexOf('.') + 1);
  const isBare = (value: AxisValue) => typeof value === 'number' || value === 'on' || value === 'off';
  const kinds = groupBy(values, (value) => own[value] ?? (around !== undefined || isBare(value) ? '' : String(value)));
  return [...kinds]
    .map(([name, alike]) => {
      if (name !== '') return name;
      const [before, behind] = around ?? [`${key} `, ''];
      const shown = alike.map((value) => (typeof value === 'number' ? value / unit : value));
      return `${before}${shown.join(', ')}${behind}`;
    })
    .join(', ');
}
