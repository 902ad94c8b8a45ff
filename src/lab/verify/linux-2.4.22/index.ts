/** Linux 2.4.22: its row in the table of recordings. */
import type { Recordings } from '../recording.ts';
import { looksLikeGeometry, verifyGeometry } from './geometry.ts';
import { looksLikeLayouts, verifyLayouts } from './layouts.ts';
import { type CaseHeader, caseHeader } from './machine.ts';
import { operations } from './operations.ts';
import { Replay2422 } from './replay.ts';
import { verifyDump } from './slabinfo.ts';

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
