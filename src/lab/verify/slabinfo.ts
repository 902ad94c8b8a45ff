/** Dumps of /proc/slabinfo, each of the form of some kernel's: the version that prints this form compares it. */
import { InputError } from '../../base/input-error.ts';
import type { CaseOutcome } from './outcome.ts';
import { allRecordings } from './recordings.ts';
import { type DumpMachine, parseDumpMachine } from './slabinfo-machine.ts';
import { notAHeader, slabinfoVersion } from './slabinfo-text.ts';

/** `file` and `sidecarFile` are for messages. */
export function verifySlabinfo(
  text: string,
  file: string,
  sidecarFile: string,
  readSidecar: (path: string) => unknown,
): CaseOutcome {
  const form = slabinfoVersion(text, file);
  const recordings = allRecordings.find(({ slabinfo }) => slabinfo.test(form));
  if (recordings === undefined) throw notAHeader(file);
  return recordings.verifyDump(text, file, describedBy(sidecarFile, file, readSidecar), sidecarFile);
}

function describedBy(sidecarFile: string, file: string, readSidecar: (path: string) => unknown): DumpMachine {
  let document: unknown;
  try {
    document = readSidecar(sidecarFile);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      file,
      `the sidecar that describes its machine cannot be used (${error.message})`,
      'beside a dump stands a JSON file of its name, with kernelVersion, smp, likelyL1CacheBytes and the like',
    );
  }
  return parseDumpMachine(document, sidecarFile);
}
