/** The kernel versions that there are: a row each. */
import type { KernelVersion } from './kernel-version.ts';
import { linux2422 } from './linux-2.4.22/index.ts';

const versions: readonly KernelVersion[] = [linux2422];

export const kernels: ReadonlyMap<string, KernelVersion> = new Map(versions.map((version) => [version.name, version]));
