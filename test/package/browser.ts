/** Debian's Chromium, and the library bundled for it. */
import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
export const hasBrowser = existsSync(executablePath);
export const WITHOUT = hasBrowser
  ? ''
  : ` (skipped: no ${executablePath}; apt-get install --no-install-recommends chromium)`;

/**
 * A program as one script, with the packages of a folder's node_modules; what it exports is `slabscope`. And all files
 * in it. For browsers esbuild refuses modules of Node, but where a package says what stands for them.
 */
export async function bundled(program: string, folder: string): Promise<{ script: string; files: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: folder },
    ...{ bundle: true, platform: 'browser', format: 'iife', globalName: 'slabscope' },
    ...{ write: false, metafile: true, logLevel: 'silent' },
  });
  return { script: outputFiles[0]!.text, files: Object.keys(metafile.inputs) };
}

/** What `use` makes of a page of this HTML, in which the script has run. */
export async function onPage<T>(html: string, script: string, use: (page: Page) => Promise<T>): Promise<T> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  const browser = await chromium.launch({
    executablePath,
    args: [...args, '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage();
    await page.setContent(html);
    await page.addScriptTag({ content: script });
    return await use(page);
  } finally {
    await browser.close();
  }
}
