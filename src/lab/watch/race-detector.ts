/**
 * A data race detector over the access stream of a machine: two accesses of one word race if at least one writes and
 * neither happens before the other. What happens before what is told by vector clocks (C. Flanagan and S. Freund,
 * FastTrack, PLDI 2009: the last write of a word as an epoch, its reads as an epoch where they are ordered, else one for
 * each agent).
 *
 * Agents are the process context and the interrupt context of each CPU: an interrupt may strike between any two accesses
 * made with interrupts on, though the emulator takes interrupts at yields only. Within a process context order is program
 * order, across tasks too, since a 2.4 kernel is not preempted. Between agents only these edges count:
 *
 * - a spinlock's release, to whoever takes it or polls it afterwards;
 * - locked read-modify-writes of one word, in their order: semaphores are made of these;
 * - an inter-processor interrupt, to its handler; the handler's counts in the call data, to the sender's wait for them;
 * - waking or starting a context, to what it does then; starting a CPU, to all that it does;
 * - stopping a CPU, for which the whole machine stands still: what all did comes before what all do then;
 * - the beginning of Scheduler.run: what ran before has ended, boot included;
 * - a hand-over that host code makes, where `publish` and `receive` tell of it;
 * - interrupt masking. A section with interrupts off and a handler of the same CPU exclude each other, so their accesses
 *   do not race; but one is before the other only from where they touch the same word, one of them writing (as in
 *   "weak causal precedence", D. Kini, U. Mathur, M. Viswanathan, PLDI 2017). That an unrelated section happened to lie
 *   between an unmasked access and the handler is no excuse for the access.
 *
 * Locks order by happens-before alone: as with every such detector, another schedule may show a race that this one hides.
 * Frames of a handler and of the program that it interrupts may lie at the same addresses, one after the other: what lies
 * below the stack pointer when an interrupt begins or ends is forgotten.
 *
 * A handler that lets further interrupts in is one agent with them. Words are of 4 bytes: bytes within one are not told
 * apart.
 */
import type { Cpu } from '../../hw/cpu.ts';
import { interpose } from '../../hw/interpose.ts';
import { type addr_t, PAGE_SHIFT, PAGE_SIZE } from '../../hw/memory.ts';
import { type AccessKind, observe } from '../../hw/observe.ts';
import type { Context } from '../../hw/scheduler.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { callingFunction } from './calling-function.ts';
import { type PlaceName, tellPlace } from './tell-place.ts';

/** One side of a race. */
export interface RaceAccess {
  readonly cpu: number;
  readonly context: 'process' | 'interrupt';
  readonly interruptsOn: boolean;
  readonly kind: AccessKind;
  readonly address: addr_t;
  readonly bytes: number;
  /** The structure and field that stand there: `kmem_cache_t.batchcount`. */
  readonly field: string;
  /** Whose it is: the name of the cache, of the static. */
  readonly owner: string;
  /** The kernel function, that of a list or string helper's caller; empty if functions are not noted. */
  readonly fn: string;
  /** Spinlocks that the CPU held. */
  readonly locks: readonly string[];
  /** The CPU's, in cycles. */
  readonly clock: number;
}

export interface Race {
  readonly first: RaceAccess;
  readonly second: RaceAccess;
  /** How often a pair of these fields, kinds, functions and contexts was found, on one CPU or on two. */
  count: number;
}

type Clocks = Float64Array;

/** A stretch that excludes the other agent of its CPU: interrupts off, or one interrupt. */
interface Section {
  /** What its agent knew at its end; null while it lasts. */
  end: Clocks | null;
}

interface Agent {
  readonly index: number;
  readonly cpu: Cpu;
  readonly inInterrupt: boolean;
  readonly clocks: Clocks;
  section: Section | null;
}

interface Access {
  readonly agent: Agent;
  /** The agent's own clock: with `agent`, an epoch. */
  readonly time: number;
  readonly section: Section | null;
  readonly kind: AccessKind;
  readonly address: addr_t;
  readonly bytes: number;
  readonly interruptsOn: boolean;
  readonly locks: readonly addr_t[];
  readonly clock: number;
  /** Made where the access was: the host's stack. */
  readonly trace: { readonly stack?: string } | null;
}

