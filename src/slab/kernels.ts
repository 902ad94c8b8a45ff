/** The kernel versions that there are: a row each. */
import type { KernelVersion } from './kernel-version.ts';
import { linux240 } from './linux-2.4.0/index.ts';
import { linux2422 } from './linux-2.4.22/index.ts';
import { linux2617 } from './linux-2.6.17/index.ts';

const versions: readonly KernelVersion[] = [linux240, linux2422, linux2617];

export const kernels: ReadonlyMap<string, KernelVersion> = new Map(versions.map((version) => [version.name, version]));
