/** Being stopped while a long job runs: say what is kept, and end with the status that shells give. */
import { constants } from 'node:os';

/** From now until the returned function is called, SIGINT and SIGTERM print `told()`. */
export function whenStopped(told: () => string): () => void {
  const stop = (signal: NodeJS.Signals) => {
    process.stderr.write(`\nslabscope: ${signal}: ${told()}\n`);
    process.exit(128 + constants.signals[signal]);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return () => process.off('SIGINT', stop).off('SIGTERM', stop);
}
