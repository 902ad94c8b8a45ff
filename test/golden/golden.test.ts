import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verify } from '../../src/cli/verify.ts';

const data = new URL('data/', import.meta.url).pathname;
/** Of other kernels than 2.4.22: in a folder of its own each. */
const [older, newer] = ['linux-2.4.0', 'linux-2.6'];
const inFolder = (folder: string) => readdirSync(`${data}${folder}`).map((name) => `${folder}/${name}`);
/** Memory traces are beside what was counted on them. */
const recordings = readdirSync(data).filter((name) => !/^linux-|\.(din|mp)\.gz$/.test(name));
const recordingsOfNewer = inFolder(newer);

// What all CPUs are told to, the recorded 2.6 did one CPU after the other: there the misses are others.
test.each([
  ...[...recordings, ...inFolder(older)].map((name) => ({ name, misses: true })),
  ...recordingsOfNewer.map((name) => ({ name, misses: false })),
])('the emulator agrees with $name', ({ name, misses }) => {
  const lines: string[] = [];
  const agrees = verify([`${data}${name}`], { touch: true, misses }, (line) => lines.push(line));
  expect(lines.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  expect(agrees).toBe(true);
  expect(lines.some((line) => line.startsWith('passed'))).toBe(true);
});

test('there are recordings of every kind', () => {
  expect(recordings).toEqual([
    'case-boot-smp32-2cpu-64MB.jsonl.gz',
    'case-boot-up64-1cpu-16MB.jsonl.gz',
    'case-buddy-touch.jsonl.gz',
    'case-buddy.jsonl.gz',
    'case-colour-up32.jsonl.gz',
    'case-create-smp32.jsonl.gz',
    'case-ctor-up32.jsonl.gz',
    'case-debug-smp32-2cpu.jsonl.gz',
    'case-debug-upold32.jsonl.gz',
    'case-kmalloc-up32.jsonl.gz',
    'case-mix-smp32-2cpu-touch.jsonl.gz',
    'case-mix-up32-touch.jsonl.gz',
    'case-offslab-smp32-2cpu.jsonl.gz',
    'case-oom-up32.jsonl.gz',
    'case-reap-smp32-2cpu.jsonl.gz',
    'case-tune-smp32-2cpu.jsonl.gz',
    'directed-mesi.json.gz',
    'expected-coherence.json.gz',
    'expected.json.gz',
    'geometry.csv.gz',
    'layouts.json.gz',
    'litmus-corpus.jsonl.gz',
    'litmus-named.json.gz',
  ]);
});

test('of Linux 2.4.0 there are recordings of every kind', () => {
  expect(readdirSync(`${data}${older}`)).toEqual([
    'case-boot-smp32-2cpu-64MB.jsonl.gz',
    'case-boot-upold32-1cpu-64MB.jsonl.gz',
    'case-buddy-touch.jsonl.gz',
    'case-create-smp32.jsonl.gz',
    'case-ctor-up32.jsonl.gz',
    'case-debug-smp32-2cpu.jsonl.gz',
    'case-kmalloc-up32.jsonl.gz',
    'case-lists-up32.jsonl.gz',
    'case-mix-smp32-2cpu-touch.jsonl.gz',
    'case-mix-upold32-touch.jsonl.gz',
    'case-offslab-smp32-2cpu.jsonl.gz',
    'case-oom-up32.jsonl.gz',
    'case-reap-smp32-2cpu.jsonl.gz',
    'case-tune-smp32-2cpu.jsonl.gz',
    'geometry.csv.gz',
    'layouts.json.gz',
  ]);
});

test('of Linux 2.6 there are all recordings of i386, its layouts and both files of geometry', () => {
  expect(recordingsOfNewer.map((name) => name.slice(newer.length + 1).replace(/\.gz$/, ''))).toEqual([
    'alien_free_numa64.jsonl',
    'boot_numa128_4cpu_64mb.jsonl',
    'boot_numa64_4cpu_64mb.jsonl',
    'boot_numa8_64_4cpu_64mb.jsonl',
    'boot_smp128_4cpu_64mb.jsonl',
    'boot_smp32_2cpu_64mb.jsonl',
    'boot_smp64_4cpu_16mb.jsonl',
    'boot_touch_smp32_64mb.jsonl',
    'boot_touch_up64_16mb.jsonl',
    'boot_up128_1cpu_16mb.jsonl',
    'boot_up64_1cpu_64mb.jsonl',
    'buddy_numa64_4cpu_64mb.jsonl',
    'buddy_smp64_4cpu_64mb.jsonl',
    'buddy_up64_1cpu_16mb.jsonl',
    'colour_numa64.jsonl',
    'colour_smp64.jsonl',
    'debug_mix_stats_numadbg64.jsonl',
    'debug_mix_touch_smpdbg64.jsonl',
    'debug_smpdbg64.jsonl',
    'debug_updbg32.jsonl',
    'exhaust_numa64_32mb.jsonl',
    'exhaust_smp64_16mb.jsonl',
    'geom_ctor_smp64_64mb.jsonl',
    'geom_ctor_up32_16mb.jsonl',
    'geometry.csv',
    'geometry_other_builds.csv',
    'hotplug_numa64.jsonl',
    'hotplug_smp64.jsonl',
    'kmalloc_numa64.jsonl',
    'kmalloc_smp64.jsonl',
    'layouts.json',
    'leak_smpleak32.jsonl',
    'mix_long_numa64.jsonl',
    'mix_long_numa8.jsonl',
    'mix_long_smp64_4cpu.jsonl',
    'mix_long_up32.jsonl',
    'mix_touch_numa64.jsonl',
    'mix_touch_smp64_2cpu.jsonl',
    'mix_touch_up64.jsonl',
    'offslab_smp64_64mb.jsonl',
    'percpu_smp64.jsonl',
    'rcu_smp64.jsonl',
    'reap_numa64.jsonl',
    'reap_smp64.jsonl',
    'reap_touch_smp64.jsonl',
    'remote_free_smp64_2cpu.jsonl',
    'shrink_destroy_numa64.jsonl',
    'shrink_destroy_smp64.jsonl',
    'tune_numa64.jsonl',
    'tune_smp64.jsonl',
  ]);
});
