/** The throttle: what each failure costs, who pays for it, and what survives a restart. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAddressBrake } from '../../../src/accounts/address-brake.ts';
import { createThrottling } from '../../../src/accounts/throttling.ts';
import { FAILURES_MAX, mayTry, oneMore } from '../../../src/identity/throttle.ts';
import { handClock } from '../../contract/store-world.ts';
import { from, openFactorWorld, PASSWORD, type FactorWorld } from './factor-world.ts';

const LOGIN = 'ann@clinic.example';
let world: FactorWorld;
beforeEach(async () => {
  world = await openFactorWorld();
});
afterEach(() => world.end());

const tryTo = (password: string, address = '203.0.113.1', device?: string) =>
  world.factors.password({ login: LOGIN, password }, from(address, device));
/** So many failures in a row, each after its wait, from a new address each. */
async function fail(times: number, device?: string): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    world.clock.at += 900_000;
    expect(await tryTo('wrong', `203.0.${i}.1`, device)).toMatchObject({ code: 'login-wrong' });
  }
}

describe('failures', () => {
  test.each([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 1],
    [5, 2],
    [6, 4],
    [7, 8],
    [13, 512],
    [14, 900],
    [99, 900],
    [100, undefined],
    [101, undefined],
  ])('(identity ID-41) after %d in a row one waits %d seconds', (count, seconds) => {
    const failures = { count, lastAt: 1000 };
    expect(mayTry(failures, 1000)).toEqual(seconds === 0 ? { ok: true } : { ok: false, retryAfter: seconds });
    const later = mayTry(failures, 1000 + (seconds ?? 0) * 1000);
    expect(later.ok).toBe(seconds !== undefined);
  });

  test('are counted, with the time of the last', () => {
    expect(oneMore(undefined, 5)).toEqual({ count: 1, lastAt: 5 });
    expect(oneMore({ count: 3, lastAt: 5 }, 9)).toEqual({ count: 4, lastAt: 9 });
  });

  test('(identity ID-41) a success forgets them', async () => {
    await world.person('ann');
    await fail(6);
    world.clock.at += 900_000;
    expect(await tryTo(PASSWORD)).toMatchObject({ ok: true });
    for (let i = 0; i < 3; i += 1) expect(await tryTo('wrong')).toMatchObject({ code: 'login-wrong' });
  });

  test('(identity ID-41) after a hundred the factor is closed to strangers, not to the person’s own browser', async () => {
    await world.person('ann');
    const device = await world.device('ann');
    await fail(FAILURES_MAX);
    world.clock.at += 24 * 3_600_000;
    expect(await tryTo(PASSWORD)).toEqual({ ok: false, code: 'factor-closed' });
    expect(await tryTo(PASSWORD, '203.0.113.1', device)).toMatchObject({ ok: true });
    expect((await world.events()).filter((event) => event === 'lockout')).toHaveLength(1);
  });

  test('(identity ID-41) a known browser has a count of its own', async () => {
    await world.person('ann');
    const device = await world.device('ann');
    await fail(FAILURES_MAX, device);
    world.clock.at += 900_000;
    expect(await tryTo(PASSWORD, '203.0.113.1', device)).toEqual({ ok: false, code: 'factor-closed' });
    expect(await tryTo(PASSWORD)).toMatchObject({ ok: true });
  });

  test('(identity ID-41) a browser known to one account is a stranger to another', async () => {
    await world.person('ann');
    await world.person('bob');
    const device = await world.device('bob');
    await fail(6);
    expect(await tryTo(PASSWORD, '203.0.113.1', device)).toMatchObject({ code: 'too-many-attempts' });
  });

  test('(identity ID-43) at accounts survive a restart', async () => {
    await world.person('ann');
    await fail(6);
    const restarted = world.having({ throttling: createThrottling({ ...world, alarm: () => undefined }) });
    expect(await restarted.password({ login: LOGIN, password: PASSWORD }, from('203.0.113.1'))).toEqual({
      ok: false,
      code: 'too-many-attempts',
      retryAfter: 4,
    });
  });

  test('(identity ID-20) a name that nobody has is slowed down as one that somebody has', async () => {
    await world.person('ann');
    const said = async (login: string): Promise<readonly unknown[]> => {
      const answers: unknown[] = [];
      for (let i = 0; i < 8; i += 1)
        answers.push(await world.factors.password({ login, password: 'wrong' }, from(`203.0.${i}.9`)));
      return answers;
    };
    expect(await said('nobody@clinic.example')).toEqual(await said(LOGIN));
  });

  test('(identity 10) each is in the audit, seen by the organization, without the login name', async () => {
    await world.person('ann');
    await fail(2);
    await world.factors.password({ login: 'nobody@clinic.example', password: 'wrong' }, from('203.0.113.1'));
    const failed = (await world.rows())
      .map(({ entry }) => entry)
      .filter(({ issue }) => issue === 'login-failed');
    expect(failed.map(({ identity }) => identity)).toEqual([
      { account: 'ann', detail: { factor: 'password', failures: '1' } },
      { account: 'ann', detail: { factor: 'password', failures: '2' } },
      { detail: { factor: 'password', failures: '1' } },
    ]);
    expect(JSON.stringify(failed)).not.toContain('clinic.example');
  });
});

