/** `slabscope run SPEC --record FILE`: one point alone, its memory accesses written for any cache simulator. */
import { InputError } from '../base/input-error.ts';
import type { CacheGeometry } from '../hw/cpu-model.ts';
import { KiB } from '../hw/memory.ts';
import { type Recording, recordPoint } from '../lab/experiment/record.ts';
import type { Point } from '../lab/results/results.ts';
import { points, seedOf, settingsOf } from '../lab/specification/settings.ts';
import { cpuModelOf, type Specification } from '../lab/specification/specification.ts';
import type { AllocationTrace } from '../lab/traces/allocation-trace.ts';
import { thousands } from '../report/wording.ts';
import type { RunOptions } from './run.ts';
import { TextWriter } from './streams.ts';

export function record(
  file: string,
  specification: Specification,
  trace: AllocationTrace | null,
  options: RunOptions,
  print: (line: string) => void,
): void {
  const point = choosePoint(points(specification), options.point ?? '');
  if (settingsOf(specification, point).interference !== 0) {
    throw new InputError(
      '--record',
      'this point has interference, which its counts leave out and a recording cannot',
      'choose a point with interference 0',
    );
  }
  const writer = new TextWriter(file);
  const recording = recordPoint(specification, trace, point, (line) => writer.write(line));
  writer.close();
  const command = commandFor(file, specification, recording);
  if (options.json === true) print(JSON.stringify({ file, ...recording, command }, null, 2));
  else print(told(file, specification, recording, command));
}

/** The first point that `selection`, `key=value,...`, allows. */
export function choosePoint(all: readonly Point[], selection: string): Point {
  const keys = Object.keys(all[0]);
  const terms = selection.split(',').filter((term) => term.trim() !== '');
  const wanted = terms.map((term) => {
    const [key, value, ...more] = term.split('=').map((part) => part.trim());
    const known = keys.find((each) => each === key);
    const values = known === undefined ? [] : valuesOf(all, known);
    if (known === undefined || value === undefined || more.length > 0 || !values.includes(value)) {
      const choices = (known === undefined ? keys : [known]).map((each) => `${each}=${valuesOf(all, each).join('|')}`);
      throw new InputError('--point', `no point has ${term.trim()}`, `choose from ${choices.join(', ')}`);
    }
    return [known, value] as const;
  });
  const found = all.find((point) => wanted.every(([key, value]) => String(point[key]) === value));
  if (found === undefined) throw new InputError('--point', `no point is ${selection}`, 'name each key once');
  return found;
}

/** As a selection that allows no other. */
export const selectionOf = (point: Point): string =>
  Object.entries(point)
    .map((entry) => entry.join('='))
    .join(',');

const valuesOf = (all: readonly Point[], key: string) => [...new Set(all.map((point) => String(point[key])))];

/** What puts the recording through our own simulator. */
function commandFor(file: string, specification: Specification, { point, warmUp }: Recording): string {
  const { machine } = settingsOf(specification, point);
  const { l1, protocol, l2 } = cpuModelOf(machine.model);
  const seed = [l1, l2].some((level) => level?.policy === 'random')
    ? ` --seed ${quoted(seedOf(specification, point))}`
    : '';
  const options = [
    `--l1 ${geometryText(l1)} --policy ${l1.policy}${seed} --protocol ${protocol}`,
    ...(l2 === null ? [] : [`--l2 ${geometryText(l2)} --l2-policy ${l2.policy} --inclusion ${l2.inclusion}`]),
    ...(l2?.shared ? ['--l2-shared'] : []),
    `--cpus ${machine.cpus} --classes --from ${warmUp + 1}`,
  ];
  return `slabscope cache ${quoted(file)} ${options.join(' ')}`;
}

const geometryText = ({ size, ways, line }: CacheGeometry) =>
  `${size % KiB === 0 ? `${size / KiB}K` : size}/${ways}/${line}`;

const quoted = (text: string) => (/^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function told(file: string, { name }: Specification, recording: Recording, command: string): string {
  const { point, counts, accesses, warmUp, prefetches } = recording;
  const brought = prefetches.leftOutThatBroughtLines;
  const width = Math.max(...Object.keys(counts).map((count) => count.length));
  const figures = Object.entries(counts).map(([count, value]): [string, string] => [count, thousands(value)]);
  const widest = Math.max(...figures.map(([, figure]) => figure.length));
  return [
    `${name}: ${selectionOf(point)}`,
    `${file}: ${thousands(accesses)} accesses; the first ${thousands(warmUp)} (boot, ageing, caches created) warm the caches`,
    '',
    'counts from there on, as in results.json',
    ...figures.map(([count, figure]) => `  ${count.padEnd(width)}  ${figure.padStart(widest)}`),
    '',
    `prefetches: ${thousands(prefetches.leftOut)} left out, ${brought === 0 ? 'which brought no line' : `of which ${thousands(brought)} brought a line`}` +
      `; ${thousands(prefetches.writtenAsReads)} that warm the caches stand as reads`,
    brought === 0 ? 'the same counts, from the recording:' : 'the counts without those prefetches, from the recording:',
    `  ${command}`,
  ].join('\n');
}
