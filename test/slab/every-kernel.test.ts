/**
 * What any slab allocator must show, of every kernel version in every build that it has. A version joins by its row in
 * src/slab/kernels.ts; what it lacks stands in `lacking`, with the reason, and is run all the same: a reason that no longer holds fails.
 */
import { describe, expect, test } from 'vitest';
import { below, seeded } from '../../src/base/random.ts';
import type { Cpu, Program } from '../../src/hw/cpu.ts';
import { type addr_t, MiB, NULL, PAGE_SIZE } from '../../src/hw/memory.ts';
import { KernelBug } from '../../src/kernel/bug.ts';
import type { Kernel, KernelFunction } from '../../src/kernel/kernel.ts';
import { cpu_down, cpu_up } from '../../src/kernel/linux-2.6/cpu.ts';
import type { Linux26 } from '../../src/kernel/linux-2.6/kernel.ts';
import type { CacheOptions, CacheState } from '../../src/slab/allocator.ts';
import type { KernelFacts } from '../../src/slab/kernel-facts.ts';
import { kernels } from '../../src/slab/kernels.ts';
import { type Booted, type BootOptions, bootedKernel } from '../machines.ts';
import { harmOf } from './harm.ts';

const DEVICE = 0x41;
/** Of the machines, all Pentium IIIs. */
const LINE = 32;

const builds = {
  UP: { cpus: 1, smp: false },
  'UP, DEBUG': { cpus: 1, smp: false, debug: true },
  SMP: { cpus: 4 },
  'SMP, DEBUG': { cpus: 4, debug: true },
  NUMA: { cpus: 4, nodes: 2 },
  'NUMA, DEBUG': { cpus: 4, nodes: 2, debug: true },
} satisfies Record<string, BootOptions>;
type Build = keyof typeof builds;

const buildsOf = ({ features }: KernelFacts): Build[] =>
  (Object.keys(builds) as Build[]).filter((build) => features.nodes || !build.startsWith('NUMA'));

interface Lack {
  readonly kernel: RegExp;
  readonly build?: RegExp;
  readonly behaviour: string;
  readonly reason: string;
}

const lacking: readonly Lack[] = [
  {
    kernel: /^2\.4\.0$/,
    behaviour: 'kmalloc of more than any general cache holds is NULL',
    reason: 'it is a BUG()',
  },
  {
    kernel: /^2\.4/,
    behaviour: 'an object stands at a multiple of the bytes that its cache was asked to align to',
    reason: 'kmem_cache_create() has no such argument: to a line by flag, or not at all',
  },
  {
    kernel: /^2\.4/,
    build: /SMP/,
    behaviour: 'a CPU that goes down leaves no object behind, and has a fresh array when it comes up',
    reason: 'CPUs do not come and go',
  },
  {
    kernel: /./,
    build: /DEBUG/,
    behaviour: 'SLAB_HWCACHE_ALIGN: an object begins with a line, or shares one with as many as fit',
    reason: 'it stands between red zones, a word behind where it would begin',
  },
  {
    kernel: /^2\.6/,
    build: /DEBUG/,
    behaviour: 'each object is constructed when its slab comes, and destroyed when it goes, once',
    reason: 'poison lies in free objects: each is constructed as it is handed out, and destroyed as it comes back',
  },
];

/** A booted kernel, and what is done with it, each to its end. */
class Subject {
  readonly booted: Booted<Kernel>;
  readonly boss: Cpu;
  /** The CPU beside it, on the same node; itself where it is alone. */
  readonly neighbour: Cpu;

  constructor(name: string, build: BootOptions) {
    this.booted = bootedKernel(name, { lockupCycles: 2_000_000, ...build });
    const { cpus } = this.booted.machine;
    this.boss = cpus[0]!;
    this.neighbour = cpus[1] ?? this.boss;
  }

  get allocator() {
    return this.booted.allocator;
  }
  get memory() {
    return this.booted.machine.memory;
  }
  get gfp() {
    return this.allocator.version.gfp;
  }

