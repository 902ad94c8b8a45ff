/** The library: a machine, a kernel booted on it, and the lab. Runs in browsers too; only the command line knows Node. */

export * from './library/caches.ts';
export * from './library/experiment.ts';
export * from './library/kernel.ts';
export * from './library/litmus.ts';
export * from './library/machine.ts';
export * from './library/report.ts';
export * from './library/results.ts';
export * from './library/watch.ts';
