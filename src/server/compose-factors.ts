/** The roof over factors: passwords, one-time passwords, passkeys and recovery codes, with the brake before them. */
import { randomBytes } from 'node:crypto';
import { createChallenges } from '../accounts/challenges.ts';
import { passkeysElsewhere } from '../accounts/credentials.ts';
import { createDevices } from '../accounts/devices.ts';
import { createFactors, type Factors } from '../accounts/factors.ts';
import { argon2id, createHashing } from '../accounts/hashing.ts';
import { isPasskeyDomain } from '../accounts/passkeys.ts';
import { createThrottling, type Throttling } from '../accounts/throttling.ts';
import type { Log, Warnings } from '../http/log.ts';
import type { Seal } from '../identity/seal.ts';
import type { Store } from '../ports/store.ts';
import { openBreachedPasswords } from './breached-passwords.ts';
import type { Config } from './config.ts';
import { clock } from './time.ts';

interface FactorsRoof {
  readonly config: Pick<Config, 'passkeyDomain' | 'breachedPasswordsFile' | 'passwordLengthMin'>;
  readonly base: string;
  readonly store: Store;
  readonly seal: () => Promise<Seal | undefined>;
  readonly log: Pick<Log, 'write'>;
  readonly warnings: Warnings;
}

export interface ComposedFactors {
  readonly factors: Factors;
  /** Before everything else that can be guessed. */
  readonly throttling: Throttling;
  readonly devices: ReturnType<typeof createDevices>;
  close(): Promise<void>;
}

export function composeFactors({ config, base, store, seal, log, warnings }: FactorsRoof): ComposedFactors {
  const { origin, hostname } = new URL(base);
  const domain = config.passkeyDomain ?? hostname;
  const parts = { store, clock, random: randomBytes };
  const devices = createDevices(parts);
  const throttling = createThrottling({
    store,
    clock,
    alarm: (what) =>
      warnings.warn(what, 'logins fail everywhere; browsers that nobody logged in from before have to wait'),
  });
  const breaches = openBreaches(config.breachedPasswordsFile, log);
  const looking = checkDomain(store, domain, origin, log);
  const factors = createFactors({
    ...parts,
    seal,
    hashing: createHashing(argon2id(randomBytes)),
    throttling,
    devices,
    challenges: createChallenges(parts),
    isBreached: async (sha1) => (await (await breaches)?.has(sha1)) ?? false,
    passwordLengthMin: config.passwordLengthMin,
    site: { domain, origin, name: 'Closeloop' },
  });
  return {
    factors,
    throttling,
    devices,
    async close() {
      await looking;
      await (await breaches)?.close();
    },
  };
}

/** The file of breaches, where there is one: a server without it warns, and goes on with its own list. */
async function openBreaches(
  file: string | undefined,
  log: FactorsRoof['log'],
): Promise<Awaited<ReturnType<typeof openBreachedPasswords>> | undefined> {
  if (file === undefined) return undefined;
  try {
    return await openBreachedPasswords(file);
  } catch (error) {
    log.write('error', 'the file of breached passwords cannot be read', { error: String(error) });
    return undefined;
  }
}

/** Says of a domain that makes passkeys useless; a new one makes all useless that were made before (identity ID-29). */
async function checkDomain(
  store: Store,
  domain: string,
  origin: string,
  log: FactorsRoof['log'],
): Promise<void> {
  if (!isPasskeyDomain(domain, origin))
    log.write(
      'warn',
      'passkeys do not work here: set passkeyDomain to the host of the public base, or reach the server by a name',
      { domain, origin },
    );
  try {
    const passkeys = await passkeysElsewhere(store.snapshot(), domain);
    if (passkeys > 0)
      log.write('warn', 'passkeys were made for another domain and work no more: set passkeyDomain back', {
        domain,
        passkeys,
      });
  } catch (error) {
    log.write('error', 'passkeys could not be looked through', { error: String(error) });
  }
}
