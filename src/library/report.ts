/** `slabscope/report`: results as the command line shows them. */
export { c2cTable } from '../report/c2c-table.ts';
export { callgrindText } from '../report/callgrind.ts';
export { resultsChart } from '../report/chart.ts';
export { pairsTable, verdictText } from '../report/culprits-text.ts';
export { resultsJson } from '../report/json.ts';
export { ownersTable } from '../report/owners-table.ts';
export { resultsTable } from '../report/table.ts';
