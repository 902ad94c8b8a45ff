/**
 * The package as a user has it: packed by `npm pack` (which builds it), installed in an empty folder by `npm install
 * --offline`. No network: the packages that it depends on are links to the project's own. Programs run by tsx with
 * `slabscope` found in node_modules, so in dist/, and the same programs run on the sources for comparison.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { bundled, hasBrowser, onPage, WITHOUT } from './browser.ts';
import { programOf } from './signatures.ts';

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

const pages = ['README.md', 'docs/library.md'];
/** Those with an import are whole programs; the others need what stands before them in the text. */
const programs = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, text], i) => ({
    name: `${page.replace(/\W/g, '-')}-${i + 1}.mts`,
    text: text!,
  })),
);
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));

test('each of these pages has a program, and there are examples', () => {
  expect(pages.filter((page) => !programs.some(({ name }) => name.startsWith(page.replace(/\W/g, '-'))))).toEqual([]);
  expect(examples).toEqual(expect.arrayContaining(['dma-driver.ts', 'library.ts']));
});

describe('on the package does what it does on the sources', () => {
  const both = (onPackage: string, onSources: string) => {
    const told = run('node', ['--import', tsx, onPackage]);
    expect(told).not.toBe('');
    // Where the sources are, tsconfig.json says that they are `slabscope`.
    expect(run('node', ['--import', tsx, onSources], root)).toBe(told);
  };

  test.each(programs)('the program $name', ({ name, text }) => {
    write(name, text);
    both(join(home, name), join(home, name));
  });

  test.each(examples)('examples/%s', (name) => {
    both(join(installed, 'examples', name), join(root, 'examples', name));
  });
});

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const doors = Object.keys(manifest.exports).flatMap((path) => /^\.\/(\w+)$/.exec(path)?.[1] ?? []);

/** What tsc has to say. */
const tsc = (configuration: object, name = 'tsconfig.json'): string => {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false };
  const { compilerOptions, ...rest } = { compilerOptions: {}, ...configuration };
  // zod's declarations name URL, which Node's types or a browser's must declare.
  const common = { ...strict, target: 'ES2022', lib: ['ES2023', 'DOM'], types: [] };
  write(name, JSON.stringify({ compilerOptions: { ...common, ...compilerOptions }, ...rest }));
  const compiler = join(root, 'node_modules', '.bin', 'tsc');
  return spawnSync(compiler, ['--project', name, '--pretty', 'false'], { cwd: home, encoding: 'utf8' }).stdout;
};

describe.each([
  ['nodenext', 'NodeNext'],
  ['bundler', 'ESNext'],
])('to tsc with moduleResolution %s', (moduleResolution, module) => {
  test('the programs of README and docs, and the examples, agree with the types of the package', () => {
    for (const { name, text } of programs) write(name, text);
    const examplesThere = examples.map((name) => join('node_modules', 'slabscope', 'examples', name));
    const compilerOptions = { module, moduleResolution, noEmit: true };
    const check = () => tsc({ compilerOptions, files: [...programs.map(({ name }) => name), ...examplesThere] });
    expect(check()).toBe('');
    write(programs[0]!.name, `${programs[0]!.text}\nexport const wrong: string = new Machine;`);
    expect(check(), 'a fault of type is found').toContain('TS2322');
  });

  test('each door exports every type that its signatures need', async () => {
    const folder = `signatures-${moduleResolution}`;
    mkdirSync(join(home, folder));
    for (const door of doors) {
      const values = await import(join(installed, 'dist', 'library', `${door}.js`));
      write(join(folder, `${door}.mts`), programOf(door, installed, values));
    }
    const output = { declaration: true, rootDir: folder, outDir: join(folder, 'out') };
    const compilerOptions = { module, moduleResolution, ...output };
    const configuration = { compilerOptions, files: doors.map((door) => join(folder, `${door}.mts`)) };
    const check = () => tsc(configuration, `tsconfig-${moduleResolution}.json`);
    expect(check()).toBe('');
    const lacking = 'export const lacking = (of: lib.Machine) => of.scheduler;';
    write(join(folder, 'machine.mts'), `import * as lib from 'slabscope/machine';\n${lacking}`);
    expect(check(), 'a type without a name is found').toContain("reference to 'Scheduler'");
  });
});

test('all that the doors export is exported by the package itself', async () => {
  const { default: _, ...all } = await import(join(installed, 'dist', 'index.js'));
  const each = await Promise.all(doors.map((door) => import(join(installed, 'dist', 'library', `${door}.js`))));
  expect(new Set(Object.keys(all))).toEqual(new Set(each.flatMap((door) => Object.keys(door))));
});

