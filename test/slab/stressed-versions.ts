/** The kernel versions under stress, and under the race detector: a row each. */
import type { Kernel } from '../../src/kernel/kernel.ts';
import { kernels } from '../../src/slab/kernels.ts';
import { type BootOptions, bootedKernel } from '../machines.ts';
import { linux240, linux2422 } from './linux-2.4/stressed.ts';
import { linux2617 } from './linux-2.6.17/stressed.ts';
import { Stress, type StressedVersion, type StressOptions } from './stress.ts';

/** Each is handed its own kernel only. */
export const stressedVersions = [linux240, linux2422, linux2617] as unknown as readonly StressedVersion<Kernel>[];

export const stressedVersion = (name: string): StressedVersion<Kernel> =>
  stressedVersions.find((version) => version.name === name)!;

/** A version by its name, booted for a stress run. Without arrays there is nothing to tune. */
export function stressOf(name: string, build: BootOptions, options: StressOptions): Stress {
  const { cpuArrays } = kernels.get(name)!.features;
  const tuning = cpuArrays === 'always' || build.smp !== false;
  return new Stress(bootedKernel(name, build), stressedVersion(name), { tuning, ...options });
}

/** A stress run, to its end. */
export function stressed(name: string, build: BootOptions, options: StressOptions): Stress {
  const stress = stressOf(name, build, options);
  stress.run();
  return stress;
}
