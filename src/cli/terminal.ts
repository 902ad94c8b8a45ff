/** What is asked of standard output before tables are laid out for it. */
import type { TableOptions } from '../report/table.ts';

const { stdout } = process;

/** Whether standard output is a terminal that shows colours; Node knows of NO_COLOR and TERM=dumb. */
const inColour = (): boolean => stdout.isTTY && stdout.hasColors();

export interface TableChoices {
  /** All columns, whatever the terminal's width. */
  readonly wide?: boolean;
  readonly brief?: boolean;
}

/** A terminal shows the end of what is printed, and so many columns; of a file or a pipe, the beginning is read first. */
export const tableOptions = ({ wide = false, brief = false }: TableChoices): TableOptions => ({
  brief,
  colour: inColour(),
  answer: stdout.isTTY ? 'last' : 'first',
  ...(stdout.isTTY && !wide ? { width: stdout.columns } : {}),
});
