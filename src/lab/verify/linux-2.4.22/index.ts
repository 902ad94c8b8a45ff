/** Linux 2.4.22: its row in the table of recordings. */
import * as z from 'zod';
import { kmem_cache_size } from '../../../slab/linux-2.4.22/size.ts';
import { looksLikeGeometry, verifyGeometry } from '../linux-2.4/geometry.ts';
import { looksLikeLayouts, verifyLayouts } from '../linux-2.4/layouts.ts';
import { type CaseHeader, caseHeader } from '../linux-2.4/machine.ts';
import { operations } from '../linux-2.4/operations.ts';
import { mayHavePrinted, verifyDump } from '../linux-2.4/slabinfo.ts';
import { operationsOf, type Recordings } from '../recording.ts';
import { recorded2422 } from './recorded.ts';
import { Replay2422 } from './replay.ts';

const operation = operationsOf<Replay2422>();

export const recordings2422: Recordings<CaseHeader, Replay2422> = {
  version: '2.4.22',
  allocator: /^2\.4\.22$/,
  number: 'i',
  header: caseHeader,
  operations: {
    ...operations,
    cache_size: operation({ cache: z.string() }, function* (replay, cpu, { cache }) {
      return { ret: kmem_cache_size(replay.kernel, cpu, replay.cache(cache)) };
    }),
  },
  start: (header) => new Replay2422(header),
  documents: [
    {
      name: 'geometry.csv',
      recognises: looksLikeGeometry,
      verify: (text, file) => verifyGeometry(recorded2422, text, file),
    },
    {
      name: 'layouts.json',
      recognises: looksLikeLayouts('slabs_partial'),
      verify: (text, file) => verifyLayouts(recorded2422, text, file),
    },
  ],
  slabinfo: /^1\.1$/,
  printers: /^2\.4\.\d\d/,
  mayHavePrinted: (text, file, machine) => mayHavePrinted(recorded2422, text, file, machine),
  verifyDump: (text, file, machine, machineFile) => verifyDump(recorded2422, text, file, machine, machineFile),
};
