/** The time of the server, when the clock of the machine jumps (baa-messaging BA5). */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { createSteadyClock } from '../../../src/server/time.ts';

test('(baa-messaging BA5) stands where the clock of the machine goes back, and says by how much', () => {
  const machine = { at: 10_000 };
  const clock = createSteadyClock({ now: () => machine.at });
  expect([clock.now(), clock.behindMs()]).toEqual([10_000, 0]);
  machine.at = 4_999;
  expect([clock.now(), clock.behindMs()]).toEqual([10_000, 5_001]);
  machine.at = 10_001;
  expect([clock.now(), clock.behindMs()]).toEqual([10_001, 0]);
});

test('(baa-messaging BA5) is not before the newest commit of an earlier run', () => {
  const clock = createSteadyClock({ now: () => 1_000 });
  clock.notBefore(9_000);
  expect([clock.now(), clock.behindMs()]).toEqual([9_000, 8_000]);
});

test('(baa-messaging BA5) never decreases, whatever the machine says', () => {
  const times = fc.array(fc.integer({ min: 0, max: 1e12 }), { minLength: 1 });
  fc.assert(
    fc.property(times, (given) => {
      const machine = { at: 0 };
      const clock = createSteadyClock({ now: () => machine.at });
      const seen = given.map((at) => {
        machine.at = at;
        return clock.now();
      });
      expect(seen).toEqual(seen.toSorted((one, other) => one - other));
      expect(seen.at(-1)).toBe(Math.max(...given));
    }),
  );
});
