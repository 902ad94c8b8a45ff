/** `slabscope profile`, and an experiment that draws from what it wrote. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { slabscope } from './slabscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'slabscope-profile-'));
const recorded = new URL('../lab/touches/data/cut-of-k-pipe.gz', import.meta.url).pathname;
copyFileSync(recorded, join(folder, 'pipe.touch.gz'));
writeFileSync(join(folder, 'plain.txt'), 'a 0 48\nf 0\n');

function experiment(name: string, keys: string): string {
  const path = join(folder, name);
  const common = 'machine: { model: pentium-iii, memory: 16M }\nalignment: word\ncolouring: on\nseeds: 1\n';
  writeFileSync(path, `name: x\nworkload: { name: replay, trace: pipe.touch.gz }\n${common}${keys}\n`);
  return path;
}

describe('profile', () => {
  const file = join(folder, 'pipe.profile.json');

  test('writes what the touches of a trace tell of its caches, and an experiment draws from it', async () => {
    const made = await slabscope('profile', recorded, '-o', file, '--json');
    expect(JSON.parse(made.stdout)).toMatchObject({ file, form: 'slabscope-touch-profile/1' });
    const profile = JSON.parse(readFileSync(file, 'utf8'));
    expect(profile.source).toBe('cut-of-k-pipe.gz');
    expect(Object.keys(profile.caches)).toContain('vm_area_struct');

    const path = experiment('drawn.yaml', 'touch: profiled\nprofile: pipe.profile.json');
    const { stdout, status } = await slabscope('run', path, '--out', join(folder, 'out'), '--json');
    expect(status).toBe(0);
    const results = JSON.parse(stdout);
    expect(results.points).toHaveLength(1);
    // What was drawn from stands with the results, so that they can be drawn again.
    expect(results.specification.profile.source).toBe('cut-of-k-pipe.gz');
  });

  test.each([
    [
      'of a trace without touches',
      ['profile', join(folder, 'plain.txt'), '-o', file],
      /tells of no touches; give a touch/,
    ],
    ['without a place to write to', ['profile', recorded], /required option '-o, --out <file>' not specified/],
    [
      'that no touch model draws from',
      ['run', experiment('unused.yaml', 'touch: init-head\nprofile: pipe.profile.json')],
      /unused\.yaml:8: a profile that no touch model draws from; leave it out/,
    ],
    [
      'that is missing',
      ['run', experiment('without.yaml', 'touch: profiled')],
      /without\.yaml:7: the touch model profiled without a profile; name its file/,
    ],
    [
      'that is none',
      ['run', experiment('wrong.yaml', 'touch: profiled\nprofile: drawn.yaml')],
      /drawn\.yaml: not JSON: /,
    ],
  ])('%s is one line and status 2', async (_what, args, line) => {
    const { status, stderr, stdout } = await slabscope(...args);
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 });
    expect(stderr).toMatch(line);
  });
});
