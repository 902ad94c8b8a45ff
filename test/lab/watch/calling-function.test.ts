import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callerAmong, callingFunction, functionsQuickly } from '../../../src/lab/watch/calling-function.ts';

/** One access of rmqueue() by way of list_del(), and one of fromZones(), a generator, as three hosts tell their stacks. */
const stacks = {
  'V8, as in Node and Chrome': `Error
    at RaceDetector.#record (file:///site/app.js:400:17)
    at RaceDetector.#access (file:///site/app.js:380:23)
    at file:///site/app.js:290:31
    at Cpu.read (file:///site/app.js:31:9)
    at Cpu.load32 (file:///site/app.js:80:10)
    at Cpu.loadPtr (file:///site/app.js:99:17)
    at list_del (file:///site/app.js:510:20)
    at rmqueue (file:///site/app.js:700:7)
    at rmqueue.next (<anonymous>)`,
  'V8, a method called by another name': `Error
    at #record (file:///site/app.js:400:17)
    at read [as read] (file:///site/app.js:31:9)
    at BufferedCpu.load32 [as loadLong] (file:///site/app.js:80:10)
    at Zone.rmqueue [as take] (file:///site/@scope/app.js:700:7)`,
  'SpiderMonkey, as in Firefox': `#record@https://site/app.js:400:17
#access@https://site/app.js:380:23
#watch/<@https://site/app.js:290:31
observe/read@https://site/app.js:31:9
load32@https://site/app.js:80:10
loadPtr@https://site/app.js:99:17
list_del@https://site/app.js:510:20
rmqueue@https://site/app.js:700:7
next@self-hosted:1400:9
`,
  'JavaScriptCore, as in Safari': `#record@https://site/app.js:400:17
#access@https://site/app.js:380:23
@https://site/app.js:290:31
read@https://site/app.js:31:9
load32@https://site/app.js:80:10
loadPtr@https://site/app.js:99:17
list_del@https://site/app.js:510:20
rmqueue@https://site/app.js:700:7
next@[native code]`,
};

test.each(Object.entries(stacks))('the caller of CPU and list helpers is named: %s', (_, stack) => {
  expect(callingFunction({ stack })).toBe('rmqueue');
});

test.each([
  ['a host that tells no stack', {}],
  ['one that tells no names', { stack: '@https://site/app.js:1:2\n@https://site/app.js:3:4' }],
  ['a caller without a name', { stack: 'read@app.js:1:1\n@app.js:2:2\nrmqueue@app.js:3:3' }],
])('without a name: %s', (_, trace) => {
  expect(callingFunction(trace)).toBe('(unnamed)');
});

test('no function is told where none was noted', () => {
  expect(callingFunction(null)).toBe('');
});

test('the built package names the same functions as the sources', { timeout: 60_000 }, () => {
  const root = new URL('../../../', import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), 'slabscope-races-'));
  const node = (...args: string[]) => execFileSync('node', args, { cwd: root, encoding: 'utf8' });
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(folder, 'built'));
    const script = 'test/lab/watch/named-races.mjs';
    const ofSources = JSON.parse(node('--import', 'tsx', script, join(root, 'src'), 'ts'));
    expect(ofSources).toEqual([
      [
        ['zone_struct.free_pages', 'w', 'rmqueue'],
        ['zone_struct.free_pages', 'r', 'fromZones'],
      ],
    ]);
    expect(JSON.parse(node(script, join(folder, 'built'), 'js'))).toEqual(ofSources);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('functions handed out by the host are those of the text', () => {
  function read(): { told: Error; handed: Error } {
    return { told: new Error(), handed: new Error() };
  }
  function rmqueue() {
    return read();
  }
  const { told, handed } = rmqueue();
  expect(callerAmong(functionsQuickly(handed))).toBe('rmqueue');
  expect(callingFunction(told)).toBe('rmqueue');
});

test('where the host hands out none, the text is read', () => {
  expect(callerAmong(functionsQuickly({ stack: stacks['SpiderMonkey, as in Firefox'] }))).toBe('rmqueue');
});
