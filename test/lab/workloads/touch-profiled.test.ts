/** What the touch model draws from a profile, on CPUs whose accesses are written down. */
import { describe, expect, test } from 'vitest';
import type { Cpu } from '../../../src/hw/cpu.ts';
import { PROFILE_FORM, type TouchProfile, type Usage } from '../../../src/lab/traces/touch-profile.ts';
import type { TouchModel } from '../../../src/lab/workloads/touch-model.ts';
import { profiled } from '../../../src/lab/workloads/touch-profiled.ts';
import { machineOf } from '../../hw/tiny-machine.ts';

const OBJECT = 0x10_0000;
const none: Usage = {
  ...{ objects: 1, touches: 1, episodesPerOperation: 0, otherThread: 0, reuse: [1] },
  ...{ initialisation: { '': 1 }, use: { '': 1 }, release: { '': 1 } },
};
const profileOf = (
  caches: Record<string, Partial<Usage>>,
  sizes: Record<string, Partial<Usage>> = {},
): TouchProfile => {
  const whole = (usages: Record<string, Partial<Usage>>) =>
    Object.fromEntries(Object.entries(usages).map(([name, usage]) => [name, { ...none, ...usage }]));
  return { form: PROFILE_FORM, source: 'made', caches: whole(caches), sizes: whole({ 64: {}, ...sizes }) };
};

/** Cache 0 is dentry; others have no name. */
function watched(profile: TouchProfile, cpus = 1) {
  const log: string[] = [];
  const machine = machineOf(cpus);
  for (const cpu of machine.cpus) {
    const note = (kind: string) => (addr: number, bytes: number) => {
      log.push(`${cpus > 1 ? `cpu${cpu.id} ` : ''}${kind}${addr - OBJECT}:${bytes}`);
    };
    Object.assign(cpu, { read: note('r'), write: note('w'), modify: note('m') });
  }
  const model = profiled('seed', profile, (cache) => (cache === 0 ? 'dentry' : undefined));
  const during = (action: (model: TouchModel, cpus: readonly Cpu[]) => void) => {
    log.length = 0;
    action(model, machine.cpus);
    return [...log];
  };
  return { during };
}

describe('one object', () => {
  const { during } = watched(
    profileOf({ dentry: { initialisation: { 'w0:8x3 r4:4': 1 }, use: { 'm8:4': 1 }, release: { 'r16:2': 1 } } }),
  );

  test('is initialised as objects of its cache were', () => {
    expect(during((model, [cpu]) => model.allocated(cpu!, 0, OBJECT, 64))).toEqual(['w0:8', 'w8:8', 'w16:8', 'r4:4']);
  });
  test('is used so where a workload uses it', () => {
    expect(during((model, [cpu]) => model.used(cpu!, 0, OBJECT, 64))).toEqual(['m8:4']);
  });
  test('is released so', () => {
    expect(during((model, [cpu]) => model.freeing(cpu!, 0, OBJECT, 64))).toEqual(['r16:2']);
  });
});

test('of an object that is smaller than those of the profile, only what it has is touched', () => {
  const { during } = watched(profileOf({ dentry: { initialisation: { 'w0:8x8 r40:8 r12:4': 1 } } }));
  expect(during((model, [cpu]) => model.allocated(cpu!, 0, OBJECT, 16))).toEqual(['w0:8', 'w8:8', 'r12:4']);
});

test.each([
  [64, 'w0:4'],
  [40, 'w0:4'],
  [8, 'w0:4'],
  [200, 'w4:4'],
  [5000, 'w8:4'],
])('an object of %i bytes without a named cache is as those of its size, or of the next size to it', (size, first) => {
  const sizes = {
    64: { initialisation: { 'w0:4': 1 } },
    256: { initialisation: { 'w4:4': 1 } },
    4096: { initialisation: { 'w8:4': 1 } },
  };
  const { during } = watched(profileOf({}, sizes));
  expect(during((model, [cpu]) => model.allocated(cpu!, 3, OBJECT, size))).toEqual([first]);
});

test('every operation owes what the profile counts, and in the long run all of it is paid', () => {
  const { during } = watched(profileOf({ dentry: { episodesPerOperation: 2.5, use: { 'r0:4': 1 } } }));
  const log = during((model, [cpu]) => {
    for (let i = 0; i < 4000; i++) model.allocated(cpu!, 0, OBJECT + 64 * i, 64);
  });
  // 64 operations' worth is still owed.
  expect(Math.abs(log.length / (2.5 * (4000 - 64)) - 1)).toBeLessThan(0.02);
});

const used = (reuse: number[]) => profileOf({ dentry: { episodesPerOperation: 1, reuse, use: { 'r0:4': 1 } } });

describe('which object is used', () => {
  /** Eight objects that stay, and one that comes and goes; the addresses of those used, in order. */
  const usedOf = (reuse: number[]) => {
    const { during } = watched(used(reuse));
    return during((model, [cpu]) => {
      for (let i = 0; i < 8; i++) model.allocated(cpu!, 0, OBJECT + 64 * i, 64);
      for (let i = 0; i < 4000; i++) {
        model.allocated(cpu!, 0, OBJECT + 1024, 64);
        model.freeing(cpu!, 0, OBJECT + 1024, 64);
      }
    });
  };

  test('with a re-use distance of 0 the last one, which is the one just made', () => {
    expect(new Set(usedOf([1]))).toEqual(new Set(['r1024:4', 'r448:4']));
  });
  test('with longer distances all of them in turn', () => {
    expect(new Set(usedOf([0, 0, 0, 1, 1])).size).toBe(9);
  });
});

describe('objects between CPUs', () => {
  /** Each CPU makes four; of what it then uses, the share made or used last by itself. */
  const foreign = (otherThread: number) => {
    const { during } = watched(
      profileOf({ dentry: { episodesPerOperation: 1, reuse: [0, 0, 1, 1], use: { 'r0:4': 1 }, otherThread } }),
      2,
    );
    const log = during((model, cpus) => {
      for (let i = 0; i < 4000; i++) {
        const cpu = cpus[i % 2]!;
        const own = OBJECT + 4096 * cpu.id + 64 * (i % 8);
        if (i >= 8) model.freeing(cpu, 0, own, 64);
        model.allocated(cpu, 0, own, 64);
      }
    });
    const own = log.filter((line) => {
      const [cpu, at] = line.split(' r') as [string, string];
      return cpu === (Number.parseInt(at, 10) < 4096 ? 'cpu0' : 'cpu1');
    });
    return 1 - own.length / log.length;
  };

  test('stay where they are if the profile says so', () => {
    expect(foreign(0)).toBeLessThan(0.1);
  });
  test('change CPUs if the profile says so', () => {
    expect(foreign(1)).toBeGreaterThan(0.4);
  });
});

test('draws of one CPU do not depend on another', () => {
  const profile = profileOf({ dentry: { initialisation: { 'w0:4': 1, 'w4:4': 1, 'w8:4': 1 } } });
  const ofFirst = (withOther: boolean) =>
    watched(profile, 2)
      .during((model, cpus) => {
        for (let i = 0; i < 50; i++) {
          model.allocated(cpus[0]!, 0, OBJECT, 64);
          if (withOther) model.allocated(cpus[1]!, 0, OBJECT + 64, 64);
        }
      })
      .filter((line) => line.startsWith('cpu0'));
  expect(ofFirst(true)).toEqual(ofFirst(false));
});
