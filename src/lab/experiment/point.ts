/**
 * One point of an experiment as a pure function of its specification. The seed draws the placement of statics and tasks, the
 * ageing of the page allocator, the system's history (history.ts), threads on CPUs, what workloads do and touch; the points of
 * one seed share these draws, so comparisons are paired.
 */

import { type Random, seeded, shuffle } from '../../base/random.ts';
import type { Program } from '../../hw/cpu.ts';
import { Machine, type MachineOptions } from '../../hw/machine.ts';
import { type addr_t, NULL } from '../../hw/memory.ts';
import { equalNodes, type NodesOptions, usualRemoteCycles } from '../../hw/nodes.ts';
import type { SlabAllocator } from '../../slab/allocator.ts';
import { boot } from '../../slab/boot.ts';
import type { BuildOptions } from '../../slab/kernel-version.ts';
import { type Point, type PointResult, RECORDED } from '../results/points.ts';
import { KeyError } from '../specification/problems.ts';
import { interferenceOf, type Settings, seedOf, settingsOf } from '../specification/settings.ts';
import { cpuModelOf, type DrawnPart, limitsOf, type Specification } from '../specification/specification.ts';
import type { AllocationTrace } from '../traces/allocation-trace.ts';
import { Attribution } from '../watch/attribution.ts';
import { Measurement } from '../watch/measurement.ts';
import { workloads } from '../workloads/all.ts';
import { Interference } from '../workloads/interference.ts';
import { placementOf } from '../workloads/placement.ts';
import { startTimerInterrupts } from '../workloads/timer-interrupts.ts';
import { type TouchKnowledge, touchModels, untouched } from '../workloads/touch.ts';
import { WorkloadContext } from '../workloads/workload.ts';
import { establish, startFresh } from './history.ts';

/** For those who look on while a point runs. */
export interface PointObserver {
  /** The machine stands, before its first access. */
  readonly poweredOn: (machine: Machine) => void;
  /** The kernel stands, and nothing else. */
  readonly booted?: (allocator: SlabAllocator) => void;
  /** What is counted begins, on the caches of the workload. */
  readonly measured: (allocator: SlabAllocator, context: WorkloadContext) => void;
  /** An object of the trace has its place, from its allocation on. */
  readonly placed?: (object: number, objp: addr_t) => void;
}

/** Boots, ages, sets the workload up, runs it, and counts what it did. `trace` is that of a workload that replays one. */
export const runPoint = (...of: Parameters<typeof setUpPoint>): PointResult => setUpPoint(...of).run();

/** A point before its first operation. */
export interface PointSetUp {
  readonly allocator: SlabAllocator;
  /** Runs the workload, once. */
  readonly run: () => PointResult;
}

export function setUpPoint(
  specification: Specification,
  trace: AllocationTrace | null,
  point: Point,
  observer?: PointObserver,
  buffer?: MachineOptions['buffer'],
): PointSetUp {
  const settings = settingsOf(specification, point);
  const seedFor = (part: DrawnPart) => seedOf(specification, point, part);
  const seed = seedFor('workload');
  const machine = new Machine({
    model: cpuModelOf(settings.machine.model),
    cpus: settings.machine.cpus,
    memory: settings.machine.memory,
    classes: 'bounds',
    random: seeded(seed, 'replacement'),
    nodes: nodesOf(settings),
    ...(buffer === undefined ? {} : { buffer }),
  });
  observer?.poweredOn(machine);
  const allocator = boot(
    machine,
    settings.kernel.version,
    buildOf(settings),
    seeded(seedFor('statics'), 'placement of statics'),
  );
  observer?.booted?.(allocator);
  const cpu = machine.cpus[0];
  machine.run(cpu, age(allocator, settings.ageing, seeded(seedFor('ageing'), 'ageing')));
  const userMode = interferenceOf(settings);
  const interference = userMode === null ? null : new Interference(allocator, userMode);
  if (interference !== null) machine.run(cpu, interference.setUp(cpu, seed));
  const definition = workloads.get(settings.workload.name)!;
  const byModel = definition.uses.includes('touch');
  const context: WorkloadContext = new WorkloadContext({
    allocator,
    seed,
    historySeed: seedFor('history'),
    touch:
      settings.touch === undefined || settings.touch === RECORDED || !byModel
        ? untouched
        : touchModels[settings.touch](
            seed,
            knowledge(specification, trace, (cache) => context.caches[cache]?.name),
          ),
    recordedTouches: settings.touch === RECORDED,
    trace,
    placement: placementOf(
      settings.placement ?? 'thread',
      machine.cpus.length,
      seeded(seedFor('threads'), 'threads on CPUs'),
    ),
    cacheSettings: settings,
    interference,
    think: settings.think ?? 0,
    placed: observer?.placed,
  });
  const workload = definition.start(context, settings.workload, settings.object_size ?? null);
  if (settings.history === 'fresh') context.onEachCpu(() => startFresh(context, workload, cpu), [cpu]);
  else establish(context, workload, limitsOf(specification), seedFor('history'));
  const measurement = new Measurement(allocator, (cachep) => context.caches.find((of) => of.cachep === cachep)?.size);
  const { setUp } = workload;
  if (setUp !== undefined) context.onEachCpu(() => setUp(cpu), [cpu]);
  checkFields(specification, context);
  if (settings.interrupts !== 'off') startTimerInterrupts(allocator, settings.interrupts);

  const run = (): PointResult => {
    workload.warmUp?.();
    observer?.measured(allocator, context);
    const attribution = specification.owners === 'on' ? new Attribution(allocator, undefined, { pairs: false }) : null;
    measurement.begin();
    context.startCounting();
    interference?.startCounting();
    workload.run();
    const user = interference?.totals() ?? null;
    const counts = {
      ...measurement.counts(user),
      operations: context.operations,
      failed: context.failed,
      userLoads: user?.accesses ?? 0,
    };
    return {
      ...{ point, counts, sets: measurement.sets() },
      ...(attribution === null ? {} : { missesByRole: attribution.missesByRole() }),
    };
  };
  return { allocator, run };
}

