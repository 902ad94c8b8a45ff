/** Linux 2.4.22: its row in the table of recordings. */

import { looksLikeGeometry, verifyGeometry } from '../linux-2.4/geometry.ts';
import { looksLikeLayouts, verifyLayouts } from '../linux-2.4/layouts.ts';
import { type CaseHeader, caseHeader } from '../linux-2.4/machine.ts';
import { operations } from '../linux-2.4/operations.ts';
import { Replay2422 } from '../linux-2.4/replay.ts';
import { verifyDump } from '../linux-2.4/slabinfo.ts';
import type { Recordings } from '../recording.ts';

export const recordings2422: Recordings<CaseHeader, Replay2422> = {
  version: '2.4.22',
  allocator: /^2\.4\.22$/,
  number: 'i',
  header: caseHeader,
  operations,
  start: (header) => new Replay2422(header),
  documents: [
    { name: 'geometry.csv', recognises: looksLikeGeometry, verify: verifyGeometry },
    { name: 'layouts.json', recognises: looksLikeLayouts, verify: verifyLayouts },
  ],
  slabinfo: /^1\.1$/,
  verifyDump,
};