  on<T>(cpu: Cpu, program: Program<T>): T {
    return this.booted.machine.run(cpu, program);
  }

  create(options: Partial<CacheOptions> = {}): addr_t {
    return this.on(this.boss, this.allocator.create(this.boss, { name: 'subject', size: 64, ...options }));
  }
  destroy = (cachep: addr_t) => this.on(this.boss, this.allocator.destroy(this.boss, cachep));
  shrink = (cachep: addr_t) => this.on(this.boss, this.allocator.shrink(this.boss, cachep));

  alloc(cachep: addr_t, cpu = this.boss, flags = this.gfp.GFP_KERNEL): addr_t {
    return this.on(cpu, this.allocator.alloc(cpu, cachep, flags));
  }
  allocMany(cachep: addr_t, count: number, cpu = this.boss): addr_t[] {
    return Array.from({ length: count }, () => this.alloc(cachep, cpu));
  }
  free(cachep: addr_t, objp: addr_t, cpu = this.boss): void {
    this.on(cpu, this.allocator.free(cpu, cachep, objp));
  }
  freeAll(cachep: addr_t, objects: readonly addr_t[], cpu = this.boss): void {
    for (const objp of objects) this.free(cachep, objp, cpu);
  }
  kmalloc = (size: number, flags = this.gfp.GFP_KERNEL) =>
    this.on(this.boss, this.allocator.kmalloc(this.boss, size, flags));
  kfree = (objp: addr_t) => this.on(this.boss, this.allocator.kfree(this.boss, objp));

  state(cachep: addr_t): CacheState {
    return this.allocator.caches().find((cache) => cache.cachep === cachep)!;
  }
  names = () => this.allocator.caches().map(({ name }) => name);

  /** Pages that are free, and those of all slabs: no operation on caches changes their sum. */
  pages(): number {
    const ofSlabs = this.allocator.caches().reduce((sum, { slabs, gfporder }) => sum + (slabs.length << gfporder), 0);
    return this.allocator.nr_free_pages() + ofSlabs;
  }

  /** All that may be had with GFP_ATOMIC, as blocks of pages and their orders. */
  takeAllPages(): [addr_t, number][] {
    const blocks: [addr_t, number][] = [];
    for (let order = 5; order >= 0; ) {
      const block = this.on(this.boss, this.allocator.get_free_pages(this.boss, this.gfp.GFP_ATOMIC, order));
      if (block === NULL) order--;
      else blocks.push([block, order]);
    }
    return blocks;
  }

  /** Whether the kernel notices something: by a BUG, or in its log. */
  notices(action: () => void): boolean {
    const { log } = this.booted.k;
    const lines = log.length;
    const harm = harmOf(action);
    return harm instanceof KernelBug || log.length > lines;
  }
}

interface Behaviour {
  readonly name: string;
  /** Of the machine; 16 MB without it. */
  readonly memory?: number;
  /** The builds that must show it; all without it. */
  readonly in?: (build: BootOptions, facts: KernelFacts) => boolean;
  readonly shown: (s: Subject) => void;
}

const isSmp = ({ smp = true }: BootOptions) => smp;
const isDebug = ({ debug = false }: BootOptions) => debug;
const hasArrays = (build: BootOptions, { features }: KernelFacts) => features.cpuArrays === 'always' || isSmp(build);

const CONSTRUCTED = 0x600d0b1e;

/** What a user does to an object of 64 bytes before it frees it. */
const faults: readonly { what: string; done: (s: Subject, objp: addr_t) => void }[] = [
  { what: 'a free before', done: (s, objp) => s.kfree(objp) },
  { what: 'a write past an object', done: (s, objp) => s.boss.store8(objp + 64, 0) },
  { what: 'a write in front of an object', done: (s, objp) => s.boss.store8(objp - 1, 0) },
];

