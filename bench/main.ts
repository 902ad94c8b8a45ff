/** All benchmarks, one after the other: see README.md beside this file. */
import { benchAccesses } from './accesses.ts';
import { benchAllocFree } from './alloc-free.ts';
import { benchKernelVersions } from './kernel-versions.ts';
import { benchLineMemory } from './line-memory.ts';
import { benchLiveObjects } from './live-objects.ts';
import { finish } from './measure.ts';
import { benchStress } from './stress.ts';
import { benchWarmPoint } from './warm-point.ts';
import { benchWorkers } from './workers.ts';

benchAccesses();
await benchAllocFree();
await benchLiveObjects();
benchKernelVersions();
benchLineMemory();
benchStress();
benchWarmPoint();
benchWorkers();
finish();
