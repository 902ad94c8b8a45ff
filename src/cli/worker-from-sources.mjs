/** Where the project runs from its TypeScript sources: a worker thread does not inherit tsx, so it is loaded here. */
import { tsImport } from 'tsx/esm/api';

export const { compute, record } = await tsImport('./worker.ts', import.meta.url);
