/**
 * The stress run of all kernel versions: on each CPU two tasks, a timer, and devices whose handlers allocate and free, all
 * at the same time by seed. Objects wait in pools that all CPUs share, so most frees are remote: of what another CPU
 * allocated. Among these operations others tune, shrink, reap, read slabinfo, create and destroy caches, mask the devices'
 * lines, and do what only their version can. What a version does otherwise is a StressedVersion, in the folder of its name.
 */

import { below, type Random, seeded } from '../../src/base/random.ts';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import type { Machine } from '../../src/hw/machine.ts';
import { type addr_t, NULL, PAGE_SIZE } from '../../src/hw/memory.ts';
import { local_irq_disable, local_irq_enable } from '../../src/kernel/irq.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { spin_lock_init, spin_lock_irqsave, spin_unlock_irqrestore } from '../../src/kernel/spinlock.ts';
import { setTaskState, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../../src/kernel/wait.ts';
import type { PlaceName } from '../../src/lab/watch/tell-place.ts';
import type { CacheOptions } from '../../src/slab/allocator.ts';
import type { Booted } from '../machines.ts';

/** Of the run's own timers, below those of kernels. */
const TIMER_VECTOR = 0xee;
const TICK = 20_000;
const TASKS_PER_CPU = 2;
/** Device `i` sits on CPU i % cpus; every other one lets interrupts of higher priority into its handler. */
const DEVICE_VECTORS = [0x31, 0x39, 0x41, 0x49, 0x51, 0x59];
const DEVICE_PERIOD = 12_000;
/** What a device keeps for its handler; what comes when it is full is dropped, as by a network card. */
const RING = 8;
/** Operations after which a pool that was to fill is to drain, and back. */
const TIDE = 4000;
/** No array of a cache that the run tunes is smaller, and no batch larger. */
export const SMALLEST_LIMIT = 16;
/** Whose the tasks of the run are, to those who ask what stands at an address. */
export const OWN_TASK = 'a task of the run';
/** What the second word of a constructed object is. */
export const CONSTRUCTED = 0x600d0b1e;

/** What a kernel version does its own way under stress, and how it is seen that nothing was harmed. */
export interface StressedVersion<K extends Kernel> {
  /** As in src/slab/kernels.ts. */
  readonly name: string;
  /** Bytes of a kernel stack, from its foot. */
  readonly THREAD_SIZE: number;
  /** A new stack with a task of the CPU `of` on it. Objects that the task is made of go to `stress.held`. */
  newStack(stress: Stress<K>, cpu: Cpu, of: Cpu): Program<addr_t>;
  schedule(k: K, cpu: Cpu): Program;
  /** CPUs that have tasks and devices; the others come and go. */
  busyCpus(machine: Machine): readonly Cpu[];
  /** Where a line of /proc/slabinfo has active and all objects, active and all slabs, counted behind the name. */
  readonly slabinfoColumns: readonly [activeObjects: number, objects: number, activeSlabs: number, slabs: number];
  /** Caches beside those of all versions, in pools of their own. */
  readonly caches: readonly CacheOfRun[];
  /** Pools of another kind, beside those of all versions. */
  pools(booted: Booted<K>): readonly Source[];
  /** What an administrator may do: the one as likely as the other. */
  readonly acts: readonly Act<K>[];
  /** Whether the kernel lets a cache that stands from boot on be shrunk. */
  isShrinkable(k: K, cachep: addr_t): boolean;
  /** What a task does after each operation. */
  betweenOperations(stress: Stress<K>, cpu: Cpu, random: Random): Program | null;
  /** The kernel's own time begins; ticks come so many times slower than in a stress run at its usual pace. */
  startTime(booted: Booted<K>, pace: number): void;
  /** As if the kernel had run for seconds: what it does now and then is due. */
  passTime(booted: Booted<K>): void;
  /** What stands at an address, by peek; of the run's tasks too, which are no statics. */
  placeOf(stress: Stress<K>, addr: addr_t): PlaceName;
  /** When all tasks have ended: waits for what the kernel still has to do. */
  settle(booted: Booted<K>, cpu: Cpu): Program;
  /** Nothing is held, nothing under way. */
  assertQuiet(stress: Stress<K>): void;
  /** All of memory is as it must be, where the run has these objects and these blocks of pages, orders by first frame. */
  assertMemory(booted: Booted<K>, objects: readonly addr_t[], blocks: ReadonlyMap<number, number>): void;
}

/** A method's type, not a function's: what a kernel of the series may do stands in the rows of all. */
export type Act<K extends Kernel> = { act(stress: Stress<K>, cpu: Cpu, random: Random): Program }['act'];

/** Where objects of one kind come from and go to. */
export interface Source {
  readonly name: string;
  readonly size: number;
  /** Objects at high tide. */
  readonly high: number;
  readonly take: (cpu: Cpu, flags: number) => Program<addr_t>;
  readonly give: (cpu: Cpu, objp: addr_t) => Program;
  readonly constructed: boolean;
  /** Of its blocks of pages; null for objects. */
  readonly order: number | null;
}

/** Objects of one kind that wait, with the cookie that each must still hold. */
export interface Pool extends Source {
  readonly lock: addr_t;
  readonly waiting: Waiting[];
}

export interface CacheOfRun extends Pick<CacheOptions, 'align'> {
  readonly name: string;
  readonly size: number;
  readonly high: number;
  /** Of the version; SLAB_HWCACHE_ALIGN, which all have, is `aligned`. */
  readonly flags?: number;
  readonly aligned?: boolean;
  readonly constructed?: boolean | 'never destructed';
}

interface Waiting {
  readonly objp: addr_t;
  readonly cookie: number;
  /** The CPU that allocated it. */
  readonly cpu: number;
}

export interface Device {
  readonly line: number;
  /** Ticks for which it stays masked; 0 if it is not. */
  masked: number;
  /** Raises that no handler has answered yet. */
  unanswered: number;
}

const noCounts = {
  allocations: 0,
  frees: 0,
  remoteFrees: 0,
  /** Allocations that found no memory. */
  failures: 0,
  inHandlers: 0,
  tunings: 0,
  shrinks: 0,
  reaps: 0,
  slabinfos: 0,
  creations: 0,
  naps: 0,
  maskings: 0,
  timerInterrupts: 0,
  deviceInterrupts: 0,
  /** Handlers that interrupted a handler. */
  nested: 0,
  raises: 0,
  pagesShrunk: 0,
  pagesReaped: 0,
};
/** With those that a version adds. */
export type StressCounts = typeof noCounts & Record<string, number>;

export interface StressOptions {
  readonly seed: string;
  readonly operations: number;
  /** How many times more objects are live at high tide: for machines short of memory. */
  readonly tide?: number;
  /** False where tuning must not run out of memory. */
  readonly tuning?: boolean;
  /** How many kinds of objects it uses, the first ones; all without it. Fewer of them each are used more. */
  readonly kinds?: number;
  /** How many times longer all periods are: for builds so slow that handlers would leave tasks no time. */
  readonly pace?: number;
  /** Told whenever another tenth of the operations is done. */
  readonly onTenth?: () => void;
}

interface Sleeper {
  readonly task: addr_t;
  ticks: number;
}

export class Stress<K extends Kernel = Kernel> {
  readonly booted: Booted<K>;
  readonly version: StressedVersion<K>;
  readonly pools: Pool[] = [];
  readonly devices: Device[] = [];
  /** The tasks' stacks, from alloc_pages as a real kernel's. */
  readonly stacks: addr_t[] = [];
  /** Objects of the run's own that are neither in a pool nor in flight. */
  readonly held: addr_t[] = [];
  readonly counts: StressCounts = { ...noCounts };
  readonly pace: number;
  /** Operations done: each allocation, free and act of administration, in tasks and in handlers. */
  operations = 0;

  readonly #options: StressOptions;
  /** Everything allocated at the moment, in a pool or in flight: what must not be handed out again. */
  readonly #owned = new Set<addr_t>();
  readonly #sleepers: Sleeper[][];
  /** Handlers in progress on each CPU. */
  readonly #depth: number[];
  /** The caches of its pools, by name. */
  readonly caches = new Map<string, addr_t>();
  /** Caches whose arrays the run tunes, by name. */
  readonly tunable: string[] = [];
  /** Caches that the run shrinks: all but kmem_cache and those that come and go. */
  #shrinkable: addr_t[] = [];
  /** Each device with the CPU whose timer unmasks it again. */
  readonly #wired: { readonly cpu: Cpu; readonly device: Device }[] = [];
  /** CPUs that have tasks. */
  #busy: readonly Cpu[] = [];
  #running = 0;

  /** Sets up a run on a machine just booted. */
  constructor(booted: Booted<K>, version: StressedVersion<K>, options: StressOptions) {
    this.booted = booted;
    this.version = version;
    this.#options = options;
    this.pace = options.pace ?? 1;
    const { machine } = booted;
    this.#sleepers = machine.cpus.map(() => []);
    this.#depth = machine.cpus.map(() => 0);
    const boss = machine.cpus[0]!;
    machine.run(boss, this.#setUp(boss));
    this.#shrinkable = booted.allocator
      .caches()
      .map(({ cachep }) => cachep)
      .filter((cachep) => version.isShrinkable(booted.k, cachep));
    for (const { counters } of machine.cpus) counters.longestInterruptsOff = 0;
  }

  /** Runs to the end; then unmasks every line, so that what is latched is served too. */
  run(): void {
    const { machine, allocator } = this.booted;
    const start = Math.max(...machine.cpus.map(({ clock }) => clock));
    this.stacks.forEach((stack, i) => {
      const cpu = this.#busy[i % this.#busy.length]!;
      machine.scheduler.spawn(cpu, this.#task(cpu, i), stack + this.version.THREAD_SIZE);
      this.#running++;
    });
    allocator.request_irq(TIMER_VECTOR, (cpu) => this.#timer(cpu));
    for (const cpu of machine.cpus)
      machine.startTimer(cpu, TIMER_VECTOR, start + 1000 + 777 * cpu.id, TICK * this.pace);
    for (const [i, device] of this.devices.entries()) this.#startDevice(device, i, start);
    this.version.startTime(this.booted, this.pace);
    machine.scheduler.run();
    const end = Math.max(...machine.cpus.map(({ clock }) => clock));
    for (const { line } of this.devices) machine.deviceLines.unmask(line, end);
    machine.scheduler.run();
    machine.run(machine.cpus[0], this.version.settle(this.booted, machine.cpus[0]));
  }

  *#setUp(cpu: Cpu): Program {
    const { k, allocator, machine } = this.booted;
    const { GFP_DMA, GFP_KERNEL } = allocator.version.gfp;
    const add = function* (stress: Stress<K>, source: Source): Program {
      // A line each, so that the pools' locks do not disturb one another.
      const lock = yield* allocator.kmalloc(cpu, 32, GFP_KERNEL);
      stress.held.push(lock);
      spin_lock_init(k, cpu, lock);
      stress.pools.push({ ...source, lock, waiting: [] });
    };
    for (const cache of [...cachesOfRun, ...this.version.caches]) {
      const { name, size, high, align, aligned, constructed } = cache;
      const ctor = constructed ? constructs : null;
      const dtor = constructed === true ? destructs : null;
      const flags = (cache.flags ?? 0) | (aligned ? allocator.version.flags.SLAB_HWCACHE_ALIGN : 0);
      const cachep = yield* allocator.create(cpu, { name, size, flags, ctor, dtor, ...(align && { align }) });
      const give = (freeing: Cpu, objp: addr_t) => allocator.free(freeing, cachep, objp);
      const take = (allocating: Cpu, gfp: number) => allocator.alloc(allocating, cachep, gfp);
      yield* add(this, { name, size, high, constructed: ctor !== null, order: null, take, give });
      this.tunable.push(name);
      this.caches.set(name, cachep);
    }
    for (const { size, high, dma } of kmallocsOfRun) {
      const name = `kmalloc ${size}${dma ? ' (DMA)' : ''}`;
      const take = (at: Cpu, gfp: number) => allocator.kmalloc(at, size, dma ? gfp | GFP_DMA : gfp);
      const give = (at: Cpu, objp: addr_t) => allocator.kfree(at, objp);
      yield* add(this, { name, size, high, constructed: false, order: null, take, give });
    }
    for (const order of [0, 1, 3]) {
      const take = (at: Cpu, gfp: number) => allocator.get_free_pages(at, gfp, order);
      const give = (at: Cpu, addr: addr_t) => allocator.free_pages(at, addr, order);
      const size = PAGE_SIZE << order;
      const name = `pages of order ${order}`;
      yield* add(this, { name, size, high: 24 >> order, constructed: false, order, take, give });
    }
    for (const source of this.version.pools(this.booted)) yield* add(this, source);
    this.tunable.push(
      'size-32',
      'size-128',
      'size-512',
      'size-2048',
      'size-8192',
      'size-64(DMA)',
      'size-64',
      'size-1024',
    );
    // Small arrays, so that work goes on in slabs and lists too.
    for (const name of this.tunable) {
      yield* allocator.tune(cpu, allocator.version.tuning(name, SMALLEST_LIMIT, SMALLEST_LIMIT / 2));
    }
    this.#busy = this.version.busyCpus(machine);
    for (let i = 0; i < TASKS_PER_CPU * this.#busy.length; i++) {
      this.stacks.push(yield* this.version.newStack(this, cpu, this.#busy[i % this.#busy.length]!));
    }
    for (const [i, vector] of DEVICE_VECTORS.entries()) {
      const owner = this.#busy[i % this.#busy.length]!;
      const line = machine.deviceLines.connect(vector, owner);
      const device = { line, masked: 0, unanswered: 0 };
      const random = seeded(this.#options.seed, `device ${i}`);
      this.devices.push(device);
      this.#wired.push({ cpu: owner, device });
      allocator.request_irq(vector, (at) => this.#interrupted(at, () => this.#serve(at, device, random, i % 2 === 1)));
    }
  }

  // Tasks

  *#task(cpu: Cpu, number: number): Program {
    const random = seeded(this.#options.seed, `task ${number}`);
    const { GFP_KERNEL, GFP_ATOMIC } = this.booted.allocator.version.gfp;
    const top = cpu.esp;
    while (this.operations < this.#options.operations) {
      // The host's counts and pools are shared as memory is: whoever is behind goes first.
      if (cpu.isAhead) yield;
      const kind = random();
      if (kind < 0.985) yield* this.allocateOrFree(cpu, random, random() < 0.9 ? GFP_KERNEL : GFP_ATOMIC);
      else if (kind < 0.993) yield* this.#nap(cpu, 1 + below(random, 3));
      else {
        this.#count();
        yield* this.version.acts[below(random, this.version.acts.length)]!(this, cpu, random);
      }
      const between = this.version.betweenOperations(this, cpu, random);
      if (between !== null) yield* between;
      if (cpu.esp !== top) throw new Error(`task ${number}: the stack pointer is off by ${cpu.esp - top}`);
      if (!cpu.interruptsOn) throw new Error(`task ${number}: interrupts stayed off`);
    }
    this.#running--;
  }

  /** One operation on one pool, by its tide. */
  *allocateOrFree(cpu: Cpu, random: Random, flags: number): Program {
    const number = below(random, this.#options.kinds ?? this.pools.length);
    const pool = this.pools[number]!;
    const high = pool.high * (this.#options.tide ?? 1);
    const tide = Math.floor(this.operations / TIDE + number * 0.3) % 2 === 0 ? high : high >> 3;
    if (random() < (pool.waiting.length < tide ? 0.65 : 0.35)) yield* this.#allocate(cpu, random, pool, flags);
    else yield* this.free(cpu, random, pool);
  }

  /** One more of what only a version counts. */
  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #count(): void {
    const { operations, onTenth } = this.#options;
    if (++this.operations % Math.ceil(operations / 10) === 0) onTenth?.();
  }

  *#allocate(cpu: Cpu, random: Random, pool: Pool, flags: number): Program {
    this.#count();
    this.counts.allocations++;
    const objp = yield* pool.take(cpu, flags);
    if (objp === NULL) {
      this.counts.failures++;
      return;
    }
    this.#own(objp, pool.name);
    if (pool.constructed && cpu.load32(objp + 4) !== CONSTRUCTED) throw new Error(`${hex(objp)} is not constructed`);
    const cookie = below(random, 1 << 30);
    cpu.store32(objp, cookie);
    cpu.store32(objp + pool.size - 4, cookie);
    const irq = yield* spin_lock_irqsave(this.booted.k, cpu, pool.lock);
    pool.waiting.push({ objp, cookie, cpu: cpu.id });
    yield* spin_unlock_irqrestore(this.booted.k, cpu, pool.lock, irq);
  }

  *free(cpu: Cpu, random: Random, pool: Pool): Program {
    const irq = yield* spin_lock_irqsave(this.booted.k, cpu, pool.lock);
    const taken = takeOut(pool.waiting, random);
    yield* spin_unlock_irqrestore(this.booted.k, cpu, pool.lock, irq);
    if (taken === undefined) return;
    this.#count();
    this.counts.frees++;
    if (taken.cpu !== cpu.id) this.counts.remoteFrees++;
    const { objp, cookie } = taken;
    if (cpu.load32(objp) !== cookie || cpu.load32(objp + pool.size - 4) !== cookie) {
      throw new Error(`${pool.name}: ${hex(objp)} lost its cookie`);
    }
    // So that a cookie found later is none of this life.
    cpu.store32(objp, 0);
    cpu.store32(objp + pool.size - 4, 0);
    this.#disown(objp);
    yield* pool.give(cpu, objp);
  }

  #own(objp: addr_t, where: string): void {
    if (this.#owned.has(objp)) throw new Error(`${where}: ${hex(objp)} was handed out twice`);
    this.#owned.add(objp);
  }

  #disown(objp: addr_t): void {
    if (!this.#owned.delete(objp)) throw new Error(`${hex(objp)} is freed twice`);
  }

  /** Sleeps until the timer of this CPU has ticked so often; the other task of the CPU runs meanwhile. */
  *#nap(cpu: Cpu, ticks: number): Program {
    this.counts.naps++;
    setTaskState(this.booted.k, cpu, TASK_UNINTERRUPTIBLE);
    this.#sleepers[cpu.id]!.push({ task: this.booted.k.get_current(cpu), ticks });
    yield* this.version.schedule(this.booted.k, cpu);
  }

  // What an administrator does

  *tune(cpu: Cpu, random: Random): Program {
    if (this.#options.tuning === false) return;
    const { allocator } = this.booted;
    const batchcount = 1 + below(random, SMALLEST_LIMIT);
    const name = this.tunable[below(random, this.tunable.length)]!;
    const text = allocator.version.tuning(name, SMALLEST_LIMIT + below(random, 120), batchcount);
    const result = yield* allocator.tune(cpu, text);
    if (result !== text.length) throw new Error(`tuning "${text}" came to ${result}`);
    this.counts.tunings++;
  }

  *shrink(cpu: Cpu, random: Random): Program {
    const cachep = this.#shrinkable[below(random, this.#shrinkable.length)]!;
    this.counts.pagesShrunk += yield* this.booted.allocator.shrink(cpu, cachep);
    this.counts.shrinks++;
  }

  *reap(cpu: Cpu, random: Random): Program {
    const { allocator } = this.booted;
    const { GFP_KERNEL, GFP_ATOMIC } = allocator.version.gfp;
    this.counts.pagesReaped += yield* allocator.reap(cpu, random() < 0.5 ? GFP_KERNEL : GFP_ATOMIC);
    this.counts.reaps++;
  }

  /** A device whose line stays masked for some ticks. */
  *mask(_cpu: Cpu, random: Random): Program {
    const device = this.devices[below(random, this.devices.length)]!;
    if (device.masked === 0) this.booted.machine.deviceLines.mask(device.line);
    device.masked = 1 + below(random, 5);
    this.counts.maskings++;
  }

  *readSlabinfo(cpu: Cpu): Program {
    this.counts.slabinfos++;
    const [version, ...rows] = (yield* this.booted.allocator.slabinfo(cpu)).trimEnd().split('\n');
    if (!version?.startsWith('slabinfo - version: ')) throw new Error(`slabinfo begins with "${version}"`);
    for (const row of rows.filter((each) => !each.startsWith('#'))) {
      const columns = row.slice(17).trim().split(/\s+/).map(Number);
      const [active, all, activeSlabs, slabs] = this.version.slabinfoColumns.map((column) => columns[column]!);
      if (!(active! <= all! && activeSlabs! <= slabs!)) throw new Error(`slabinfo: ${row}`);
    }
  }

  /** A cache that one task creates, uses and destroys while others reap and tune the rest of the chain. */
  *briefCache(cpu: Cpu, random: Random): Program {
    const { allocator } = this.booted;
    const { GFP_KERNEL } = allocator.version.gfp;
    const name = `brief-${this.counts.creations++}`;
    const cachep = yield* allocator.create(cpu, { name, size: 4 + 4 * below(random, 200) });
    if (cachep === NULL) {
      this.counts.failures++;
      return;
    }
    const objects: addr_t[] = [];
    for (let i = below(random, 40); i > 0; i--) {
      const objp = yield* allocator.alloc(cpu, cachep, GFP_KERNEL);
      if (objp === NULL) continue;
      this.#own(objp, name);
      objects.push(objp);
    }
    for (const objp of objects) {
      this.#disown(objp);
      yield* allocator.free(cpu, cachep, objp);
    }
    if ((yield* allocator.destroy(cpu, cachep)) !== 0) throw new Error(`${name} could not be destroyed`);
  }

  // Interrupts

  *#interrupted(cpu: Cpu, handler: () => Program): Program {
    if (this.#depth[cpu.id]!++ > 0) this.counts.nested++;
    yield* handler();
    this.#depth[cpu.id]!--;
  }

  /** Answers every raise so far: a few operations each, in the handler, where nothing may sleep. */
  *#serve(cpu: Cpu, device: Device, random: Random, slow: boolean): Program {
    this.counts.deviceInterrupts++;
    // A handler without SA_INTERRUPT.
    if (slow && local_irq_enable(cpu)) yield;
    for (; device.unanswered > 0; device.unanswered--) {
      for (let i = 1 + below(random, 4); i > 0; i--) {
        this.counts.inHandlers++;
        yield* this.allocateOrFree(cpu, random, this.booted.allocator.version.gfp.GFP_ATOMIC);
      }
    }
    local_irq_disable(cpu);
  }

  *#timer(cpu: Cpu): Program {
    yield* this.#interrupted(cpu, () => this.#tick(cpu));
  }

  *#tick(cpu: Cpu): Program {
    const { k, machine } = this.booted;
    this.counts.timerInterrupts++;
    for (const { cpu: owner, device } of this.#wired) {
      if (owner !== cpu || device.masked === 0 || --device.masked > 0) continue;
      machine.deviceLines.unmask(device.line, cpu.clock);
    }
    const sleepers = this.#sleepers[cpu.id]!;
    for (let i = sleepers.length - 1; i >= 0; i--) {
      const sleeper = sleepers[i]!;
      if (--sleeper.ticks > 0) continue;
      sleepers.splice(i, 1);
      cpu.store32(sleeper.task + k.task_struct.state, TASK_RUNNING);
      machine.scheduler.wake(k.sleepers.get(sleeper.task)!, cpu.clock);
    }
  }

  #startDevice(device: Device, number: number, start: number): void {
    const { scheduler, deviceLines } = this.booted.machine;
    const random = seeded(this.#options.seed, `times of device ${number}`);
    const next = (time: number) => time + 1 + below(random, 2 * DEVICE_PERIOD * this.pace);
    const raise = (time: number) => () => {
      if (this.#running === 0) return;
      this.counts.raises++;
      device.unanswered = Math.min(device.unanswered + 1, RING);
      deviceLines.raise(device.line, time);
      const then = next(time);
      scheduler.at(then, raise(then));
    };
    const first = next(start);
    scheduler.at(first, raise(first));
  }
}

const cachesOfRun: readonly CacheOfRun[] = [
  { name: 'stress-24', size: 24, high: 600 },
  { name: 'stress-100', size: 100, high: 400, aligned: true },
  { name: 'stress-ctor', size: 160, high: 300, constructed: true },
  { name: 'stress-700', size: 700, high: 120 },
  { name: 'stress-3000', size: 3000, high: 40, aligned: true },
];

const kmallocsOfRun = [
  { size: 32, high: 500, dma: false },
  { size: 52, high: 400, dma: true },
  { size: 128, high: 300, dma: false },
  { size: 500, high: 150, dma: false },
  { size: 1600, high: 60, dma: false },
  { size: 8000, high: 10, dma: false },
];

function* constructs(cpu: Cpu, objp: number): Program {
  cpu.store32(objp + 4, CONSTRUCTED);
}

function* destructs(cpu: Cpu, objp: number): Program {
  if (cpu.load32(objp + 4) !== CONSTRUCTED) throw new Error(`${hex(objp)} was not constructed`);
}

/** One of the items, which the last replaces; undefined if there is none. */
function takeOut<T>(items: T[], random: Random): T | undefined {
  if (items.length === 0) return undefined;
  const index = below(random, items.length);
  const item = items[index]!;
  const last = items.pop()!;
  if (index < items.length) items[index] = last;
  return item;
}

const hex = (address: addr_t) => `0x${address.toString(16)}`;
