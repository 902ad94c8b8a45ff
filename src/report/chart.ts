/**
 * Does slab colouring reduce L1 misses on this workload? The answer as one self-contained SVG, a forest plot: a row for
 * each touch model, in one group for each alignment; a dot for the change of misses, a whisker for its interval, and a
 * band for the range over touch models. Text stands in columns of its own, so that none can meet a mark or another text.
 */
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import type { PairedComparison, Results } from '../lab/results.ts';
import {
  caveatOf,
  factsOf,
  figuresOf,
  groupBy,
  QUESTION,
  rangeOf,
  type Verdict,
  verdictOf,
  verdictOn,
  wrap,
} from './table.ts';

const WIDTH = 900;
const MARGIN = 36;
const RIGHT = WIDTH - MARGIN;
/** Right edges of the columns of figures. */
const COLUMNS = { change: 646, interval: 752, cycles: 0, effectiveness: RIGHT };
const PLOT_RIGHT = 572;
const MOST_LABEL = 190;
const ROW = 30;
const GROUP_HEAD = 34;

const INK = '#1b1f24';
const QUIET = '#5b6470';
const RULE = '#d9dde2';
const PAPER = '#ffffff';
const BAND = '#eef1f4';
/** Of Okabe and Ito's palette; the unclear ones are hollow besides, so colour is never alone. */
const COLOURS: Record<Verdict, string> = { fewer: '#0072b2', more: '#d55e00', unclear: '#767e88' };
