/** `slabscope/litmus`: what x86-TSO allows, and what the emulated CPUs come to. */
export { type Exploration, explore, type Runs } from '../lab/litmus/exploration.ts';
export { finalStates, type MemoryModel } from '../lab/litmus/explore.ts';
export type { Expected, LitmusRecord } from '../lab/litmus/json-tests.ts';
export type { FinalState, Instruction, LitmusTest, Operand, Quantifier, Question } from '../lab/litmus/litmus-test.ts';
export { publishedTest } from '../lab/litmus/named-tests.ts';
export { readLitmusTests } from '../lab/litmus/read-tests.ts';
export { runOnCpus } from '../lab/litmus/seeded-run.ts';
