/**
 * A litmus test on the emulated CPUs: each thread a program on a CPU of its own with a store buffer, each location in a
 * line of its own. The seed draws how long a thread pauses before each instruction, and when buffered stores drain.
 */

import { below, type Random, seeded } from '../../base/random.ts';
import type { Cpu, Program } from '../../hw/cpu.ts';
import { cpuModels } from '../../hw/cpu-models.ts';
import { Machine } from '../../hw/machine.ts';
import { type addr_t, PAGE_SIZE } from '../../hw/memory.ts';
import { P6_STORE_BUFFER_DEPTH } from '../../hw/store-buffer.ts';
import type { MemoryModel } from './explore.ts';
import {
  type FinalState,
  type Instruction,
  type LitmusTest,
  locationsOf,
  type Operand,
  observables,
} from './litmus-test.ts';

const MODEL = cpuModels['pentium-iii'];
/** Cycles: two dozen misses, so that one CPU may take all its steps between two of another. */
const LONGEST_PAUSE = 3000;

/**
 * The final state of one run; the same for the same seed. Under `sc` the CPUs have no store buffers. Throws an InputError for
 * more threads than a machine has CPUs.
 */
export function runOnCpus(test: LitmusTest, seed: string, model: MemoryModel = 'tso'): FinalState {
  const locations = locationsOf(test);
  const linesInPage = PAGE_SIZE / MODEL.l1.line;
  const machine = new Machine({
    model: MODEL,
    cpus: Math.max(1, test.threads.length),
    memory: (1 + Math.ceil(locations.length / linesInPage)) * PAGE_SIZE,
    ...(model === 'tso' ? { storeBuffer: { depth: P6_STORE_BUFFER_DEPTH, random: seeded(seed, 'drains') } } : {}),
  });
  const addressOf = new Map(locations.map((location, i) => [location, PAGE_SIZE + i * MODEL.l1.line]));
  for (const [location, addr] of addressOf) machine.memory.poke32(addr, test.init[location] ?? 0);
  const values = new Map(Object.entries(test.init));
  const pauses = seeded(seed, 'pauses');
  test.threads.forEach((thread, id) => {
    machine.scheduler.spawn(machine.cpus[id], execute(machine.cpus[id], thread, addressOf, values, pauses));
  });
  machine.scheduler.run();
  for (const [location, addr] of addressOf) values.set(location, machine.memory.peek32(addr));
  return Object.fromEntries(observables(test).map((name) => [name, values.get(name) ?? 0]));
}

/** Registers are the entries `thread:REG` of `values`. */
function* execute(
  cpu: Cpu,
  thread: readonly Instruction[],
  addressOf: ReadonlyMap<string, addr_t>,
  values: Map<string, number>,
  pauses: Random,
): Program {
  const valueFrom = (from: Operand) => ('value' in from ? from.value : (values.get(`${cpu.id}:${from.register}`) ?? 0));
  const setRegister = (register: string, value: number) => values.set(`${cpu.id}:${register}`, value);
  for (const instruction of thread) {
    cpu.idleUntil(cpu.clock + pause(pauses));
    yield;
    switch (instruction.op) {
      case 'store':
        cpu.store32(addressOf.get(instruction.location)!, valueFrom(instruction.from));
        break;
      case 'load':
        setRegister(instruction.register, cpu.load32(addressOf.get(instruction.location)!));
        break;
      case 'exchange': {
        const { location, register } = instruction;
        setRegister(register, cpu.lockXchg32(addressOf.get(location)!, valueFrom({ register })));
        break;
      }
      case 'move':
        setRegister(instruction.register, valueFrom(instruction.from));
        break;
      case 'mfence':
        cpu.mfence();
        break;
      case 'nop':
        break;
    }
  }
}

/** None half the time, so that no pause between some steps is as likely as a long one. */
function pause(random: Random): number {
  return random() < 0.5 ? 0 : below(random, LONGEST_PAUSE);
}
