/**
 * The tests of Intel's manual (x86/8-1 to 8-10) and of the x86-TSO papers, by their published names, in the form of
 * `threads` (json-tests.ts). Taken from uwplse/memsynth, litmus/tests/x86.rkt, as litmus-named.json of test/golden is;
 * there iwp2.2/amd2 is listed with the program of amd1, and n8 is as corrected in the errata.
 */
import { didYouMean } from '../../base/did-you-mean.ts';
import { InputError } from '../../base/input-error.ts';
import { type LitmusRecord, parseJsonTests } from './json-tests.ts';

/** Name, threads, final values in question beside those that the threads read, and the published verdict. */
type NamedTest = readonly [name: string, threads: readonly string[], post: string, published: 'allowed' | 'forbidden'];

const tests: readonly NamedTest[] = [
  ['x86/8-1', ['W X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86/8-2', ['R X 1; W Y 1', 'R Y 1; W X 1'], '', 'forbidden'],
  ['x86/8-3', ['W X 1; R Y 0', 'W Y 1; R X 0'], '', 'allowed'],
  ['x86/8-4', ['W X 1; R X 0'], '', 'forbidden'],
  ['x86/8-5', ['W X 1; R X 1; R Y 0', 'W Y 1; R Y 1; R X 0'], '', 'allowed'],
  ['x86/8-6', ['W X 1', 'R X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86/8-7', ['W X 1', 'W Y 1', 'R X 1; R Y 0', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86/8-8', ['A X 1', 'A Y 1', 'R X 1; R Y 0', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86/8-9', ['A X 1; R Y 0', 'A Y 1; R X 0'], '', 'forbidden'],
  ['x86/8-10', ['A X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/iwp2.1/amd1', ['W X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/iwp2.2/amd2', ['W X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/iwp2.3.a/amd4', ['W X 1; R Y 0', 'W Y 1; R X 0'], '', 'allowed'],
  ['x86tso/iwp2.3.b', ['W X 1; R X 0', 'W Y 1; R Y 0'], '', 'forbidden'],
  ['x86tso/iwp2.4/amd9', ['W X 1; R X 1; R Y 0', 'W Y 1; R Y 1; R X 0'], '', 'allowed'],
  ['x86tso/iwp2.5/amd8', ['W X 1', 'R X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/amd3', ['W X 1; W X 2; R Y 1', 'W Y 1; W Y 2; R X 1'], '', 'allowed'],
  ['x86tso/iwp2.6', ['W X 1', 'W X 2', 'R X 1; R X 2', 'R X 2; R X 1'], '', 'forbidden'],
  ['x86tso/amd6', ['W X 1', 'W Y 1', 'R X 1; R Y 0', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/iwp2.7/amd7', ['A X 1', 'A Y 1', 'R X 1; R Y 0', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/iwp2.8.a', ['A X 1; R Y 0', 'A Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/iwp2.8.b', ['A X 1; W Y 1', 'R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/n8', ['A X 1; R Y 0', 'W Y 1; R X 0'], '', 'allowed'],
  ['x86tso/n3', ['A X 1', 'W Y 1', 'R Y 1; R X 0; R X 1', 'R X 1; R Y 0; R Y 1'], '', 'forbidden'],
  ['x86tso/amd10', ['W X 1; F; R X 1; R Y 0', 'W Y 1; F; R Y 1; R X 0'], '', 'forbidden'],
  ['x86tso/amd5', ['W X 1; F; R Y 0', 'W Y 1; F; R X 0'], '', 'forbidden'],
  ['x86tso/n6', ['W X 1; R X 1; R Y 0', 'W Y 2; W X 2'], 'X=1', 'allowed'],
  ['x86tso/n5', ['W X 1; R X 2', 'W X 2; R X 1'], '', 'forbidden'],
  ['x86tso/n4', ['R X 2; W X 1; R X 1', 'R X 1; W X 2; R X 2'], '', 'forbidden'],
  ['x86tso/n7', ['W X 1; R X 1; R Y 0', 'W Y 1', 'R Y 1; R X 0'], '', 'allowed'],
  ['x86tso/n1', ['W X 2; R Y 0', 'W Y 1; W X 1', 'R X 1; R X 2'], '', 'allowed'],
  ['x86tso/n2', ['W Y 1; W X 1', 'W X 2; W Z 1', 'R X 1; R X 2', 'R Z 1; R Y 0'], '', 'forbidden'],
  ['x86tso/rwc-unfenced', ['W X 1', 'R X 1; R Y 0', 'W Y 1; R X 0'], '', 'allowed'],
  ['x86tso/rwc-fenced', ['W X 1', 'R X 1; R Y 0', 'W Y 1; F; R X 0'], '', 'forbidden'],
];

/** Names that the field uses for some of them. */
const aliases: Readonly<Record<string, string>> = {
  MP: 'x86/8-1',
  LB: 'x86/8-2',
  SB: 'x86/8-3',
  WRC: 'x86/8-6',
  IRIW: 'x86/8-7',
  RWC: 'x86tso/rwc-unfenced',
  'SB+mfences': 'x86tso/amd5',
  'RWC+mfence': 'x86tso/rwc-fenced',
};

export const litmusNames = (): string[] => [...tests.map(([name]) => name), ...Object.keys(aliases)];

export const publishedTests = (): LitmusRecord[] => tests.map(record);

/** The published test of that name: whole (`x86tso/n6`), its last part (`n6`), or an alias (`SB`). */
export function publishedTest(name: string): LitmusRecord {
  const meant = aliases[name] ?? name;
  const test = tests.find(([whole]) => whole === meant) ?? tests.find(([whole]) => whole.split('/').at(-1) === meant);
  if (test === undefined) {
    throw new InputError(
      name,
      'no such file, and no published test of that name',
      didYouMean(name, litmusNames(), `names are ${litmusNames().join(', ')}`),
    );
  }
  return record(test);
}

function record([name, threads, post, published]: NamedTest): LitmusRecord {
  const pairs = post === '' ? [] : post.split(', ').map((final) => final.split('='));
  const json = {
    name,
    threads: threads.map((thread) => thread.split('; ')),
    post: pairs,
    computed: published,
    published,
  };
  return parseJsonTests(JSON.stringify(json), name)[0];
}
