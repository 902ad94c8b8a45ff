/** Who takes lines from whom: in a few sentences, and as a table of pairs. */
import { groupBy } from '../base/group-by.ts';
import type { Finding, Part } from '../lab/experiment/culprits.ts';
import type { SharingPair, Side } from '../lab/results/owners.ts';
import { enumerate, missesText, numbersIn, thousands, wordsOf, wrap } from './figures.ts';
import { type PerfColumn, percent, perfColumns } from './perf-columns.ts';

/** Findings beyond these, or with a lesser share of all misses, are in the table. */
const TOLD = 5;
const WORTH_TELLING = 0.001;
const NAMED = 3;

/** What false sharing there is, and what could be done. `misses` are all. */
export function verdictText(
  findings: readonly Finding[],
  pairs: readonly SharingPair[],
  misses: number,
  width: number,
): string {
  const [truly, falsely] = (['trueSharing', 'falseSharing'] as const).map((sharing) =>
    pairs.filter((pair) => pair.sharing === sharing).reduce((sum, pair) => sum + pair.misses, 0),
  );
  const share = (part: number) => `${thousands(part)} of ${thousands(misses)} misses (${percent(part, misses)})`;
  const first =
    falsely === 0
      ? 'No miss is false sharing.'
      : `False sharing makes ${share(falsely)}: CPUs write apart what lies in one line.`;
  const second = truly === 0 ? '' : ` True sharing makes ${thousands(truly)}: one reads what another wrote.`;
  const told = findings.slice(0, TOLD).filter((finding) => finding.misses >= WORTH_TELLING * misses);
  const rest = findings.slice(told.length).reduce((sum, finding) => sum + finding.misses, 0);
  const more = rest === 0 || told.length === 0 ? [] : [`- ${thousands(rest)} more, elsewhere: below.`];
  return [
    ...paragraph(first + second, '', width),
    ...[...told.map((finding) => `- ${sentenceOf(finding)}`), ...more].flatMap((each) => paragraph(each, '  ', width)),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function paragraph(text: string, indent: string, width: number): string[] {
  return wrap(wordsOf(text), (line) => line.length <= Math.min(width, 100) - indent.length).map((line, i) =>
    i === 0 ? line : `${indent}${line}`,
  );
}

function sentenceOf({ kind, misses, victims, takers, remedy }: Finding): string {
  const count = missesText(misses);
  const of = victims[0].side.of;
  const cpus = (parts: readonly Part[]) => {
    const numbers = parts.flatMap((part) => part.cpus);
    return `CPU${new Set(numbers).size > 1 ? 's' : ''} ${numbersIn(numbers)}`;
  };
  const takes = `stores of ${cpus(takers)} to ${namesOf(takers)} take the line of ${namesOf(victims)} from ${cpus(victims)}`;
  const trial = remedy === null ? '' : ` --try '${remedy.trial}' measures`;
  switch (kind) {
    case 'field':
      return `${of}: ${takes}: ${count}.${remedy === null ? '' : `${trial} them a line apart.`}`;
    case 'neighbours':
      return `${of}: objects lie in one line; ${takes} in another object: ${count}.${trial} objects of whole lines.`;
    case 'kernel':
      return `${takes}: ${count}, within the kernel\u2019s own structures.`;
    case 'memory':
      return `${takes}: ${count}.`;
    case 'unknown':
      return `${count} of lines that a device took, or a store before counting began: ${namesOf(victims)}.`;
  }
}

function namesOf(parts: readonly Part[]): string {
  const names = parts.slice(0, NAMED).map(({ side }) => shortName(side));
  return enumerate([...names, ...(parts.length > NAMED ? [`${parts.length - NAMED} more`] : [])]);
}

/** Without the cache, which the sentence has; a field by its name alone; with the function, where that has a name. */
function shortName({ kind, name, of, field, fn }: Side): string {
  const short = kind !== 'object' ? name : field === '' ? name.slice(`${of} object `.length) : field;
  return fn === '' || fn.startsWith('(') ? short : `${short} (${fn})`;
}

const columns: readonly PerfColumn[] = [
  { group: '', head: 'misses' },
  { group: '', head: 'share', yields: 3 },
  { group: '', head: 'sharing' },
  { group: '', head: 'HITM', yields: 4 },
  { group: '', head: 'alone', yields: 1 },
  { group: '', head: 'lines', yields: 2 },
  { group: '', head: 'CPUs' },
  { group: '', head: 'Missed <- written before', left: true },
];

/** The pairs with most misses, each in two rows: what was missed, and the store that had taken the line away. */
export function pairsTable(pairs: readonly SharingPair[], rows: number, width = Number.POSITIVE_INFINITY): string {
  if (pairs.length === 0) return '';
  const all = pairs.reduce((sum, { misses }) => sum + misses, 0);
  const alike = [...groupBy(pairs, keyWithoutCpus).values()]
    .map((group) => ({ group, misses: sum(group, 'misses') }))
    .sort((a, b) => b.misses - a.misses);
  const cells = alike.slice(0, rows).flatMap(({ group, misses }) => {
    const [{ sharing, victim, taker, sameObject }] = group;
    const other = taker?.kind === 'object' && victim.kind === 'object' && !sameObject ? ', in another object' : '';
    const before = taker === null ? 'before counting, or by a device' : `${told(taker)}${other}`;
    return [
      [
        ...[thousands(misses), percent(misses, all), sharing === 'trueSharing' ? 'true' : 'false'],
        ...[thousands(sum(group, 'hitm')), percent(sum(group, 'alone'), misses), thousands(sum(group, 'lines'))],
        ...[numbersIn(group.map((pair) => pair.victim.cpu)), told(victim)],
      ],
      ['', '', '', '', '', '', numbersIn(group.flatMap((pair) => pair.taker?.cpu ?? [])), `<- ${before}`],
    ];
  });
  const left = alike.length - Math.min(rows, alike.length);
  return [
    'Sharing misses by pair: what was missed, and whose store had taken the line away',
    ...perfColumns(columns, cells, width),
    ...(left > 0 ? [`# (${thousands(left)} more)`] : []),
    '',
  ].join('\n');
}

const sum = (pairs: readonly SharingPair[], figure: 'misses' | 'hitm' | 'alone' | 'lines'): number =>
  pairs.reduce((total, pair) => total + pair[figure], 0);

/** What a workload was doing stands in parentheses. */
const told = ({ name, fn }: Side): string =>
  fn === '' ? name : fn.startsWith('(') ? `${name} ${fn}` : `${name} in ${fn}`;

const keyWithoutCpus = ({ sharing, victim, taker, sameObject }: SharingPair): string =>
  [sharing, told(victim), taker === null ? '' : told(taker), sameObject].join('\t');
