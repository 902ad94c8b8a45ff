/**
 * Builds the command once before all tests, apart from `dist`, which the test of the package makes anew: tests start it some
 * hundred times, and from sources each start would take three times as long.
 */
import { execFileSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;

/** The program, from the project's folder. */
export const COMMAND = '.test-build/cli/main.js';

export default function build(): void {
  const args = ['--project', 'tsconfig.build.json', '--outDir', '.test-build', '--sourceMap', 'false'];
  execFileSync('node_modules/.bin/tsc', args, { cwd: root, stdio: 'inherit' });
}
