/** Thousands of guesses: how many passwords are compared for them, and whether everybody else still gets in. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { proofOf } from '../../proof.ts';
import { from, openFactorWorld, PASSWORD, type FactorWorld } from './factor-world.ts';

const PROOF = proofOf('throttle');
const AT_ONCE = 50;
/** All guesses are made within so many seconds. */
const WITHIN_S = 600;
/** Real hashes take tens of milliseconds each, and two run at a time. */
const REAL = Math.ceil(PROOF.runs / 200);

let world: FactorWorld;
beforeEach(async () => {
  world = await openFactorWorld();
});
afterEach(() => world.end());

/** Makes the guesses, some at once, while the clock goes on; the answers by their code. */
async function guesses(
  guess: (n: number) => Promise<{ readonly ok: boolean; readonly code?: string }>,
): Promise<Readonly<Record<string, number>>> {
  const said: Record<string, number> = {};
  for (let n = 0; n < PROOF.runs; n += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, PROOF.runs - n) }, (_, i) => guess(n + i));
    for (const { ok, code = '' } of await Promise.all(batch)) {
      const word = ok ? 'in' : code;
      said[word] = (said[word] ?? 0) + 1;
    }
    world.clock.at += Math.round((WITHIN_S * 1000 * AT_ONCE) / PROOF.runs);
  }
  return said;
}

const addressOf = (n: number): string => `203.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const tryTo = (login: string, password: string, address: string, device?: string) =>
  world.factors.password({ login, password }, from(address, device));

describe('guessing', () => {
  test(
    '(identity ID-41) at one account from everywhere: a few dozen comparisons, and its person gets in',
    async () => {
      await world.person('ann');
      const device = await world.device('ann');
      const said = await guesses((n) => tryTo('ann@clinic.example', `guess ${n}`, addressOf(n)));
      expect(said['in']).toBeUndefined();
      expect(said['login-wrong']).toBe(world.hashes());
      expect(world.hashes()).toBeLessThan(24);
      expect(await tryTo('ann@clinic.example', PASSWORD, '203.0.0.1', device)).toMatchObject({ ok: true });
    },
    PROOF.within(20),
  );

  test(
    '(identity ID-42) at many accounts from one address: a few dozen comparisons, and colleagues get in',
    async () => {
      await world.person('ann');
      const device = await world.device('ann');
      const said = await guesses((n) => tryTo(`user${n}@clinic.example`, 'guess', '203.0.0.1'));
      expect(said['in']).toBeUndefined();
      expect(world.hashes()).toBeLessThanOrEqual(20 + (WITHIN_S / 300) * 20);
      expect(world.alarms).toEqual([]);
      expect(await tryTo('ann@clinic.example', PASSWORD, '198.51.100.1')).toMatchObject({ ok: true });
      expect(await tryTo('ann@clinic.example', PASSWORD, '203.0.0.1', device)).toMatchObject({ ok: true });
    },
    PROOF.within(20),
  );

  test(
    '(identity ID-42) at many accounts from everywhere: the brake of the installation, and an alarm',
    async () => {
      await world.person('ann');
      const device = await world.device('ann');
      await guesses((n) => tryTo(`user${n}@clinic.example`, 'guess', addressOf(n)));
      expect(world.hashes()).toBeLessThanOrEqual(300 + WITHIN_S);
      expect(world.alarms.length > 0).toBe(PROOF.runs > 300 + WITHIN_S);
      expect(await tryTo('ann@clinic.example', PASSWORD, '203.0.0.1', device)).toMatchObject({ ok: true });
    },
    PROOF.within(20),
  );

  test(
    '(identity ID-41) at the second factor, by somebody who knows the password: a few dozen codes',
    async () => {
      const secret = await world.person('ann');
      const device = await world.device('ann');
      let tried = 0;
      const said = await guesses(async (n) => {
        if (n % 10 === 0) await tryTo('ann@clinic.example', PASSWORD, addressOf(n));
        const answer = await world.factors.totp('ann', String(n).padStart(6, '0'), from(addressOf(n)));
        if (answer.ok || answer.code === 'code-wrong') tried += 1;
        return answer;
      });
      expect(said['in'] ?? 0).toBeLessThanOrEqual(1); // one in 20,000 guesses is right
      expect(tried).toBeLessThan(24);
      world.clock.at += 60_000;
      const own = await world.factors.totp('ann', world.code(secret), from('203.0.0.1', device));
      expect(own).toMatchObject({ ok: true });
    },
    PROOF.within(40),
  );

  test(
    '(identity ID-25, ID-41) really hashed, each after the wait that it is told',
    async () => {
      const real = await openFactorWorld(true);
      await real.person('ann');
      const waits: number[] = [];
      const guess = (password: string) =>
        real.factors.password({ login: 'ann@clinic.example', password }, from('203.0.0.1'));
      while (real.hashes() < REAL) {
        const answer = await guess(`guess ${real.hashes()}`);
        expect(answer.ok).toBe(false);
        if ('retryAfter' in answer) waits.push(answer.retryAfter ?? 0);
        if ('retryAfter' in answer) real.clock.at += (answer.retryAfter ?? 0) * 1000;
      }
      expect(waits).toEqual(
        [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, ...Array<number>(100).fill(900)].slice(0, waits.length),
      );
      real.clock.at += 900_000;
      expect(await guess(PASSWORD)).toMatchObject({ ok: true });
      await real.end();
    },
    PROOF.within(20),
  );
});