const behaviours: readonly Behaviour[] = [
  {
    name: "an object's memory is its own, and nobody's business what stands in it",
    shown(s) {
      const pages = s.pages();
      const held: { objp: addr_t; size: number; release: () => void; owner: string }[] = [];
      const sizes = [24, 100, 512, 700, 3000, 8000];
      const caches = sizes.map((size) => s.create({ name: `of-${size}`, size }));
      for (let i = 0; i < 40; i++) {
        for (const [kind, size] of sizes.entries()) {
          const cachep = caches[kind]!;
          const objp = s.alloc(cachep, i % 3 === 0 ? s.neighbour : s.boss);
          held.push({ objp, size, owner: `of-${size}`, release: () => s.free(cachep, objp) });
        }
        const size = 1 + ((i * 997) % 5000);
        const objp = s.kmalloc(size);
        const owner = `size-${s.allocator.generalSizes.find((each) => each >= size)}`;
        held.push({ objp, size, owner, release: () => s.kfree(objp) });
      }
      const inOrder = held.toSorted((a, b) => a.objp - b.objp);
      for (const [i, { objp, size, owner }] of inOrder.entries()) {
        expect(s.allocator.place(objp)).toEqual({ kind: 'object', field: 'object', owner, offset: 0 });
        expect(objp + size).toBeLessThanOrEqual(inOrder[i + 1]?.objp ?? s.memory.size);
        s.memory.bytes.fill(i, objp, objp + size);
      }
      for (const [i, { objp, size }] of inOrder.entries()) {
        expect(s.memory.bytes.subarray(objp, objp + size).every((byte) => byte === (i & 0xff))).toBe(true);
      }
      for (const { release } of held) release();
      expect(caches.map(s.destroy)).toEqual(caches.map(() => 0));
      expect(s.pages()).toBe(pages);
    },
  },
  {
    name: 'what was freed last is handed out first, while it is still in the cache',
    shown(s) {
      const cachep = s.create();
      const [one, two, three] = s.allocMany(cachep, 5) as [addr_t, addr_t, addr_t];
      s.freeAll(cachep, [two, one, three]);
      expect(s.allocMany(cachep, 3)).toEqual([three, one, two]);
    },
  },
  {
    name: 'what another CPU frees serves that CPU next, not the one that allocated it',
    in: isSmp,
    shown(s) {
      const cachep = s.create();
      const objp = s.alloc(cachep);
      s.free(cachep, objp, s.neighbour);
      expect(s.alloc(cachep)).not.toBe(objp);
      expect(s.alloc(cachep, s.neighbour)).toBe(objp);
    },
  },
  {
    name: 'what one CPU allocates and another frees comes back: the cache stops growing',
    in: isSmp,
    shown(s) {
      const cachep = s.create({ size: 200 });
      const slabs = Array.from({ length: 20 }, () => {
        s.freeAll(cachep, s.allocMany(cachep, 150), s.neighbour);
        return s.state(cachep).slabs.length;
      });
      expect(Math.max(...slabs)).toBe(Math.max(...slabs.slice(0, 10)));
    },
  },
  {
    name: 'an object comes constructed, however often it was used before',
    shown(s) {
      const ctor: KernelFunction = function* (cpu, objp) {
        cpu.store32(objp! + 8, CONSTRUCTED);
      };
      const cachep = s.create({ ctor });
      for (let round = 0; round < 3; round++) {
        const objects = s.allocMany(cachep, 100);
        expect(new Set(objects.map((objp) => s.memory.peek32(objp + 8)))).toEqual(new Set([CONSTRUCTED]));
        s.freeAll(cachep, objects);
      }
    },
  },
  {
    name: 'each object is constructed when its slab comes, and destroyed when it goes, once',
    shown(s) {
      const calls = { ctor: new Map<addr_t, number>(), dtor: new Map<addr_t, number>() };
      const noted = (kind: keyof typeof calls): KernelFunction =>
        function* (_cpu, objp) {
          calls[kind].set(objp!, (calls[kind].get(objp!) ?? 0) + 1);
        };
      const cachep = s.create({ size: 700, ctor: noted('ctor'), dtor: noted('dtor') });
      for (let round = 0; round < 2; round++) s.freeAll(cachep, s.allocMany(cachep, 30));
      const { num, slabs } = s.state(cachep);
      expect([calls.ctor.size, calls.dtor.size]).toEqual([num * slabs.length, 0]);
      expect(s.destroy(cachep)).toBe(0);
      expect(new Set(calls.ctor.values())).toEqual(new Set([1]));
      expect(calls.dtor).toEqual(calls.ctor);
    },
  },
  {
    name: 'SLAB_HWCACHE_ALIGN: an object begins with a line, or shares one with as many as fit',
    shown(s) {
      const { SLAB_HWCACHE_ALIGN } = s.allocator.version.flags;
      for (const [size, apart] of [
        [12, 16],
        [17, 32],
        [33, 64],
        [100, 128],
      ] as const) {
        const cachep = s.create({ name: `aligned-${size}`, size, flags: SLAB_HWCACHE_ALIGN });
        expect(s.state(cachep).objsize).toBe(apart);
        for (const objp of s.allocMany(cachep, 20)) expect(objp % Math.min(apart, LINE)).toBe(0);
      }
    },
  },
  {
    name: 'an object stands at a multiple of the bytes that its cache was asked to align to',
    shown(s) {
      const cachep = s.create({ size: 72, align: 128 });
      expect(s.allocMany(cachep, 20).filter((objp) => objp % 128 !== 0)).toEqual([]);
    },
  },
  {
    name: 'kmalloc serves every size from the smallest general cache that holds it',
    shown(s) {
      const { generalSizes } = s.allocator;
      for (const [i, size] of generalSizes.entries()) {
        for (const asked of [(generalSizes[i - 1] ?? -1) + 1, size - 1, size]) {
          const objp = s.kmalloc(asked);
          expect(s.allocator.place(objp)).toMatchObject({ owner: `size-${size}`, offset: 0 });
          s.kfree(objp);
        }
      }
    },
  },
  {
    name: 'kmalloc of more than any general cache holds is NULL',
    shown(s) {
      expect(s.kmalloc(131073)).toBe(NULL);
    },
  },
  {
    name: 'kfree gives an object to its cache, whichever it is, and NULL to none',
    shown(s) {
      const cachep = s.create();
      const objp = s.alloc(cachep);
      s.kfree(objp);
      s.kfree(NULL);
      expect(s.alloc(cachep)).toBe(objp);
    },
  },
  {
    name: 'memory for DMA lies below 16 MB',
    memory: 24 * MiB,
    shown(s) {
      const { GFP_KERNEL, GFP_DMA } = s.gfp;
      const cachep = s.create({ size: 3000, flags: s.allocator.version.flags.SLAB_CACHE_DMA });
      for (let i = 0; i < 20; i++) {
        expect(s.alloc(cachep, s.boss, GFP_KERNEL | GFP_DMA) + 3000).toBeLessThanOrEqual(16 * MiB);
        expect(s.kmalloc(2000, GFP_KERNEL | GFP_DMA) + 2000).toBeLessThanOrEqual(16 * MiB);
      }
    },
  },
  {
    name: 'where there is no memory an allocation that may not wait is NULL, and is served once there is some',
    shown(s) {
      const cachep = s.create({ size: 3000 });
      const blocks = s.takeAllPages();
      const objects: addr_t[] = [];
      const alloc = () => s.alloc(cachep, s.boss, s.gfp.GFP_ATOMIC);
      for (let objp = alloc(); objp !== NULL; objp = alloc()) objects.push(objp);
      expect(s.kmalloc(100_000, s.gfp.GFP_ATOMIC)).toBe(NULL);
      for (const [block, order] of blocks) s.on(s.boss, s.allocator.free_pages(s.boss, block, order));
      expect(alloc()).not.toBe(NULL);
      expect(s.kmalloc(100_000, s.gfp.GFP_ATOMIC)).not.toBe(NULL);
    },
  },
  {
    name: 'a shrink gives back every slab that is free',
    shown(s) {
      const cachep = s.create({ size: 200 });
      s.freeAll(cachep, s.allocMany(cachep, 400));
      const [slabs, free] = [s.state(cachep).slabs.length, s.allocator.nr_free_pages()];
      s.shrink(cachep);
      const left = s.state(cachep).slabs;
      expect(left.filter(({ list }) => list === 'free')).toEqual([]);
      expect(left.length).toBeLessThan(slabs);
      expect(s.allocator.nr_free_pages() - free).toBeGreaterThanOrEqual(slabs - left.length);
    },
  },
  {
    name: 'destroy refuses a cache of which an object is in use, and takes nothing of it',
    shown(s) {
      const cachep = s.create();
      const [objp, ...others] = s.allocMany(cachep, 300) as [addr_t];
      s.memory.bytes.fill(7, objp, objp + 64);
      s.freeAll(cachep, others);
      expect(s.destroy(cachep)).toBe(1);
      expect(s.allocator.place(objp)).toMatchObject({ owner: 'subject', offset: 0 });
      expect(s.memory.bytes.subarray(objp, objp + 64).every((byte) => byte === 7)).toBe(true);
      s.free(cachep, objp);
      expect(s.destroy(cachep)).toBe(0);
    },
  },
  {
    name: 'destroy gives back all that the cache had, and its name',
    shown(s) {
      const [names, pages] = [s.names(), s.pages()];
      for (let round = 0; round < 2; round++) {
        const cachep = s.create({ size: 600 });
        expect(s.names().toSorted()).toEqual([...names, 'subject'].toSorted());
        s.freeAll(cachep, s.allocMany(cachep, 100), s.neighbour);
        expect(s.destroy(cachep)).toBe(0);
        expect([s.names(), s.pages()]).toEqual([names, pages]);
      }
    },
  },
  {
    name: 'a name that is taken is given to no second cache',
    shown(s) {
      s.create();
      harmOf(() => s.create());
      expect(s.names().filter((name) => name === 'subject')).toEqual(['subject']);
    },
  },
  ...faults.map(
    ({ what, done }): Behaviour => ({
      name: `${what} is noticed, when the object is back in its slab at the latest`,
      in: isDebug,
      shown(s) {
        const cachep = s.create();
        const [objp] = s.allocMany(cachep, 3) as [addr_t];
        const noticed = s.notices(() => {
          done(s, objp);
          s.free(cachep, objp);
          s.destroy(cachep);
        });
        expect(noticed).toBe(true);
      },
    }),
  ),
  {
    name: 'a write into a free object is noticed, when its slab hands it out again at the latest',
    in: isDebug,
    shown(s) {
      const cachep = s.create({ size: 200 });
      s.freeAll(cachep, s.allocMany(cachep, 400));
      const { slabs, objsize } = s.state(cachep);
      for (const { s_mem, freeObjects } of slabs)
        for (const i of freeObjects) s.memory.poke8(s_mem + i * objsize + 50, 0xa5);
      expect(s.notices(() => s.allocMany(cachep, 400))).toBe(true);
    },
  },
  {
    name: 'what is used as it should be is no cause for complaint',
    in: isDebug,
    shown(s) {
      const cachep = s.create();
      const use = () => {
        for (let round = 0; round < 3; round++) s.freeAll(cachep, s.allocMany(cachep, 200), s.neighbour);
        s.shrink(cachep);
        s.destroy(cachep);
      };
      expect(s.notices(use)).toBe(false);
    },
  },
  {
    name: 'an array that can serve does so without a lock or any other locked operation',
    in: (build, facts) => hasArrays(build, facts) && !isDebug(build),
    shown(s) {
      const cachep = s.create();
      s.freeAll(cachep, s.allocMany(cachep, 10));
      const { locked } = s.boss.counters;
      s.freeAll(cachep, s.allocMany(cachep, 10));
      expect(s.boss.counters.locked).toBe(locked);
    },
  },
  {
    name: 'an array takes the limit that it is tuned to, and never holds more',
    in: hasArrays,
    shown(s) {
      const cachep = s.create({ size: 200 });
      const { version } = s.allocator;
      const text = version.tuning('subject', 20, 10);
      const objects = s.allocMany(cachep, 100);
      expect(s.on(s.boss, s.allocator.tune(s.boss, text))).toBe(text.length);
      s.freeAll(cachep, objects, s.neighbour);
      const { avail, limit } = s.allocator.arrayLevel(s.neighbour, cachep)!;
      expect(limit).toBe(20);
      expect(avail).toBeLessThanOrEqual(20);
      expect(avail).toBeGreaterThanOrEqual(10);
    },
  },
  {
    name: 'whatever it interrupts, a handler may allocate and free',
    shown(s) {
      const cachep = s.create();
      const held = new Set<addr_t>();
      const random = seeded('every kernel', 'handler');
      let interrupts = 0;
      let isOver = false;
      const take = function* (cpu: Cpu, flags: number): Program {
        const objp = yield* s.allocator.alloc(cpu, cachep, flags);
        expect(held.has(objp)).toBe(false);
        if (objp !== NULL) held.add(objp);
      };
      const give = function* (cpu: Cpu): Program {
        const [objp = NULL] = held;
        if (held.delete(objp)) yield* s.allocator.free(cpu, cachep, objp);
      };
      s.allocator.request_irq(DEVICE, function* (cpu) {
        if (isOver) return;
        interrupts++;
        for (let i = below(random, 6); i > 0; i--) yield* random() < 0.6 ? take(cpu, s.gfp.GFP_ATOMIC) : give(cpu);
      });
      s.booted.machine.startTimer(s.boss, DEVICE, s.boss.clock + 100, 700);
      s.on(
        s.boss,
        (function* (): Program {
          while (interrupts < 50) {
            if (s.boss.isAhead) yield;
            yield* random() < 0.6 ? take(s.boss, s.gfp.GFP_KERNEL) : give(s.boss);
          }
          isOver = true;
        })(),
      );
      s.freeAll(cachep, [...held]);
      expect(s.destroy(cachep)).toBe(0);
    },
  },
  {
    name: 'CPUs may use one cache at the same time: each has objects of its own, and all come back',
    in: isSmp,
    shown(s) {
      const { machine, allocator } = s.booted;
      const cachep = s.create({ size: 300 });
      const held = new Map<addr_t, number>();
      function* work(cpu: Cpu): Program {
        const random = seeded('every kernel', `cpu${cpu.id}`);
        for (let i = 0; i < 600; i++) {
          if (cpu.isAhead) yield;
          if (random() < 0.55) {
            const objp = yield* allocator.alloc(cpu, cachep, s.gfp.GFP_KERNEL);
            expect(held.has(objp)).toBe(false);
            held.set(objp, i);
            cpu.store32(objp, i);
          } else if (held.size > 0) {
            const [objp, cookie] = [...held][below(random, held.size)]!;
            held.delete(objp);
            expect(cpu.load32(objp)).toBe(cookie);
            yield* allocator.free(cpu, cachep, objp);
          }
        }
      }
      for (const cpu of machine.cpus) machine.scheduler.spawn(cpu, work(cpu));
      machine.scheduler.run();
      s.freeAll(cachep, [...held.keys()]);
      expect(s.destroy(cachep)).toBe(0);
    },
  },
  {
    name: 'each slab begins a colour further than the one before, and after the last colour at the first again',
    shown(s) {
      const { colour, colour_off, starts } = coloured(s);
      expect(starts).toEqual(starts.map((_, i) => starts[0]! + (i % colour) * colour_off));
    },
  },
  {
    name: '/proc/slabinfo has a row of each cache, which tells how many objects it has, and of what size',
    shown(s) {
      const cachep = s.create({ size: 200 });
      const objects = s.allocMany(cachep, 100);
      s.freeAll(cachep, objects.slice(40));
      const [version, ...rows] = s.on(s.boss, s.allocator.slabinfo(s.boss)).trimEnd().split('\n');
      expect(version).toMatch(/^slabinfo - version: \d\.\d/);
      const fields = rows.filter((row) => !row.startsWith('#')).map((row) => row.split(/\s+/));
      expect(fields.map(([name]) => name)).toEqual(s.names());
      const [, active, all, size] = fields.find(([name]) => name === 'subject')!.map(Number);
      const { num, slabs, objsize } = s.state(cachep);
      expect([all, size]).toEqual([num * slabs.length, objsize]);
      expect(active).toBe(slabs.reduce((sum, { inuse }) => sum + inuse, 0));
    },
  },
  {
    name: 'a CPU that goes down leaves no object behind, and has a fresh array when it comes up',
    in: isSmp,
    shown(s) {
      const last = s.booted.machine.cpus.at(-1)!;
      const k = s.booted.k as Linux26;
      const cachep = s.create();
      s.freeAll(cachep, s.allocMany(cachep, 50, last), last);
      const plug = (program: typeof cpu_up): number => {
        expect('cpucontrol' in k).toBe(true);
        return s.on(s.boss, program(k, s.boss, last.id));
      };
      expect(plug(cpu_down)).toBe(0);
      expect(s.allocator.arrayLevel(last, cachep)).toBeNull();
      expect(plug(cpu_up)).toBe(0);
      expect(s.allocator.arrayLevel(last, cachep)).toMatchObject({ avail: 0 });
      expect(s.destroy(cachep)).toBe(0);
    },
  },
  {
    name: 'a CPU is given memory of its own node',
    in: ({ nodes = 1 }) => nodes > 1,
    shown(s) {
      const { cpus, nodes } = s.booted.machine;
      const cachep = s.create();
      const homes = cpus.map((cpu) => nodes!.homeOf(s.alloc(cachep, cpu)));
      expect(homes).toEqual(cpus.map(({ id }) => nodes!.nodeOfCpu(id)));
    },
  },
];

