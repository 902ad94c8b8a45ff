/** That a browser computes the same is tested with the package. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { runExperiment } from '../../src/library/run-experiment.ts';
import { resultsChart } from '../../src/report/chart.ts';
import { resultsJson } from '../../src/report/json.ts';

const specification = `\
name: small
machine: { model: pentium-iii, cpus: 1 }
workload: { name: replay, trace: traces/few.txt }
touch: init-all
alignment: word
history: fresh
seeds: 2
`;
const trace = Array.from({ length: 20 }, (_, i) => `a ${i} ${24 + i}\n`).join('');
const traces = { 'traces/few.txt': trace };

test('an experiment is run from its text: its points in their order, their comparisons, and a picture', async () => {
  const { results, picture } = await runExperiment(specification, { traces });
  expect(results.points.map(({ point: { colouring, seed } }) => [colouring, seed])).toEqual([
    ['on', 0],
    ['off', 0],
    ['on', 1],
    ['off', 1],
  ]);
  expect(results.comparisons.map(({ axis, base, variant }) => [axis, base, variant])).toEqual([
    ['colouring', 'off', 'on'],
  ]);
  expect(results.trace).toMatchObject({ name: 'few.txt', allocations: 20 });
  expect(picture).toBe(resultsChart(results));
});

test('a trace is text, bytes, or packed bytes, and only its hash tells which it was', async () => {
  const bytes = new TextEncoder().encode(trace);
  const [ofText, ofBytes, ofPacked] = await Promise.all(
    [trace, bytes, new Uint8Array(gzipSync(bytes))].map((data) =>
      runExperiment(specification, { traces: { 'traces/few.txt': data } }),
    ),
  );
  expect(resultsJson(ofBytes!.results)).toBe(resultsJson(ofText!.results));
  expect(ofPacked!.results.trace!.sha256).not.toBe(ofText!.results.trace!.sha256);
  expect(ofPacked!.results.points).toEqual(ofText!.results.points);
});

test('each point is told as it is done, and what is thrown then ends the run', async () => {
  const told: string[] = [];
  const run = runExperiment(specification, {
    traces,
    pointDone: ({ point }, done, all) => {
      told.push(`${done} of ${all}: ${point.colouring} ${point.seed}`);
      if (done === 3) throw new Error('enough');
    },
  });
  await expect(run).rejects.toThrow('enough');
  expect(told).toEqual(['1 of 4: on 0', '2 of 4: off 0', '3 of 4: on 1']);
});

test.each([
  ['a key that is not known', `${specification}sseeds: 3\n`, { traces }, /^my\.yaml:8: no key sseeds is known/],
  [
    'a trace that was not given',
    specification,
    { traces: { other: trace } },
    'traces/few.txt: no such trace was given; those given are other',
  ],
  ['no trace at all', specification, {}, 'traces/few.txt: no such trace was given; give it among `traces`'],
  [
    'a packed trace that is cut',
    specification,
    { traces: { 'traces/few.txt': new Uint8Array(gzipSync(trace).subarray(0, -9)) } },
    /^few\.txt: gzip data that cannot be unpacked/,
  ],
  [
    'a key that turns out to be wrong as points run',
    `${specification}fields: { nobody: [{ name: a, offset: 0, size: 4 }] }\n`,
    { traces },
    /^my\.yaml:8: fields\.nobody: no cache of the workload has this name/,
  ],
])('%s is refused as on the command line', async (_, text, options, message) => {
  await expect(runExperiment(text, { file: 'my.yaml', ...options })).rejects.toThrow(message);
});
