import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const slow = /golden|propert(y|ies)|attribution|random|missing-lock|buddy|tune|debug|touched/;

/** Quick tests first: the first that fails ends a mutant's run. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => Number(slow.test(moduleId));
    return files.sort((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

/**
 * The tests that mutants meet: those that are about the emulator itself, and take seconds. Left out are the stress runs,
 * the races, workloads and whole experiments of the lab, and the command line: minutes for each mutant that survives.
 */
export default defineConfig({
  test: {
    include: [
      'test/{base,hw,kernel,mm,slab,golden}/**/*.test.ts',
      'test/lab/{caches,results,verify}/**/*.test.ts',
      'test/lab/watch/{attribution,measurement,race-detector,set-pressure}.test.ts',
    ],
    exclude: ['test/slab/stress*.test.ts'],
    sequence: { sequencer: QuickFirst },
    testTimeout: 600_000,
  },
});