/** A cache of three colours or more, and where the first objects of its slabs stand, in the order in which they came. */
function coloured(s: Subject) {
  for (let size = 200; ; size += 4) {
    const cachep = s.create({ name: `of-${size}`, size });
    const { colour, colour_off, num, gfporder } = s.state(cachep);
    if (colour < 3) continue;
    const came: addr_t[] = [];
    while (came.length < 2 * colour + 1) {
      s.allocMany(cachep, num);
      for (const { s_mem } of s.state(cachep).slabs) if (!came.includes(s_mem)) came.push(s_mem);
    }
    return { colour, colour_off, starts: came.map((s_mem) => s_mem % (PAGE_SIZE << gfporder)) };
  }
}

describe.each([...kernels.values()])('$name', (facts) => {
  describe.each(buildsOf(facts))('%s', (build) => {
    const options: BootOptions = builds[build];
    for (const { name, in: isAsked = () => true, memory = 16 * MiB, shown } of behaviours) {
      if (!isAsked(options, facts)) continue;
      const lack = lacking.find((each) => isLackOf(each, facts, build) && each.behaviour === name);
      const show = () => shown(new Subject(facts.name, { ...options, memory }));
      if (lack === undefined) test(name, show);
      else test(`not: ${name} (${lack.reason})`, () => expect(harmOf(show)).not.toBeNull());
    }
  });
});

const isLackOf = ({ kernel, build }: Lack, { name }: KernelFacts, of: Build) =>
  kernel.test(name) && (build === undefined || build.test(of));

test('each lack is one of some kernel, in some build, of something asked for', () => {
  const stale = lacking.filter((lack) => {
    const { in: isAsked = () => true } = behaviours.find(({ name }) => name === lack.behaviour) ?? { in: () => false };
    return ![...kernels.values()].some((facts) =>
      buildsOf(facts).some((build) => isLackOf(lack, facts, build) && isAsked(builds[build], facts)),
    );
  });
  expect(stale).toEqual([]);
});
