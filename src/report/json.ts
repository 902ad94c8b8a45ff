/** An experiment's results as JSON to be read and compared by eye too: a list of numbers stays on one line. */
import type { Results } from '../lab/results/results.ts';

/** Strings of JSON hold no line breaks, so what is joined here is no string's. */
export const resultsJson = (results: Results): string =>
  JSON.stringify(results, null, 2).replace(/\[\n[\s\d.,e+-]+\]/g, (numbers) =>
    numbers.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
