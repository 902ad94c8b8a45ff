/** `slabscope record SPEC FILE`: one point run, its memory accesses written for any cache simulator. */
import { InputError } from '../base/input-error.ts';
import type { CacheGeometry } from '../hw/cpu-model.ts';
import { KiB } from '../hw/memory.ts';
import { withPlaces } from '../lab/experiment/experiment.ts';
import type { Recording } from '../lab/experiment/record.ts';
import { choosePoint } from '../lab/results/selection.ts';
import { interferenceOf, points, seedOf, settingsOf } from '../lab/specification/settings.ts';
import { cpuModelOf, type Specification } from '../lab/specification/specification.ts';
import { recordingText } from '../report/recording-text.ts';
import { recordOnWorker } from './compute.ts';
import { readExperiment } from './experiment.ts';
import { NewFile } from './files.ts';

export interface RecordOptions {
  /** Which point, as `key=value,...`. */
  readonly point?: string;
  readonly json?: boolean;
}

export const recordHelp = `
One access a line, in the mp form that \`slabscope cache --help\` tells, from power-on to the end of the workload.

Example:
  slabscope record experiments/colouring.yaml accesses.mp.gz --point colouring=off,seed=3`;

export async function record(
  path: string,
  file: string,
  options: RecordOptions,
  print: (line: string) => void,
): Promise<void> {
  const experiment = await readExperiment(path);
  const { specification } = experiment;
  const point = choosePoint(points(specification), options.point ?? '', '--point');
  if (interferenceOf(settingsOf(specification, point)) !== null) {
    throw new InputError(
      '--point',
      'it has interference, which its counts leave out and a recording cannot',
      'choose a point with interference 0',
    );
  }
  const output = new NewFile(file);
  const recording = await withPlaces(experiment, () =>
    recordOnWorker(experiment, point, { fd: output.fd, path: file }),
  );
  output.finish();
  const command = commandFor(file, specification, recording);
  print(
    options.json === true
      ? JSON.stringify({ file, ...recording, command }, null, 2)
      : recordingText(specification.name, file, recording, command),
  );
}

/** What puts the recording through our own simulator. */
function commandFor(file: string, specification: Specification, { point, warmUp }: Recording): string {
  const { machine } = settingsOf(specification, point);
  const { l1, protocol, l2 } = cpuModelOf(machine.model);
  const seed = [l1, l2].some((level) => level?.policy === 'random')
    ? ` --seed ${quoted(seedOf(specification, point, 'workload'))}`
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
