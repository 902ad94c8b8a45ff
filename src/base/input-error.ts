/**
 * Something a user handed in is wrong. The message names the place, what is wrong there, and what would be right;
 * the command line prints it as one line, without a stack trace, and exits with status 2.
 */
export class InputError extends Error {
  readonly place: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(place: string, problem: string, remedy: string) {
    super(`${place}: ${problem}; ${remedy}`);
    this.name = 'InputError';
    this.place = place;
    this.problem = problem;
    this.remedy = remedy;
  }
}
