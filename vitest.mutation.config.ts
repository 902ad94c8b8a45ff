import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { slow } from './test/mutation/slow.ts';

/** Quick tests first: the first that fails ends a mutant's run. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => Number(slow.test(moduleId));
    return files.sort((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

/** For test/mutation/mutate.ts. Stress runs are left out: each mutant that survives would meet them in full. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/command-build.ts',
    exclude: ['test/slab/stress.test.ts'],
    sequence: { sequencer: QuickFirst },
    testTimeout: 600_000,
  },
});
