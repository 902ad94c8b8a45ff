import { expect, test } from 'vitest';
import { findingsOf } from '../../src/lab/experiment/culprits.ts';
import { c2cTable } from '../../src/report/c2c-table.ts';
import { pairsTable, verdictText } from '../../src/report/culprits-text.ts';
import { ownersTable } from '../../src/report/owners-table.ts';
import { owners, pairs, sharing } from './attribution.ts';

const layouts = { line: 32, objectSizes: new Map([['stats', 64]]), fields: new Map() };
const verdict = (width: number) => verdictText(findingsOf({ pairs }, owners, layouts), pairs, 1050, width);

test('the verdict names what is written, what is missed for it, and what to try', () => {
  expect(verdict(80)).toMatchInlineSnapshot(`
    "False sharing makes 29 of 1,050 misses (2.76%): CPUs write apart what lies in
    one line. True sharing makes 4: one reads what another wrote.
    - stats: stores of CPUs 0,1 to tx (dev_queue_xmit) and rx (netif_rx) take the
      line of rx (netif_rx) and tx (dev_queue_xmit) from CPUs 0,1: 29 misses. --try
      'stats:tx@0x20' measures them a line apart.
    "
  `);
});

test('without false sharing it says so', () => {
  expect(verdictText([], [], 100, 80)).toBe('No miss is false sharing.\n');
});

test('a pair takes two rows: what was missed, and the store before', () => {
  expect(pairsTable(pairs, 20, 80)).toMatchInlineSnapshot(`
    "Sharing misses by pair: what was missed, and whose store had taken the line away
    #
    # misses  sharing    alone  lines  CPUs  Missed <- written before
    # ......  .......  .......  .....  ....  .......................................
    #
          19    false  100.00%      1     0  stats object +0x8 (rx) in netif_rx
                                          1  <- stats object +0xc (tx) in
                                             dev_queue_xmit
          10    false   80.00%      1     1  stats object +0xc (tx) in
                                             dev_queue_xmit
                                          0  <- stats object +0x8 (rx) in netif_rx
           4     true  100.00%      1     0  call_lock
                                          1  <- call_lock
    # (without share, HITM: --wide shows all)
    "
  `);
});

test('pairs beyond those asked for are counted', () => {
  expect(pairsTable(pairs, 1)).toContain('# (2 more)\n');
});

test.each([80, 100, 132])('no line of a report is longer than a terminal of %i columns', (width) => {
  const report = [
    ...[verdict(width), ownersTable([owners], 20, { width }), pairsTable(pairs, 20, width)],
    c2cTable(sharing, 20, width),
  ].join('');
  expect(report.split('\n').filter((line) => line.length > width)).toEqual([]);
});

test('what there is no room for is named', () => {
  expect(ownersTable([owners], 20, { width: 80 })).toContain('--wide shows');
  expect(ownersTable([owners], 20)).not.toContain('--wide');
});
