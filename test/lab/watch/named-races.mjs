// Runs an allocator that races, from the sources or from a build: `named-races.mjs FOLDER ts|js` prints the races' names as JSON.
const [folder, extension] = process.argv.slice(2);
const load = (path) => import(new URL(`${path}.${extension}`, `file://${folder}/`).href);
const [{ Machine }, { cpuModels }, { boot }, { detectRaces }] = await Promise.all(
  ['hw/machine', 'hw/cpu-models', 'slab/boot', 'lab/watch/race-detector'].map(load),
);

const machine = new Machine({ model: cpuModels['pentium-iii'], cpus: 2, memory: 16 * 2 ** 20 });
const allocator = boot(machine, '2.4.22');
const [boss] = machine.cpus;
const cachep = machine.run(boss, allocator.create(boss, { name: 'raced', size: 1000 }));
const races = detectRaces(allocator.kernel, (addr) => allocator.place(addr));
// Slabs come and go all the time: whether a zone has pages left is read without its lock.
function* work(cpu) {
  const objects = [];
  for (let i = 0; i < 300; i++) objects.push(yield* allocator.alloc(cpu, cachep, 0x1f0));
  for (const objp of objects) yield* allocator.free(cpu, cachep, objp);
}
for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, work(cpu));
machine.scheduler.run();
races.stop();
console.log(
  JSON.stringify(
    races.races.map(({ first, second }) => [first, second].map(({ field, kind, fn }) => [field, kind, fn])),
  ),
);
