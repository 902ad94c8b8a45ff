/** Linux 2.4.0: its row in the table of recordings. */
import * as z from 'zod';
import { looksLikeGeometry, verifyGeometry } from '../linux-2.4/geometry.ts';
import { looksLikeLayouts, verifyLayouts } from '../linux-2.4/layouts.ts';
import { type CaseHeader, caseHeader } from '../linux-2.4/machine.ts';
import { operations } from '../linux-2.4/operations.ts';
import { mayHavePrinted, verifyDump } from '../linux-2.4/slabinfo.ts';
import { operationsOf, type Recordings, Unresolved } from '../recording.ts';
import { recorded240 } from './recorded.ts';
import { Replay240 } from './replay.ts';

const operation = operationsOf<Replay240>();

export const recordings240: Recordings<CaseHeader, Replay240> = {
  version: '2.4.0',
  allocator: /^2\.4\.0$/,
  number: 'i',
  header: caseHeader,
  operations: {
    ...operations,
    set_task_flags: operation(
      { target_cpu: z.int(), flags: z.int().min(0).max(0xffffffff) },
      function* ({ kernel }, _cpu, { target_cpu, flags }) {
        const { machine, symbols, task_struct } = kernel;
        if (machine.cpus[target_cpu] === undefined) {
          throw new Unresolved(`no CPU ${target_cpu}`, 'name one of the header');
        }
        machine.memory.poke32(symbols.address(`task[${target_cpu}]`) + task_struct.flags, flags);
        return { ret: null };
      },
    ),
  },
  start: (header) => new Replay240(header),
  documents: [
    {
      name: 'geometry.csv',
      recognises: looksLikeGeometry,
      verify: (text, file) => verifyGeometry(recorded240, text, file),
    },
    {
      name: 'layouts.json',
      recognises: looksLikeLayouts('firstnotfull'),
      verify: (text, file) => verifyLayouts(recorded240, text, file),
    },
  ],
  slabinfo: /^1\.1$/,
  // 2.4.10 was the first with three lists.
  printers: /^2\.4\.\d(?!\d)/,
  mayHavePrinted: (text, file, machine) => mayHavePrinted(recorded240, text, file, machine),
  verifyDump: (text, file, machine, machineFile) => verifyDump(recorded240, text, file, machine, machineFile),
};
