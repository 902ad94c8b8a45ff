import { expect, test } from 'vitest';
import { c2cTable } from '../../src/report/c2c-table.ts';
import { sharing } from './attribution.ts';

test('lines that go from cache to cache are laid out as perf c2c does', () => {
  expect(c2cTable(sharing, 20)).toMatchInlineSnapshot(`
    "=================================================
               Shared Data Cache Line Table
    =================================================
    #
    #        Cacheline     Tot  ------ Hitm ------  - Sharing -  ------- Total --------  -- Stores ---  --- Load ----
    # Index    Address    Hitm  Total  Load  Store  True  False  records  Loads  Stores  L1Hit  L1Miss  L1Hit  L1Miss  Data
    # .....  .........  ......  .....  ....  .....  ....  .....  .......  .....  ......  .....  ......  .....  ......  .................................
    #
          0  0x1fe0040  75.00%     30    30      0     0     29      180     90      90     90       0     60      30  stats object +0x8 (rx), +0xc (tx)
          1   0x200c20  20.00%      8     0      8     7      0       22      2      20     12       8      2       0  call_lock
    # (1 more)

    =================================================
          Shared Cache Line Distribution Pareto
    =================================================
    #
    #      ---- HITM -----  -- Store Refs --  --- Sharing ---  Data address    Total  cpu  -- CPUs ---
    # Num    Load    Store   L1 Hit  L1 Miss     True   False        Offset  records  cnt  load  store  Data
    # ...  ......  .......  .......  .......  .......  ......  ............  .......  ...  ....  .....  ......................
    #
      ------------------------------------------------------------------------------------------------------------------------
        0      30        0       90        0        0      29     0x1fe0040
      ------------------------------------------------------------------------------------------------------------------------
           66.67%    0.00%   55.56%    0.00%    0.00%  65.52%           0x8      100    1     0      0  stats object +0x8 (rx)
           33.33%    0.00%   44.44%    0.00%    0.00%  34.48%           0xc       80    1     1      1  stats object +0xc (tx)
      ------------------------------------------------------------------------------------------------------------------------
        1       0        8       12        8        7       0      0x200c20                             call_lock+0x0
      ------------------------------------------------------------------------------------------------------------------------
            0.00%  100.00%  100.00%  100.00%  100.00%   0.00%           0x0       22    2     1    0,1  call_lock
    "
  `);
});

test('only so many lines are told as were asked for, and how many there are besides', () => {
  const table = c2cTable(sharing, 1);
  expect(table).toContain('# (2 more)\n');
  expect(table).not.toContain('call_lock');
});

test('a run in which no line went from cache to cache is told as such', () => {
  expect(c2cTable({ line: 32, lines: 0, hitm: 0, pairs: [], hottest: [] }, 20)).toBe(
    'No line went from cache to cache.\n',
  );
});
