/** The first lines of each of the ten real traces, replayed. Where they come from: data/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { runPoint } from '../../../src/lab/experiment/point.ts';
import { points } from '../../../src/lab/specification/settings.ts';
import { parseSpecification } from '../../../src/lab/specification/specification.ts';
import { readTrace } from '../../../src/lab/traces/read-trace.ts';
import { faultsOf } from './traces.ts';

const folder = new URL('data/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.startsWith('head-of-'));
const specification = parseSpecification(
  'name: x\nworkload: { name: replay, trace: t }\nmachine: { model: pentium-iii }\nalignment: [line-fraction]\ncolouring: ["on"]\nseeds: 1',
  'x.yaml',
);

test('there are ten', () => {
  expect(names).toHaveLength(10);
});

describe.each(names)('%s', (name) => {
  const text = gunzipSync(readFileSync(new URL(name, folder))).toString();
  const trace = readTrace(text.trimEnd().split('\n'), name);

  test('is understood, line by line', () => {
    expect(faultsOf(trace)).toEqual([]);
    const { format, lines, events, otherLines, otherTracepoints } = trace.summary;
    expect([lines, otherLines, otherTracepoints]).toEqual([300, 0, 0]);
    const headers = text.split('\n').filter((line) => line.startsWith('#')).length;
    expect(events).toBe(300 - headers);
    expect(format).toBe(name.includes('ftrace') ? 'ftrace' : name.includes('perf') ? 'perf script' : 'malloc');
  });

  test('replays without a failed allocation under every touch model', () => {
    const { allocations, frees, unseenFrees } = trace.summary;
    for (const point of points(specification)) {
      const { counts } = runPoint(specification, trace, point);
      expect(counts).toMatchObject({ operations: allocations + frees + unseenFrees, failed: 0 });
    }
  });
});