describe('the command', () => {
  test('tells its version, that of package.json', () => {
    expect(slabscope('--version')).toBe(`${manifest.version}\n`);
    expect(slabscope('-V')).toBe(`${manifest.version}\n`);
    expect(VERSION).toBe(manifest.version);
  });

  test('names in its help files that there are', () => {
    const told = slabscope('--help') + slabscope('run', '--help');
    const files = [...told.matchAll(/(?<= )\S*(?:experiments|examples|golden)\/?\S*/g)].map(([path]) => path);
    expect(files).toHaveLength(6);
    expect(files.filter((path) => !existsSync(join(home, path)))).toEqual([]);
  });

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

describe('in a browser', () => {
  const library = "export * from 'slabscope';";
  const trace = gzipSync(Array.from({ length: 60 }, (_, i) => `a ${i} ${24 + 8 * (i % 5)}\n`).join(''));
  const specification = `\
name: both
machine: { model: [pentium-iii, skylake] }
workload: { name: replay, trace: traces/few.txt.gz }
touch: [init-all, hot-fields]
alignment: word
seeds: 2
`;

  test('the bundle has no module of Node', async () => {
    const { files } = await bundled(library, home);
    expect(files.filter((file) => file.includes('slabscope/dist/cli'))).toEqual([]);
    expect(files.some((file) => file.endsWith('slabscope/dist/library/run-experiment.js'))).toBe(true);
  });

  test.skipIf(!hasBrowser)(`an experiment gives the bytes that the command writes${WITHOUT}`, async () => {
    mkdirSync(join(home, 'traces'));
    writeFileSync(join(home, 'traces', 'few.txt.gz'), trace);
    write('both.yaml', specification);
    slabscope('run', 'both.yaml', '--workers', '1', '--out', 'both');
    const program = `(async (specification, packed) => {
      const traces = { 'traces/few.txt.gz': Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)) };
      const { results, picture } = await slabscope.runExperiment(specification, { traces });
      const refused = await slabscope.runExperiment('seeds: 0').catch(({ message }) => message);
      return { json: slabscope.resultsJson(results), picture, refused };
    })(${JSON.stringify(specification)}, '${trace.toString('base64')}')`;
    const { script } = await bundled(library, home);
    const found = await onPage('', script, (page) =>
      page.evaluate<{ json: string; picture: string; refused: string }>(program),
    );
    expect(`${found.json}\n`).toBe(readFileSync(join(home, 'both', 'results.json'), 'utf8'));
    expect(found.picture).toBe(readFileSync(join(home, 'both', 'both.svg'), 'utf8'));
    write('refused.yaml', 'seeds: 0');
    expect(() => slabscope('run', 'refused.yaml')).toThrow(found.refused.replaceAll('specification:', 'refused.yaml:'));
  });

  test.skipIf(!hasBrowser)(`the page of docs/browser.md draws the picture of its experiment${WITHOUT}`, async () => {
    const text = readFileSync(join(root, 'docs', 'browser.md'), 'utf8');
    const [html, program] = ['html', 'js'].map(
      (kind) => new RegExp(`^\`\`\`${kind}\n([^]*?)^\`\`\``, 'm').exec(text)![1]!,
    );
    const { script } = await bundled(program!, home);
    const [drawn, done, said] = await onPage(html!, script, async (page) => {
      await page.click('#run');
      await page.waitForSelector('#picture svg');
      const ofExample = [await page.innerHTML('#picture svg title'), await page.textContent('#done')];
      await page.fill('#specification', 'name: none');
      await page.click('#run');
      await page.waitForFunction("document.getElementById('done').textContent.startsWith('specification')");
      return [...ofExample, await page.textContent('#done')];
    });
    expect(drawn).toContain('slab colouring');
    expect(done).toBe('8 of 8');
    expect(said).toMatch(/^specification:1: machine is missing; give it: group of keys; wrong too: workload/);
  });
});

test('of the tests only the recordings come along, and no source', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files.filter((name) => name.includes('.test.') || /^(src|bench)\b/.test(name))).toEqual([]);
  expect(existsSync(join(installed, 'test', 'golden', 'data'))).toBe(true);
  expect(files.filter((name) => name.endsWith('.map'))).toEqual([]);
});

test('docs/library.md names each package that it depends on, with the licence that this one states', () => {
  const page = readFileSync(join(root, 'docs', 'library.md'), 'utf8');
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    const { license } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    expect(page).toContain(`| ${name} ${version} | ${license} |`);
  }
});
