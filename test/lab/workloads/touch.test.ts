import { describe, expect, test } from 'vitest';
import { type TouchModelName, touchModels } from '../../../src/lab/workloads/touch.ts';
import type { TouchModel } from '../../../src/lab/workloads/touch-model.ts';
import { machineOf } from '../../hw/tiny-machine.ts';

const OBJECT = 0x1000;
const range = (words: number) => Array.from({ length: words }, (_, i) => i * 4);

/** CPUs that note their accesses of words instead of making them. */
function watchedCpus(count = 1) {
  const { cpus } = machineOf(count);
  let log: { cpu: number; kind: 'reads' | 'writes'; addr: number }[] = [];
  for (const cpu of cpus) {
    const note = (kind: 'reads' | 'writes') => (addr: number, bytes: number) => {
      expect(bytes).toBe(4);
      log.push({ cpu: cpu.id, kind, addr });
    };
    cpu.read = note('reads');
    cpu.write = note('writes');
  }
  /** What `action` touched. */
  const during = (action: () => void) => {
    log = [];
    action();
    return log;
  };
  return { cpus, cpu: cpus[0]!, during };
}
type Touches = ReturnType<ReturnType<typeof watchedCpus>['during']>;

const offsets = (touches: Touches, kind: 'reads' | 'writes') =>
  touches.filter((touch) => touch.kind === kind).map(({ addr }) => addr - OBJECT);

const nothingKnown = { fieldsOf: () => undefined, profile: undefined, recordedNameOf: () => undefined };

describe.each<[TouchModelName, size: number, written: number, read: number]>([
  ['init-all', 4, 1, 1],
  ['init-all', 6, 2, 2],
  ['init-all', 32, 8, 8],
  ['init-all', 100, 25, 8],
  ['init-head', 4, 1, 1],
  ['init-head', 6, 2, 2],
  ['init-head', 32, 8, 8],
  ['init-head', 100, 8, 8],
])('%s, an object of %i bytes', (name, size, written, read) => {
  const { cpu, during } = watchedCpus();
  const model = touchModels[name]('seed', nothingKnown);

  test(`has its first ${written} words written, once each and in order, when it is allocated`, () => {
    const touches = during(() => model.allocated(cpu, 0, OBJECT, size));
    expect(offsets(touches, 'writes')).toEqual(range(written));
    expect(offsets(touches, 'reads')).toEqual([]);
  });

  test(`has its first ${read} words read when it is freed`, () => {
    const touches = during(() => model.freeing(cpu, 0, OBJECT, size));
    expect(offsets(touches, 'reads')).toEqual(range(read));
    expect(offsets(touches, 'writes')).toEqual([]);
  });
});

