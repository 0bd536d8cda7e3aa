/** The factors of accounts over a store, with a hash that costs nothing and is counted. */
import { randomBytes } from 'node:crypto';
import { createChallenges } from '../../../src/accounts/challenges.ts';
import { createDevices } from '../../../src/accounts/devices.ts';
import type { FactorAttempt, FactorParts } from '../../../src/accounts/factor-parts.ts';
import { createFactors, type Factors } from '../../../src/accounts/factors.ts';
import { argon2id, createHashing } from '../../../src/accounts/hashing.ts';
import { accountWrite, loginTaken } from '../../../src/accounts/accounts.ts';
import { createThrottling } from '../../../src/accounts/throttling.ts';
import type { AccountState } from '../../../src/identity/account.ts';
import { HASH_COST } from '../../../src/identity/password-hash.ts';
import { createSeal } from '../../../src/identity/seal.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import type { RecordWrite } from '../../../src/ports/record.ts';
import { totpCode, totpStep } from '../../../src/identity/totp.ts';
import { decodeBase32 } from '../../../src/identity/base32.ts';
import { openIdentityWorld, type IdentityWorld } from './identity-world.ts';

export const ORIGIN = 'https://refer.clinic.example';
export const PASSWORD = 'qhvz kwjx pgyf';

export interface FactorWorld extends IdentityWorld {
  readonly factors: Factors;
  readonly parts: FactorParts;
  /** How often a password was hashed or compared. */
  hashes(): number;
  readonly alarms: readonly string[];
  /** Makes an account without factors. */
  account(id: string, state?: AccountState): Promise<string>;
  /** Makes an active account with password and authenticator application; its secret. */
  person(id: string): Promise<Buffer>;
  /** The code that an authenticator application shows now, or some steps later. */
  code(secret: Buffer, later?: number): string;
  /** A device that the account knows: the value of its cookie. */
  device(account: string): Promise<string>;
  put(...records: RecordWrite[]): Promise<void>;
  /** The same store with other parts. */
  having(changed: Partial<FactorParts>): Factors;
}

export const from = (address: string, device?: string): FactorAttempt => ({
  device,
  address,
  requestId: 'test',
});

/** @param real whether passwords are hashed by argon2id */
export async function openFactorWorld(real = false): Promise<FactorWorld> {
  const world = await openIdentityWorld();
  const { store, clock, random } = world;
  let hashes = 0;
  const alarms: string[] = [];
  const { memory, passes, parallelism } = HASH_COST;
  const cheap = (password: string): string =>
    `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${'B'.repeat(22)}$${Buffer.from(password.padEnd(32)).toString('base64').replaceAll('=', '').slice(0, 43)}`;
  const functions = real
    ? argon2id(randomBytes)
    : {
        hash: async (one: string) => cheap(one),
        verify: async (one: string, phc: string) => cheap(one) === phc,
      };
  const hashing = createHashing({
    hash: (password) => ((hashes += 1), functions.hash(password)),
    verify: (password, phc) => ((hashes += 1), functions.verify(password, phc)),
  });
  const devices = createDevices(world);
  const seal = createSeal(Buffer.alloc(32, 1), random);
  const parts: FactorParts = {
    store,
    clock,
    random,
    seal: async () => seal,
    hashing,
    throttling: createThrottling({ store, clock, alarm: (what) => void alarms.push(what) }),
    devices,
    challenges: createChallenges(world),
    isBreached: async () => false,
    passwordLengthMin: 12,
    site: { domain: 'clinic.example', origin: ORIGIN, name: 'Closeloop' },
  };
  const factors = createFactors(parts);
  const put = async (...records: RecordWrite[]): Promise<void> => {
    await store.commit(auditedCommit([jobEntry('test')], { records }));
  };
  const account: FactorWorld['account'] = async (id, state = 'active') => {
    const body = {
      login: `${id}@clinic.example`,
      name: id,
      state,
      since: clock.now(),
      createdAt: clock.now(),
      administrator: false,
      links: [],
    };
    await put(accountWrite(id, body, 'absent'), loginTaken(body.login, id));
    return id;
  };
  const code: FactorWorld['code'] = (secret, later = 0) => totpCode(secret, totpStep(clock.now()) + later);
  return {
    ...world,
    factors,
    parts,
    hashes: () => hashes,
    alarms,
    account,
    put,
    code,
    having: (changed) => createFactors({ ...parts, ...changed }),
    async person(id) {
      await account(id);
      await must(factors.setPassword(id, PASSWORD, from('192.0.2.1')));
      const begun = await factors.beginTotp(id, 'browser');
      const secret = decodeBase32(begun?.secret ?? '') ?? Buffer.alloc(0);
      await must(factors.confirmTotp(id, 'browser', [code(secret, -1), code(secret)], from('192.0.2.1')));
      clock.at += 60_000;
      hashes = 0;
      return secret;
    },
    async device(of) {
      const { value, record } = devices.remember(undefined, { account: of, shared: false });
      await put(record);
      return value;
    },
  };
}

async function must(kept: Promise<{ readonly ok: boolean }>): Promise<void> {
  const answer = await kept;
  if (!answer.ok) throw new Error(JSON.stringify(answer));
}