interface Word {
  write: Access | null;
  /** The last plain read, if it comes after all others; else one an agent. */
  reads: Access | Access[] | null;
  /** The last synchronising access of each agent. */
  syncs: Access[] | null;
  /** What is known to whoever synchronises on the word. */
  known: Clocks | null;
  isLock: boolean;
}

/** One CPU's two agents, and how deep in interrupts it is. */
interface Side {
  readonly process: Agent;
  readonly interrupt: Agent;
  depth: number;
  locks: readonly addr_t[];
}

export interface RaceDetectorOptions {
  /**
   * Note the host's stack at each access, for the kernel function: nine tenths of the time that watching takes. Or at accesses of
   * these words (address / 4) alone.
   */
  readonly functions?: boolean | ReadonlySet<number>;
}

/** Watches all CPUs of the kernel's machine from now on. `place` names what stands at an address. */
export function detectRaces(
  k: Kernel,
  place: (addr: addr_t) => PlaceName,
  options?: RaceDetectorOptions,
): RaceDetector {
  return new RaceDetector(k, place, options);
}

/**
 * The races of a run that repeats, with their functions, in a fraction of the time: the first time it tells which words race, the
 * second time functions are noted at those. `run` makes all anew, watches as it is told, and returns its detector.
 */
export function racesOf(run: (options: RaceDetectorOptions) => RaceDetector): readonly Race[] {
  const { races } = run({ functions: run({ functions: false }).racingWords });
  if (races.some(({ first, second }) => first.fn === '' || second.fn === ''))
    throw new Error('the run does not repeat');
  return races;
}

export class RaceDetector {
  readonly #k: Kernel;
  readonly #place: (addr: addr_t) => PlaceName;
  readonly #functions: boolean | ReadonlySet<number>;
  readonly #racing = new Set<number>();
  readonly #sides: readonly Side[];
  readonly #agents: readonly Agent[];
  readonly #words = new Map<number, Word>();
  /** What the senders of an interrupt that waits knew, by CPU and vector. */
  readonly #sent = new Map<string, Clocks>();
  readonly #published = new Map<unknown, Clocks>();
  readonly #races = new Map<string, Race>();
  /** By word, agents, kinds and functions: the race they were found to be. */
  readonly #known = new Map<string, Race>();
  /** By page frame. */
  readonly #stacks = new Map<number, addr_t>();
  readonly #undo: (() => void)[] = [];
  /** Who made the last access; null outside of programs. */
  #last: Agent | null = null;