describe('the brake on addresses', () => {
  const BRAKES = {
    address: { failures: 20, withinMs: 300_000 },
    installation: { failures: 50, withinMs: 300_000 },
  };
  const taken = (brake: ReturnType<typeof createAddressBrake>, address: string, times: number): number =>
    Array.from({ length: times }, () => brake.take(address)).filter(({ ok }) => ok).length;

  test('(identity ID-42) lets twenty failures through in five minutes, then one each quarter of a minute', () => {
    const clock = handClock();
    const brake = createAddressBrake(clock, BRAKES);
    expect(taken(brake, '203.0.113.1', 100)).toBe(20);
    expect(brake.take('203.0.113.1')).toEqual({ ok: false, retryAfter: 15, everybody: false });
    expect(taken(brake, '203.0.113.2', 1)).toBe(1);
    clock.at += 15_000;
    expect(taken(brake, '203.0.113.1', 100)).toBe(1);
    clock.at += 300_000;
    expect(taken(brake, '203.0.113.1', 100)).toBe(20);
  });

  test('(identity ID-42) what was no failure is given back', () => {
    const brake = createAddressBrake(handClock(), BRAKES);
    for (let i = 0; i < 100; i += 1) {
      const place = brake.take('203.0.113.1');
      expect(place.ok).toBe(true);
      if (place.ok) place.giveBack();
    }
  });

  test('(identity ID-42) has a bound for the whole installation', () => {
    const brake = createAddressBrake(handClock(), BRAKES);
    const all = Array.from({ length: 100 }, (_, i) => brake.take(`203.0.${i}.1`));
    expect(all.filter(({ ok }) => ok)).toHaveLength(50);
    expect(all.at(-1)).toEqual({ ok: false, retryAfter: 6, everybody: true });
  });

  test.each([
    ['2001:db8:1:2::1', '2001:0db8:0001:0002:ffff::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '0:0:0:0:5::', true],
    ['::ffff:203.0.113.1', '203.0.113.1', true],
    ['203.0.113.1', '203.0.113.2', false],
  ])('%s and %s are one: %s', (one, other, are) => {
    const brake = createAddressBrake(handClock(), BRAKES);
    expect(taken(brake, one, 20)).toBe(20);
    expect(brake.take(other).ok).toBe(!are);
  });

  test('remembers 20,000 addresses at most, and the latest best', () => {
    const wide = { address: BRAKES.address, installation: { failures: 1e9, withinMs: 1 } };
    const brake = createAddressBrake(handClock(), wide);
    taken(brake, 'first', 20);
    taken(brake, 'kept', 20);
    for (let i = 0; i < 20_000; i += 1) {
      brake.take(`address ${i}`);
      brake.take('kept');
    }
    expect(brake.take('kept').ok).toBe(false);
    expect(brake.take('first').ok).toBe(true);
  });
});
