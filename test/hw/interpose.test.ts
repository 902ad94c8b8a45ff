import { describe, expect, test } from 'vitest';
import { interpose } from '../../src/hw/interpose.ts';
import fc from '../fast-check.ts';

class Bell {
  readonly log: string[] = [];

  ring(times: number): number {
    this.log.push(`ring ${times}`);
    return times;
  }

  toll(): void {
    this.log.push('toll');
  }
}

/** Somebody in the way of `ring`, who tells his name and adds one to what is returned. */
const standing = (bell: Bell, name: string) =>
  interpose(bell, {
    ring: (below) => (times) => {
      bell.log.push(name);
      return below(times) + 1;
    },
  });

describe('whoever stands in the way of a method', () => {
  test('is asked in its place, may ask what stands below, and answers', () => {
    const bell = new Bell();
    standing(bell, 'one');
    expect([bell.ring(2), bell.log]).toEqual([3, ['one', 'ring 2']]);
  });

  test('stands in front of those who came before', () => {
    const bell = new Bell();
    standing(bell, 'one');
    standing(bell, 'two');
    expect([bell.ring(2), bell.log]).toEqual([4, ['two', 'one', 'ring 2']]);
  });

  test('may do otherwise', () => {
    const bell = new Bell();
    interpose(bell, { ring: () => () => 7 });
    expect([bell.ring(2), bell.log]).toEqual([7, []]);
  });

  test('is in the way of one object, not of its like', () => {
    const [one, other] = [new Bell(), new Bell()];
    standing(one, 'one');
    expect([other.ring(2), Object.keys(other)]).toEqual([2, ['log']]);
  });

  test('goes but once', () => {
    const bell = new Bell();
    const stop = standing(bell, 'one');
    standing(bell, 'two');
    stop();
    stop();
    bell.ring(1);
    expect(bell.log).toEqual(['two', 'ring 1']);
  });
});

test('when all have gone, in whatever order, the object has no methods of its own', () => {
  const bell = new Bell();
  const stopRing = standing(bell, 'one');
  const stopToll = interpose(bell, { toll: (below) => () => below() });
  expect(Object.keys(bell)).toEqual(['log', 'ring', 'toll']);
  stopRing();
  bell.ring(1);
  stopToll();
  expect([Object.keys(bell), bell.log]).toEqual([['log'], ['ring 1']]);
});

test("a method that was the object's own is so again", () => {
  const bell = new Bell();
  const own = (times: number) => times * 10;
  bell.ring = own;
  const stop = standing(bell, 'one');
  expect(bell.ring(2)).toBe(21);
  stop();
  expect(Object.getOwnPropertyDescriptor(bell, 'ring')).toMatchObject({ value: own });
});

test('whoever comes and goes, those who are there are asked, the last who came first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { maxLength: 40 }), (moves) => {
      const bell = new Bell();
      const there = new Map<number, () => void>();
      for (const who of moves) {
        const stop = there.get(who);
        if (stop === undefined) there.set(who, standing(bell, `${who}`));
        else {
          stop();
          there.delete(who);
        }
        bell.log.length = 0;
        bell.ring(0);
        expect(bell.log).toEqual([...[...there.keys()].reverse().map(String), 'ring 0']);
      }
      for (const stop of there.values()) stop();
      expect(Object.keys(bell)).toEqual(['log']);
    }),
    { seed: 5, numRuns: 100 },
  );
});