  constructor(k: Kernel, place: (addr: addr_t) => PlaceName, { functions = true }: RaceDetectorOptions = {}) {
    this.#functions = functions;
    this.#k = k;
    this.#place = place;
    const { cpus } = k.machine;
    const agent = (cpu: Cpu, inInterrupt: boolean): Agent => {
      const index = 2 * cpu.id + (inInterrupt ? 1 : 0);
      return { index, cpu, inInterrupt, clocks: new Float64Array(2 * cpus.length), section: null };
    };
    this.#sides = cpus.map((cpu) => ({
      process: agent(cpu, false),
      interrupt: agent(cpu, true),
      depth: 0,
      locks: [],
    }));
    this.#agents = this.#sides.flatMap(({ process, interrupt }) => [process, interrupt]);
    for (const each of this.#agents) tick(each);
    for (const cpu of cpus) this.#watch(cpu);
    this.#watchMachine();
  }

  /** Looks no further; what was found stays. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** The races found so far, one for each pair of fields, kinds, functions and contexts, in order of appearance. */
  get races(): readonly Race[] {
    return [...this.#races.values()];
  }

  /** The words (address / 4) of which races were found. */
  get racingWords(): ReadonlySet<number> {
    return this.#racing;
  }

  /**
   * Host code is about to hand something over: what the program on `cpu` has done, and does before it next synchronises,
   * comes before what follows `receive` of the same `token`.
   */
  publish(cpu: Cpu, token: unknown): void {
    this.#published.set(token, this.#agentOf(cpu).clocks.slice());
  }

  /** Receives what was published under `token`, if anything was; in any case what follows is not part of a `publish`. */
  receive(cpu: Cpu, token: unknown): void {
    const agent = this.#agentOf(cpu);
    const clocks = this.#published.get(token);
    this.#published.delete(token);
    if (clocks !== undefined) join(agent, clocks);
    tick(agent);
  }

  #agentOf(cpu: Cpu): Agent {
    const side = this.#sides[cpu.id];
    return side.depth > 0 ? side.interrupt : side.process;
  }

  #watch(cpu: Cpu): void {
    const side = this.#sides[cpu.id];
    const { process, interrupt } = side;
    if (!cpu.interruptsOn) process.section = { end: null };
    this.#undo.push(
      observe(cpu, (_, kind, addr, bytes) => {
        if (kind !== 'p') this.#access(side, kind, addr, bytes);
      }),
      interpose(cpu, {
        cli: (cli) => () => {
          if (cpu.interruptsOn && side.depth === 0) beginSection(process);
          cli();
        },
        sti: (sti) => () => {
          if (!cpu.interruptsOn && side.depth === 0) endSection(process);
          return sti();
        },
      }),
      interpose(cpu.apic, {
        start: (start) => () => {
          if (this.#last !== null) {
            for (const each of [process, interrupt]) join(each, this.#last.clocks);
            tick(this.#last);
          }
          start();
        },
        stop: (stop) => () => {
          stop();
          this.#everythingSoFarIsBefore();
        },
        accept: (accept) => (clock) => {
          const vector = accept(clock);
          if (vector < 0) return vector;
          if (side.depth++ === 0) {
            this.#forgetBelow(cpu.esp);
            beginSection(interrupt);
          }
          const clocks = this.#sent.get(`${cpu.id} ${vector}`);
          this.#sent.delete(`${cpu.id} ${vector}`);
          if (clocks !== undefined) join(interrupt, clocks);
          return vector;
        },
        endOfInterrupt: (endOfInterrupt) => () => {
          endOfInterrupt();
          if (--side.depth > 0) return;
          endSection(interrupt);
          this.#forgetBelow(cpu.esp);
        },
      }),
    );
  }

  /**
   * Below its stack pointer nobody has anything: where a handler's frames are, there were frames of the program that it
   * interrupts, and will be.
   */
  #forgetBelow(esp: addr_t): void {
    let end = esp;
    for (let page = (esp - 1) >>> PAGE_SHIFT; ; page--) {
      const base = this.#stackIn(page);
      for (let word = base >>> 2; word < end >>> 2; word++) this.#words.delete(word);
      end = page << PAGE_SHIFT;
      if (base !== end) return;
    }
  }

  /** Where stack begins in a page; its end, if it has none. */
  #stackIn(page: number): addr_t {
    const known = this.#stacks.get(page);
    if (known !== undefined) return known;
    let addr = page << PAGE_SHIFT;
    const end = addr + PAGE_SIZE;
    while (addr < end && this.#place(addr).field !== 'stack') addr += 4;
    this.#stacks.set(page, addr);
    return addr;
  }

  #watchMachine(): void {
    const { machine } = this.#k;
    const { scheduler } = machine;
    this.#undo.push(
      interpose(machine, {
        sendIpi: (send) => (from, to, vector) => {
          const agent = this.#agentOf(from);
          for (const { id } of to) {
            const key = `${id} ${vector}`;
            this.#sent.set(key, joined(this.#sent.get(key), agent.clocks));
          }
          tick(agent);
          send(from, to, vector);
        },
      }),
      interpose(scheduler, {
        run: (run) => () => {
          this.#everythingSoFarIsBefore();
          this.#last = null;
          run();
          this.#last = null;
        },
        at: (at) => (time, action) => {
          at(time, () => {
            this.#last = null;
            action();
          });
        },
        wake: (wake) => (context, time) => {
          this.#sets(context);
          wake(context, time);
        },
        spawn: (spawn) => {
          const told: typeof spawn = (cpu, program, esp) => {
            const context = spawn(cpu, program, esp);
            this.#sets(context);
            return context;
          };
          return told;
        },
      }),
    );
  }

  /** The program that runs sets `context` going. */
  #sets({ cpu }: Context): void {
    const from = this.#last;
    if (from === null) return;
    join(this.#sides[cpu.id].process, from.clocks);
    tick(from);
  }

  #everythingSoFarIsBefore(): void {
    const all = new Float64Array(this.#agents.length);
    for (const { clocks } of this.#agents) raise(all, clocks);
    for (const agent of this.#agents) {
      agent.clocks.set(all);
      tick(agent);
    }
  }

  #access(side: Side, kind: AccessKind, address: addr_t, bytes: number): void {
    const { cpu } = side.process;
    const agent = side.depth > 0 ? side.interrupt : side.process;
    this.#last = agent;
    const synchronises = this.#synchronises(cpu, kind, address, bytes);
    let access: Access | null = null;
    for (let index = address >>> 2; index <= (address + bytes - 1) >>> 2; index++) {
      let word = this.#words.get(index);
      if (word === undefined) {
        word = { write: null, reads: null, syncs: null, known: null, isLock: false };
        this.#words.set(index, word);
      }
      if (!synchronises && isRepeated(word, agent, kind)) continue;
      access ??= this.#record(side, agent, kind, address, bytes);
      if (synchronises) this.#synchronise(word, access);
      else if (kind === 'r') this.#read(word, access);
      else this.#write(word, access);
    }
  }

  #record(side: Side, agent: Agent, kind: AccessKind, address: addr_t, bytes: number): Access {
    const { cpu, section } = agent;
    const { locksHeld, interruptsOn, clock } = cpu;
    if (locksHeld.length !== side.locks.length || locksHeld.some((lock, i) => lock !== side.locks[i])) {
      side.locks = [...locksHeld];
    }
    const trace = this.#notesFunction(address, bytes) ? new Error() : null;
    const time = agent.clocks[agent.index];
    return { agent, time, section, kind, address, bytes, interruptsOn, locks: side.locks, clock, trace };
  }

  #notesFunction(address: addr_t, bytes: number): boolean {
    if (typeof this.#functions === 'boolean') return this.#functions;
    for (let word = address >>> 2; word <= (address + bytes - 1) >>> 2; word++) {
      if (this.#functions.has(word)) return true;
    }
    return false;
  }

  /** A locked operation, the release of a lock, a poll of a lock or of what other CPUs count in the call data. */
  #synchronises(cpu: Cpu, kind: AccessKind, address: addr_t, bytes: number): boolean {
    if (kind === 'x') return true;
    if (kind === 'w') return bytes === 1 && cpu.locksHeld.includes(address);
    if (bytes === 1) return this.#words.get(address >>> 2)?.isLock === true;
    return this.#k.awaitsHandlers(cpu, address);
  }

  #synchronise(word: Word, access: Access): void {
    const { agent, kind, bytes } = access;
    // A release learns nothing from the lock word: the holder joined it when it took the lock.
    if (kind !== 'w' && word.known !== null) join(agent, word.known);
    if (word.write !== null) this.#check(word.write, access);
    if (kind !== 'r') for (const read of readsOf(word)) this.#check(read, access);
    word.syncs ??= [];
    if (kind !== 'r' || word.syncs[agent.index] === undefined) word.syncs[agent.index] = access;
    // lock; decb takes a lock or fails: whoever spins has nothing to tell to those who take it before him.
    const takesLock = kind === 'x' && bytes === 1;
    if (takesLock) word.isLock = true;
    if (takesLock || kind === 'r') return;
    word.known = agent.clocks.slice();
    tick(agent);
  }

  #read(word: Word, access: Access): void {
    const { agent } = access;
    if (word.write !== null) this.#check(word.write, access);
    word.syncs?.forEach((sync) => {
      if (sync.kind !== 'r') this.#check(sync, access);
    });
    const { reads } = word;
    if (Array.isArray(reads)) reads[agent.index] = access;
    else if (reads === null || isBefore(reads, agent)) word.reads = access;
    else {
      word.reads = [];
      word.reads[reads.agent.index] = reads;
      word.reads[agent.index] = access;
    }
  }

  #write(word: Word, access: Access): void {
    if (word.write !== null) this.#check(word.write, access);
    for (const read of readsOf(word)) this.#check(read, access);
    word.syncs?.forEach((sync) => {
      this.#check(sync, access);
    });
    word.write = access;
    word.reads = null;
  }

  /** Two accesses in conflict: ordered, kept apart by masking (which orders them from now on), or a race. */
  #check(first: Access, second: Access): void {
    const { agent, section } = second;
    if (first.agent === agent) return;
    if (first.agent.cpu === agent.cpu && first.section?.end != null && section !== null) {
      join(agent, first.section.end);
    }
    if (!isBefore(first, agent)) this.#report(first, second);
  }

  #report(first: Access, second: Access): void {
    // Both touch it: where the later of two ranges that overlap begins.
    this.#racing.add(Math.max(first.address, second.address) >>> 2);
    const sites = [first, second].map(
      (access) => `${access.agent.index} ${access.kind} ${callingFunction(access.trace)}`,
    );
    const site = `${second.address >>> 2} ${sites.join(' ')}`;
    let race = this.#known.get(site);
    if (race === undefined) {
      const found: Race = { first: this.#told(first), second: this.#told(second), count: 0 };
      const sides = [found.first, found.second].map(
        ({ field, kind, fn, context }) => `${field} ${kind} ${fn} ${context}`,
      );
      const key = `${first.agent.cpu === second.agent.cpu} ${sides.sort().join(' / ')}`;
      race = this.#races.get(key) ?? found;
      this.#races.set(key, race);
      this.#known.set(site, race);
    }
    race.count++;
  }

  #told(access: Access): RaceAccess {
    const { agent, interruptsOn, kind, address, bytes, locks, clock } = access;
    const { field, owner } = this.#place(address);
    return {
      cpu: agent.cpu.id,
      context: agent.inInterrupt ? 'interrupt' : 'process',
      interruptsOn,
      kind,
      address,
      bytes,
      field,
      owner,
      fn: callingFunction(access.trace),
      locks: locks.map((lock) => tellPlace(this.#place(lock))),
      clock,
    };
  }
}

