/** Layouts of structures as files: those that a specification or --layouts names, or the one that lies beside a trace. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Abi } from '../lab/layouts/c-abi.ts';
import type { LayoutSource } from '../lab/layouts/name-fields.ts';
import { readLayouts } from '../lab/layouts/read-layouts.ts';
import type { Point } from '../lab/results/points.ts';
import { layoutsNamed } from '../lab/specification/layouts-key.ts';
import { traceOf } from '../lab/specification/settings.ts';
import type { Specification } from '../lab/specification/specification.ts';
import { readText } from './files.ts';

/** Where traces with recorded touches have the layouts of their kernel. */
const BESIDE_TRACE = 'layouts.json';

/** `path`: of the specification; `given`: a file that comes before those that it names, and for which ABI it is, if it is C. */
export function layoutSources(
  path: string,
  specification: Specification,
  point: Point,
  given?: string,
  abi?: Abi,
): LayoutSource[] {
  const folder = dirname(path);
  const named = layoutsNamed(specification.layouts).map((each) => ({ ...each, file: resolve(folder, each.file) }));
  const first = layoutsNamed(given).map((each) => ({ ...each, abi: abi ?? each.abi }));
  const all = [...first, ...named];
  const files = all.length > 0 ? all : layoutsNamed(besideTrace(folder, traceOf(specification, point)));
  return files.map(({ file, abi, caches }) => ({ layouts: readLayouts(readText(file), file, abi), caches }));
}

function besideTrace(folder: string, trace: string | null): string | undefined {
  if (trace === null) return undefined;
  const file = join(dirname(resolve(folder, trace)), BESIDE_TRACE);
  return existsSync(file) ? file : undefined;
}
