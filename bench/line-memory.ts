/**
 * Host memory that caches and directory take for each line ever touched, beyond the emulated memory. Each figure in a process of
 * its own, where no garbage of other benchmarks is collected meanwhile: `line-memory.ts CPUS none|all` prints it.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClassDetail } from '../src/hw/cache/miss-classes.ts';
import { cpuModels } from '../src/hw/cpu-models.ts';
import { Machine } from '../src/hw/machine.ts';
import { MiB } from '../src/hw/memory.ts';
import { assertCount, report } from './measure.ts';

const MEMORY = 512 * MiB;

const [cpus, classes] = process.argv.slice(2) as [string?, ClassDetail?];
if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(bytesPerLine(Number(cpus), classes!));

export function benchLineMemory(): void {
  const measured = (cpus: number, classes: ClassDetail) => {
    const file = fileURLToPath(import.meta.url);
    return Number(execFileSync('node', ['--expose-gc', '--import', 'tsx', file, String(cpus), classes]));
  };
  const CPUS = 4;
  const plain = measured(CPUS, 'none');
  const classed = (measured(CPUS, 'all') - plain) / CPUS;
  report(`at most 64 bytes a line touched, counts only, ${CPUS} CPUs`, `${plain.toFixed(1)} bytes`, plain <= 64);
  report('with all classes at most 24 more for each CPU', `${classed.toFixed(1)} bytes`, classed <= 24);
}

/** Every CPU touches every line. */
function bytesPerLine(cpus: number, classes: ClassDetail): number {
  const machine = new Machine({ model: cpuModels['pentium-iii'], cpus, memory: MEMORY, classes });
  const base = hostBytes();
  for (const cpu of machine.cpus) for (let addr = 0; addr < MEMORY; addr += 32) cpu.read(addr, 4);
  const lines = machine.caches.bus.directory.count;
  assertCount('lines touched', MEMORY / 32, lines);
  return (hostBytes() - base) / lines;
}

function hostBytes(): number {
  // The memory of a buffer goes one collection after its object.
  globalThis.gc?.();
  globalThis.gc?.();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
