import { expect, test } from 'vitest';
import { ownersTable } from '../../src/report/owners-table.ts';
import { owners } from './attribution.ts';

const rowsOf = (table: string) => table.split('\n').map((line) => line.trim().replace(/ +/g, ' '));

test('misses by owner are told by kind, and by name, most first', () => {
  expect(ownersTable([owners], 20)).toBe(`Misses by kind of owner
#
#                                            - sharing -
#   share  misses  cold  capacity  conflict  true  false  HITM  upgrades  invalid.  spins  Kind
# .......  ......  ....  ........  ........  ....  .....  ....  ........  ........  .....  ......
#
   99.05%   1,040     1       980        30     0     29    30        20        20      0  object
    0.95%      10     3         0         0     7      0     8         0         8     52  lock
  100.00%   1,050     4       980        30     7     29    38        20        28     52  all

Misses by owner
#
#                                            - sharing -
#   share  misses  cold  capacity  conflict  true  false  HITM  upgrades  invalid.  spins  Owner
# .......  ......  ....  ........  ........  ....  .....  ....  ........  ........  .....  ......................
#
   95.24%   1,000     1       980         0     0     19    20        20        20      0  stats object +0x8 (rx)
    3.81%      40     0         0        30     0     10    10         0         0      0  stats object +0xc (tx)
    0.95%      10     3         0         0     7      0     8         0         8     52  call_lock
  100.00%   1,050     4       980        30     7     29    38        20        28     52  all
`);
});

test('owners beyond those asked for are one row, so that the table still adds up', () => {
  const rows = rowsOf(ownersTable([owners], 1));
  expect(rows).toContain('95.24% 1,000 1 980 0 0 19 20 20 20 0 stats object +0x8 (rx)');
  expect(rows).toContain('4.76% 50 3 0 30 7 10 18 0 8 52 (2 more)');
});

test('points of several seeds are summed, owner by owner', () => {
  const rows = rowsOf(ownersTable([owners, owners.slice(1)], 20));
  expect(rows).toContain('7.27% 80 0 0 60 0 20 20 0 0 0 stats object +0xc (tx)');
  expect(rows.filter((row) => row.endsWith('call_lock'))).toEqual(['1.82% 20 6 0 0 14 0 16 0 16 104 call_lock']);
});

test('on machines with nodes each owner has its remote misses', () => {
  const rows = rowsOf(ownersTable([owners.map((owner, i) => ({ ...owner, remoteMisses: i }))], 1));
  expect(rows).toContain('95.24% 1,000 1 980 0 0 19 20 20 20 0 0 stats object +0x8 (rx)');
  expect(rows).toContain('100.00% 1,050 4 980 30 7 29 38 20 28 52 3 all');
});

test('a run without misses is told as such', () => {
  expect(rowsOf(ownersTable([[]], 20))).toContain('0.00% 0 0 0 0 0 0 0 0 0 0 all');
});