function tick(agent: Agent): void {
  agent.clocks[agent.index]++;
}

function join(agent: Agent, other: Clocks): void {
  raise(agent.clocks, other);
}

function raise(clocks: Clocks, other: Clocks): void {
  for (let i = 0; i < clocks.length; i++) if (other[i] > clocks[i]) clocks[i] = other[i];
}

function joined(some: Clocks | undefined, others: Clocks): Clocks {
  return others.map((time, i) => Math.max(time, some?.[i] ?? 0));
}

function beginSection(agent: Agent): void {
  agent.section = { end: null };
  tick(agent);
}

function endSection(agent: Agent): void {
  if (agent.section === null) return;
  agent.section.end = agent.clocks.slice();
  agent.section = null;
  tick(agent);
}

function isBefore({ agent, time }: Access, later: Agent): boolean {
  return time <= later.clocks[agent.index];
}

/** The same agent did the same in the same epoch: nothing can have changed. */
function isRepeated({ write, reads, syncs }: Word, agent: Agent, kind: AccessKind): boolean {
  const last = kind === 'w' ? write : Array.isArray(reads) ? reads[agent.index] : reads;
  if (last?.agent !== agent || last.time !== agent.clocks[agent.index]) return false;
  return kind === 'r' || (reads === null && syncs === null);
}

/** The reads that are there: in the array, agents that have not read leave holes, which `filter` passes over. */
function readsOf({ reads }: Word): readonly Access[] {
  return Array.isArray(reads) ? reads.filter(() => true) : reads === null ? [] : [reads];
}

const verbs = { r: 'reads', w: 'writes', x: 'locks' };

function tellAccess(access: RaceAccess): string {
  const { cpu, context, interruptsOn, kind, bytes, address, fn, locks, clock } = access;
  const where = context === 'interrupt' ? ', in an interrupt' : interruptsOn ? '' : ', interrupts off';
  const what = `${tellPlace(access)} (${bytes} bytes at 0x${address.toString(16).padStart(8, '0')})`;
  const holding = locks.length === 0 ? 'no lock' : locks.join(', ');
  return `cpu${cpu} at ${clock}${where} ${verbs[kind]} ${what}${fn === '' ? '' : ` in ${fn}`}, holding ${holding}`;
}

/** The race in two lines and a count. */
export function tellRace({ first, second, count }: Race): string {
  return `${tellAccess(first)}\n${tellAccess(second)}\n${count} times`;
}
