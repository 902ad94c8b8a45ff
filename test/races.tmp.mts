import { kernels } from '../src/slab/kernels.ts';
import { intendedRace } from '../src/lab/watch/intended-races.ts';
import { racesOf, tellRace } from '../src/lab/watch/race-detector.ts';
import { pressureRun, raceRun, stressRun } from './slab/race-runs.ts';
import { unintended } from './slab/watched.ts';
const only = process.argv[2];
for (const { name, features, intendedRaces } of kernels.values()) {
  if (name !== only) continue;
  const count = new Map<number, string[]>();
  const runs = { smp: raceRun({ cpus: 4 }), up: raceRun({ cpus: 1, smp: false }), stress: stressRun({ cpus: 4 }), pressure: pressureRun, ...(features.nodes ? { nodes: raceRun({ cpus: 4, nodes: 2 }), stressNodes: stressRun({ cpus: 4, nodes: 2 }) } : {}) };
  for (const [what, run] of Object.entries(runs)) for (const seed of ['one', 'two']) {
    const t = process.cpuUsage().user;
    try {
      const races = racesOf((w) => run(name, seed, w));
      for (const r of races) { const i = intendedRaces.indexOf(intendedRace(r, intendedRaces)!); if (i >= 0) count.set(i, [...(count.get(i) ?? []), what + seed]); }
      const u = unintended(name, races);
      console.log(name, what, seed, (process.cpuUsage().user - t) / 1e6, u.length);
      for (const r of u) console.log(tellRace(r));
    } catch (e) { console.log(name, what, seed, (e as Error).stack?.slice(0, 900)); }
  }
  intendedRaces.forEach((r, i) => console.log(i, r.field, r.sameCpu ?? '', new Set(count.get(i) ?? []).size));
}
