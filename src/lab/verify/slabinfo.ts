/** Dumps of /proc/slabinfo, each of the form of some kernel's: the version that prints this form compares it. */
import { InputError } from '../../base/input-error.ts';
import type { CaseOutcome } from './outcome.ts';
import type { Recordings } from './recording.ts';
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
  const ofThisForm = allRecordings.filter(({ slabinfo }) => slabinfo.test(form));
  if (ofThisForm.length === 0) throw notAHeader(file);
  const machine = describedBy(sidecarFile, file, readSidecar);
  const likeliest = ofThisForm.find(({ printers }) => printers?.test(machine.kernelVersion)) ?? ofThisForm[0];
  const printed = ({ mayHavePrinted }: Recordings) => mayHavePrinted?.(text, file, machine) ?? true;
  const recordings = printed(likeliest) ? likeliest : (ofThisForm.find(printed) ?? likeliest);
  return recordings.verifyDump(text, file, machine, sidecarFile);
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
