/** The people of the demonstration: how each signs in, and the code that the authenticator of each shows now. */
import { totpCode, totpStep } from '../../src/identity/totp.ts';
import { decodeBase32 } from '../../src/identity/base32.ts';
import type { Side } from './organizations.ts';

/** A person who may sign in, as `--json` prints it. */
export interface DemoUser {
  readonly username: string;
  readonly password: string;
  /** Base32, as an authenticator application takes it. */
  readonly totpSecret: string;
  readonly side: Side | 'administrator';
  readonly role: string;
}

const STEP_MS = 30_000;

/** The codes that are good now, by user name, and until when (milliseconds since 1970) they are shown. */
interface Codes {
  readonly until: number;
  readonly codes: Readonly<Record<string, string>>;
}

/** @param now milliseconds since 1970 */
export function codesNow(users: readonly DemoUser[], now: number): Codes {
  const step = totpStep(now);
  const codes = users.map(({ username, totpSecret }) => [username, codeOf(totpSecret, step)] as const);
  return { until: (step + 1) * STEP_MS, codes: Object.fromEntries(codes) };
}

const codeOf = (secret: string, step: number): string =>
  totpCode(decodeBase32(secret) ?? new Uint8Array(), step);