describe('hot-fields', () => {
  const hotFields = (seed = 'seed'): TouchModel => touchModels['hot-fields'](seed);

  test.each([
    [1, 1],
    [4, 1],
    [8, 2],
    [12, 3],
    [1000, 3],
  ])(
    'an object of %i bytes has %i hot words: they are written, then 8 look-ups read them and write 2',
    (size, words) => {
      const { cpu, during } = watchedCpus();
      const touches = during(() => hotFields().allocated(cpu, 0, OBJECT, size));
      const [hot, reads] = [offsets(touches, 'writes').slice(0, words), offsets(touches, 'reads')];
      expect(hot.every((offset) => range(Math.max(1, size >>> 2)).includes(offset))).toBe(true);
      expect(reads).toEqual(Array.from({ length: 8 }, () => hot).flat());
      expect(offsets(touches, 'writes').slice(words)).toEqual([hot[0], hot[0]]);
    },
  );

  test('a free looks up what is left, and touches nothing if that is nothing', () => {
    const { cpu, during } = watchedCpus();
    const model = hotFields();
    for (const objp of [OBJECT, OBJECT + 64]) model.allocated(cpu, 0, objp, 4);
    const first = during(() => model.freeing(cpu, 0, OBJECT + 64, 4));
    expect(first.map(({ addr }) => addr)).toEqual(Array.from({ length: 10 }, () => OBJECT));
    expect(during(() => model.freeing(cpu, 0, OBJECT, 4))).toEqual([]);
  });

  test('objects of other caches are not looked up', () => {
    const { cpu, during } = watchedCpus();
    const model = hotFields();
    model.allocated(cpu, 0, OBJECT + 64, 4);
    const touches = during(() => model.allocated(cpu, 1, OBJECT, 4));
    expect(new Set(touches.map(({ addr }) => addr))).toEqual(new Set([OBJECT]));
  });

  test('objects near the front are looked up more often', () => {
    const { cpu, during } = watchedCpus();
    const model = hotFields();
    const touches = during(() => {
      for (let i = 0; i < 400; i++) model.allocated(cpu, 0, OBJECT + 4 * i, 4);
      for (let i = 0; i < 200; i++) model.freeing(cpu, 0, OBJECT + 4 * (399 - i), 4);
    });
    const inFront = offsets(touches, 'reads').filter((offset) => offset < 4 * 100).length;
    expect(inFront / offsets(touches, 'reads').length).toBeGreaterThan(0.6);
  });

  test('the hot words of a cache are those of all its objects, and the seed draws them', () => {
    const { cpu, during } = watchedCpus();
    const hotWords = (model: TouchModel, objp: number) =>
      during(() => model.allocated(cpu, 0, objp, 400))
        .slice(0, 3)
        .map(({ addr }) => addr - objp);
    const model = hotFields();
    expect(hotWords(model, OBJECT)).toEqual(hotWords(model, OBJECT + 400));
    expect(hotWords(hotFields(), OBJECT)).toEqual(hotWords(hotFields(), OBJECT));
    expect(hotWords(hotFields('another'), OBJECT)).not.toEqual(hotWords(hotFields(), OBJECT));
  });

  test('what one CPU draws does not depend on what another does with other caches', () => {
    const { cpus, during } = watchedCpus(2);
    const touchesOf0 = (withOther: boolean) => {
      const model = hotFields();
      const touches = during(() => {
        for (let i = 0; i < 20; i++) {
          model.allocated(cpus[0]!, 0, OBJECT + 64 * i, 64);
          if (withOther) model.allocated(cpus[1]!, 1, 2 * OBJECT + 64 * i, 64);
        }
      });
      return touches.filter(({ cpu }) => cpu === 0);
    };
    expect(touchesOf0(true)).toEqual(touchesOf0(false));
  });
});

describe('fields', () => {
  const count = { name: 'i_count', offset: 8, size: 4, heat: 3, write: 1 };
  const data = { name: 'i_data', offset: 32, size: 7, heat: 1, write: 0 };
  const cold = { name: 'i_ino', offset: 16, size: 4, heat: 0, write: 0 };
  const model = () =>
    touchModels.fields('seed', {
      ...nothingKnown,
      fieldsOf: (cache) => (cache === 0 ? [count, data, cold] : undefined),
    });
  const touched = (action: (model: TouchModel, cpu: ReturnType<typeof machineOf>['cpus'][number]) => void) => {
    const cpu = machineOf(1).cpus[0]!;
    const log: string[] = [];
    cpu.read = (addr, bytes) => log.push(`read ${addr - OBJECT} ${bytes}`);
    cpu.write = (addr, bytes) => log.push(`write ${addr - OBJECT} ${bytes}`);
    action(model(), cpu);
    return log;
  };

  test('are all written when an object is allocated, in parts of a word at most', () => {
    expect(touched((model, cpu) => model.allocated(cpu, 0, OBJECT, 64)).slice(0, 5)).toEqual([
      ...['write 8 4', 'write 32 4', 'write 36 2', 'write 38 1', 'write 16 4'],
    ]);
  });

  test('are used by their heat, and written by their share of writes', () => {
    const log = touched((model, cpu) => {
      for (let i = 0; i < 1000; i++) model.used(cpu, 0, OBJECT, 64);
    });
    const times = (what: string) => log.filter((each) => each === what).length;
    expect(times('write 8 4') + times('read 32 4')).toBe(3000);
    expect(times('write 8 4') / times('read 32 4')).toBeCloseTo(3, 0);
    expect(times('read 16 4') + times('write 16 4')).toBe(0);
  });

  test('that are not named leave an object to init-head', () => {
    const log = touched((model, cpu) => model.allocated(cpu, 1, OBJECT, 64));
    expect(log).toEqual(range(8).map((offset) => `write ${offset} 4`));
  });
});