/** What touch models ask for; `nameOf` tells how the kernel calls a cache. */
function knowledge(
  { fields, profile }: Specification,
  trace: AllocationTrace | null,
  nameOf: (cache: number) => string | undefined,
): TouchKnowledge {
  if (typeof profile === 'string')
    throw new KeyError(['profile'], `${profile} has not been read`, 'give what is in it');
  const recordedNames = new Map(trace?.caches.map(({ name, recordedName }) => [name, recordedName]));
  return {
    fieldsOf: (cache) => fields?.[nameOf(cache) ?? ''],
    profile,
    recordedNameOf: (cache) => {
      const name = nameOf(cache);
      return name === undefined ? undefined : (recordedNames.get(name) ?? name);
    },
  };
}

/** None unless the specification has nodes; where they vary, one is a machine of one node, and has remote misses: 0. */
function nodesOf({ machine }: Settings): NodesOptions | undefined {
  const { model, cpus, memory, nodes, remote_cycles = 'model' } = machine;
  if (nodes === undefined) return undefined;
  const usual = usualRemoteCycles(cpuModelOf(model).cycles.memory);
  return equalNodes(nodes, memory, cpus, remote_cycles === 'model' ? usual : remote_cycles);
}

/** What the kernel was built for is the line of the machine's model, unless the point says otherwise. */
function buildOf({ kernel, colouring }: Settings): BuildOptions {
  return {
    smp: kernel.smp === 'on',
    numa: kernel.numa !== 'off',
    debug: kernel.debug === 'on',
    l1CacheBytes: kernel.l1_cache_bytes === 'model' ? undefined : kernel.l1_cache_bytes,
    colouring: typeof colouring === 'number' ? colouring : colouring === 'on',
  };
}

/**
 * Ageing of the page allocator: single pages are taken until `share` of the free ones is gone, then half of these go
 * back in random order, so that free memory lies in pieces as on a machine that has run for a while.
 */
function* age(allocator: SlabAllocator, share: number, random: Random): Program {
  const cpu = allocator.kernel.machine.cpus[0];
  const { GFP_ATOMIC } = allocator.version.gfp;
  const taken: addr_t[] = [];
  for (let count = Math.floor(allocator.nr_free_pages() * share); count > 0; count--) {
    const page = yield* allocator.get_free_pages(cpu, GFP_ATOMIC, 0);
    if (page !== NULL) taken.push(page);
  }
  for (const page of shuffle(taken, random).slice(taken.length >>> 1)) yield* allocator.free_pages(cpu, page, 0);
}

/** Fields must lie within objects of caches that there are. */
function checkFields({ fields = {} }: Specification, { caches }: WorkloadContext): void {
  for (const [name, named] of Object.entries(fields)) {
    const cache = caches.find((each) => each.name === name);
    if (cache === undefined) {
      const names = caches.map((each) => each.name).join(', ');
      throw new KeyError(['fields', name], 'no cache of the workload has this name', `name one of ${names}`);
    }
    const outside = named.find(({ offset, size }) => offset + size > cache.size);
    if (outside !== undefined) {
      const end = outside.offset + outside.size;
      throw new KeyError(
        ['fields', name],
        `${outside.name} ends at byte ${end}`,
        `an object of ${name} has ${cache.size} bytes`,
      );
    }
  }
}
