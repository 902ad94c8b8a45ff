/**
 * The package as a user has it: packed by `npm pack` (which builds it), installed in an empty folder by `npm install
 * --offline`. No network: the packages that it depends on are links to the project's own. Programs run by tsx with
 * `slabscope` found in node_modules, so in dist/, and the same programs run on the sources for comparison.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const home = mkdtempSync(join(tmpdir(), 'slabscope-package-'));
const installed = join(home, 'node_modules', 'slabscope');
const tsx = import.meta.resolve('tsx');

const run = (program: string, args: readonly string[], cwd = home) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] });
const npm = (args: readonly string[], cwd = home) => run('npm', [...args, '--cache', join(home, 'npm-cache')], cwd);
const write = (name: string, text: string) => writeFileSync(join(home, name), text);
const slabscope = (...args: string[]) => run(join('node_modules', '.bin', 'slabscope'), args);

beforeAll(() => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packed = npm(['pack', '--silent', '--pack-destination', home], root).trim().split('\n').at(-1)!;
  const links = Object.keys(dependencies).map((name) => [name, `file:${join(root, 'node_modules', name)}`]);
  write(
    'package.json',
    JSON.stringify({ private: true, dependencies: { ...Object.fromEntries(links), slabscope: `file:${packed}` } }),
  );
  npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund']);
}, 300_000);
afterAll(() => rmSync(home, { recursive: true }));

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const ofReadme = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match, i) => ({
  name: `readme-${i + 1}.mts`,
  text: match[1]!,
}));
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));

test('the README has a program, and there are examples', () => {
  expect(ofReadme.length).toBeGreaterThanOrEqual(1);
  expect(examples).toEqual(expect.arrayContaining(['dma-driver.ts', 'library.ts']));
});

describe('on the package does what it does on the sources', () => {
  const both = (onPackage: string, onSources: string) => {
    const told = run('node', ['--import', tsx, onPackage]);
    expect(told).not.toBe('');
    // Where the sources are, tsconfig.json says that they are `slabscope`.
    expect(run('node', ['--import', tsx, onSources], root)).toBe(told);
  };

  test.each(ofReadme)("the README's program $name", ({ name, text }) => {
    write(name, text);
    both(join(home, name), join(home, name));
  });

  test.each(examples)('examples/%s', (name) => {
    both(join(installed, 'examples', name), join(root, 'examples', name));
  });
});

test('all of them agree with the types of the package, and these with each other', () => {
  for (const { name, text } of ofReadme) write(name, text);
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
  const compilerOptions = { ...strict, target: 'ES2022', module: 'NodeNext', types: [] };
  const files = [
    ...ofReadme.map(({ name }) => name),
    ...examples.map((name) => join('node_modules', 'slabscope', 'examples', name)),
  ];
  write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
  const tsc = () => run(join(root, 'node_modules', '.bin', 'tsc'), ['--project', 'tsconfig.json', '--pretty', 'false']);
  expect(tsc()).toBe('');
  write(ofReadme[0]!.name, `${ofReadme[0]!.text}\nexport const wrong: string = new Machine;`);
  expect(tsc, 'a fault of type would be found').toThrow();
});

describe('the command', () => {
  test('lists what there is, as the sources do', () => {
    expect(slabscope('list')).toBe(run('node', ['--import', tsx, 'src/cli/main.ts', 'list'], root));
  });

  test('verifies the recordings that come along', () => {
    const told = slabscope('verify', '--touch', join('node_modules', 'slabscope', 'test', 'golden'));
    expect(told).not.toContain('FAILED');
    const recordings = readdirSync(join(root, 'test', 'golden', 'data'));
    const cases = recordings
      .map((name) => /^case-(.*)\.jsonl\.gz$/.exec(name)?.[1])
      .filter((name) => name !== undefined);
    const passed = told.split('\n').filter((line) => line.startsWith('passed'));
    expect(cases.filter((name) => !passed.some((line) => line.includes(name)))).toEqual([]);
  });

  test('runs an experiment that comes along, on worker threads, to the results that the sources have', () => {
    const specification = readFileSync(join(installed, 'experiments', 'per-cpu-arrays.yaml'), 'utf8');
    write('experiment.yaml', `${specification.replace(/^seeds: .*$/m, 'seeds: 1')}`);
    const args = ['run', join(home, 'experiment.yaml'), '--workers', '2', '--out'];
    slabscope(...args, join(home, 'package'));
    run('node', ['--import', tsx, 'src/cli/main.ts', ...args, join(home, 'sources')], root);
    const results = (out: string) => readFileSync(join(home, out, 'results.json'), 'utf8');
    expect(results('package')).toBe(results('sources'));
  });
});

test('of the tests only the recordings come along, and no source', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files.filter((name) => name.includes('.test.') || /^(src|bench)\b/.test(name))).toEqual([]);
  expect(existsSync(join(installed, 'test', 'golden', 'data'))).toBe(true);
});
