/**
 * Known devices (identity ID-40): browsers from which somebody logged in with two factors before. A cookie of a random value
 * names the browser for 90 days; the record is found by the hash of value and account together, so that it says nothing of
 * other accounts. It replaces no factor: guesses from elsewhere do not count against it.
 */
import type { RandomBytes } from '../identity/seal.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import { bearerHash } from './changes.ts';

interface KnownDevice {
  /** The key of its record. */
  readonly key: string;
  /** Several people use it: sessions lock sooner. */
  readonly shared: boolean;
}

interface Devices {
  /** The device of a cookie's value, where this account logged in from it. */
  known(value: string | undefined, account: string): Promise<KnownDevice | undefined>;
  /**
   * The record that makes a device known to the account, for the commit of a login with two factors.
   *
   * @param value of the cookie, where the browser has one: it stays
   */
  remember(
    value: string | undefined,
    of: { readonly account: string; readonly shared: boolean },
  ): { readonly value: string; readonly key: string; readonly record: RecordWrite };
}

const KIND = 'device';
const VALUE = /^[\w-]{43}$/;
const VALUE_BYTES = 32;

/** How long a device is known after a login from it. */
export const DEVICE_MS = 90 * 24 * 60 * 60_000;

export function createDevices({
  store,
  clock,
  random,
}: {
  readonly store: Pick<Store, 'snapshot'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
}): Devices {
  return {
    async known(value, account) {
      if (value === undefined || !VALUE.test(value)) return undefined;
      const key = keyOf(value, account);
      const record = await store.snapshot().record(KIND, key);
      if (record === undefined) return undefined;
      const { shared } = record.body as { readonly shared: boolean }; // this file alone writes the kind
      return { key, shared };
    },
    remember(given, { account, shared }) {
      const isFit = given !== undefined && VALUE.test(given);
      const value = isFit ? given : random(VALUE_BYTES).toString('base64url');
      const key = keyOf(value, account);
      const at = clock.now();
      const record: RecordWrite = {
        kind: KIND,
        key,
        expect: 'any',
        body: { account, shared, at },
        expiresAt: at + DEVICE_MS,
        index: [['account', account]],
      };
      return { value, key, record };
    },
  };
}

const keyOf = (value: string, account: string): string => bearerHash(`${value}~${account}`);
