/** `slabscope profile TRACES`: what their touches tell of each cache, for the touch model `profiled`. */
import { knownProfile, PROFILE_FORM, Profiler, type TouchProfile } from '../lab/traces/touch-profile.ts';
import { thousands } from '../report/figures.ts';
import { limitsOfAll } from '../slab/kernel-facts.ts';
import { kernels } from '../slab/kernels.ts';
import { parseJson, writeWhole } from './files.ts';
import { readTraceFile } from './trace-file.ts';

export interface ProfileOptions {
  readonly out: string;
  readonly json?: boolean;
}

export const profileHelp = `
Example:
  slabscope profile linux.touch.gz -o linux.profile.json   then, in a specification:

  touch: profiled
  profile: linux.profile.json`;

export async function profile(
  paths: readonly string[],
  { out, json }: ProfileOptions,
  print: (line: string) => void,
): Promise<void> {
  const profiler = new Profiler();
  // One after the other: a trace may take as much memory as there is.
  for (const path of paths) profiler.add((await readTraceFile(path, limitsOfAll(kernels.values()))).trace);
  const made = profiler.finish();
  writeWhole(out, Buffer.from(`${JSON.stringify(made, null, 1)}\n`));
  const [caches, sizes] = [Object.keys(made.caches).length, Object.keys(made.sizes).length];
  const touches = Object.values(made.sizes).reduce((sum, usage) => sum + usage.touches, 0);
  if (json === true) print(JSON.stringify({ file: out, form: PROFILE_FORM, caches, sizes, touches }, null, 2));
  else print(`${out}: ${caches} caches and ${sizes} sizes, from ${thousands(touches)} touches`);
}

export const readProfile = (path: string): TouchProfile => knownProfile(parseJson(path), path);
