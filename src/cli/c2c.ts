/** `slabscope c2c SPEC`: one point with its misses attributed, as misses by owner and as perf's cache-to-cache report. */
import { dirname, resolve } from 'node:path';
import { attributePoint } from '../lab/attribute.ts';
import { points } from '../lab/experiment.ts';
import { modelOf, parseSpecification } from '../lab/specification.ts';
import { c2cTable } from '../report/c2c-table.ts';
import { ownersTable } from '../report/owners-table.ts';
import { thousands } from '../report/wording.ts';
import { readText } from './files.ts';
import { choosePoint, selectionOf } from './record.ts';
import { readTraceFile } from './trace-file.ts';

export interface C2cOptions {
  readonly point?: string;
  readonly top: number;
  readonly json?: boolean;
}

export async function c2c(path: string, options: C2cOptions, print: (line: string) => void): Promise<void> {
  const specification = parseSpecification(readText(path), path);
  const point = choosePoint(points(specification), options.point ?? '');
  const { trace } = await readTraceFile(resolve(dirname(path), specification.trace));
  const { counts, owners, sharing } = attributePoint(specification, trace, point);
  if (options.json === true) {
    const { name } = specification;
    print(JSON.stringify({ schema: 'slabscope-c2c/1', name, point, counts, owners, sharing }, null, 2));
    return;
  }
  const { misses, lineAccesses } = counts;
  print(`${specification.name}: ${selectionOf(point)}`);
  print(`${modelOf(specification).name}, ${specification.machine.cpus} CPUs, lines of ${sharing.line} bytes`);
  print(`${thousands(misses)} misses of ${thousands(lineAccesses)} line accesses\n`);
  print(ownersTable([owners], options.top));
  print(c2cTable(sharing, options.top).trimEnd());
}
