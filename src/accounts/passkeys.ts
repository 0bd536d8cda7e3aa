/**
 * Passkeys (WebAuthn, identity ID-28, ID-29), judged by @simplewebauthn/server. User verification is required, so that a
 * passkey alone is two factors. The counter is compared here: one that goes back suspends the passkey.
 */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Amr } from '../identity/assurance.ts';
import { bearerHash } from './changes.ts';
import type { PasskeyCredential } from './credentials.ts';

/** The site that passkeys are made for. */
export interface PasskeySite {
  /** The rpID: a host name, of the origin or of a domain above it. */
  readonly domain: string;
  /** Where the pages are, exactly. */
  readonly origin: string;
  /** What the browser calls it. */
  readonly name: string;
}

/** Who a passkey is made for. */
interface PasskeyPerson {
  readonly account: string;
  readonly login: string;
  readonly name: string;
  /** Passkeys that the person has: an authenticator makes no second one. */
  readonly has: readonly PasskeyCredential[];
}

/** An answer of either kind: the judge of the other one refuses it. */
type PasskeyAnswer = RegistrationResponseJSON & AuthenticationResponseJSON;

/** EdDSA, ES256, RS256: said at both calls, because the default asks Node for algorithms that it warns of. */
const ALGORITHMS = [-8, -7, -257];
const TIMEOUT_MS = 5 * 60_000;

/** Loaded when somebody first uses a passkey. */
const library = () => import('@simplewebauthn/server');

/** Options for the browser that makes a passkey. */
export async function registrationOptions(
  site: PasskeySite,
  challenge: Buffer,
  { account, login, name, has }: PasskeyPerson,
): Promise<object> {
  const { generateRegistrationOptions } = await library();
  return generateRegistrationOptions({
    rpName: site.name,
    rpID: site.domain,
    userName: login,
    userDisplayName: name,
    userID: new Uint8Array(userHandle(account)),
    challenge: new Uint8Array(challenge),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    excludeCredentials: has.map(({ id, transports }) => ({ id, transports: [...transports] })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

/** Options for the browser that proves a passkey: it offers what it has for the domain. */
export async function authenticationOptions(site: PasskeySite, challenge: Buffer): Promise<object> {
  const { generateAuthenticationOptions } = await library();
  return generateAuthenticationOptions({
    rpID: site.domain,
    challenge: new Uint8Array(challenge),
    timeout: TIMEOUT_MS,
    userVerification: 'required',
  });
}

/** What the browser's answer to a registration makes; undefined: the answer is not good. */
export async function judgeRegistration(
  site: PasskeySite,
  answer: RegistrationResponseJSON,
  expectedChallenge: string,
): Promise<Omit<PasskeyCredential, 'account' | 'addedAt' | 'label'> | undefined> {
  const { verifyRegistrationResponse } = await library();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: answer,
      expectedChallenge,
      expectedOrigin: site.origin,
      expectedRPID: site.domain,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return undefined;
    const { credential, credentialDeviceType } = registrationInfo;
    return {
      kind: 'passkey',
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: (credential.transports ?? []).slice(0, 8),
      domain: site.domain,
      synced: credentialDeviceType === 'multiDevice',
    };
  } catch {
    return undefined; // the library says by throwing what is wrong with the answer
  }
}

/** Whether an answer proves a passkey, with its new counter; `copied`: it does, and its counter went back. */
export async function judgeAuthentication(
  site: PasskeySite,
  answer: AuthenticationResponseJSON,
  expectedChallenge: string,
  passkey: PasskeyCredential,
): Promise<{ readonly counter: number; readonly ways: readonly Amr[] } | 'copied' | undefined> {
  const { verifyAuthenticationResponse } = await library();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: answer,
      expectedChallenge,
      expectedOrigin: site.origin,
      expectedRPID: site.domain,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        counter: 0, // compared below
      },
    });
    const { userHandle: handle } = answer.response;
    const isTheirs = handle === undefined || handle === userHandle(passkey.account).toString('base64url');
    if (!verified || !isTheirs) return undefined;
    const counter = authenticationInfo.newCounter;
    const counts = counter > 0 || passkey.counter > 0;
    if (counts && counter <= passkey.counter) return 'copied';
    return { counter, ways: [passkey.synced ? 'swk' : 'hwk', 'user'] };
  } catch {
    return undefined; // as above
  }
}

/** The answer of a browser as JSON, with the challenge that it says it answers; undefined where it is none. */
export function readPasskeyAnswer(
  text: string,
): { readonly answer: PasskeyAnswer; readonly challenge: string } | undefined {
  try {
    const answer = JSON.parse(text) as PasskeyAnswer | null; // the library judges every member
    if (typeof answer?.id !== 'string' || typeof answer.response?.clientDataJSON !== 'string')
      return undefined;
    const said: unknown = JSON.parse(
      Buffer.from(answer.response.clientDataJSON, 'base64url').toString('utf8'),
    );
    const { challenge } = (said ?? {}) as { readonly challenge?: unknown };
    return typeof challenge === 'string' ? { answer, challenge } : undefined;
  } catch {
    return undefined;
  }
}

/** What authenticators call the account: it says nothing, and is the same for all passkeys of one person. */
const userHandle = (account: string): Buffer => Buffer.from(bearerHash(`passkey~${account}`), 'base64url');

/** Whether a domain may stand for a site: it is its host, or one above it. An address is none. */
export function isPasskeyDomain(domain: string, origin: string): boolean {
  const host = URL.parse(origin)?.hostname ?? '';
  if (/^[\d.]+$|:/.test(host)) return false;
  return host === domain || (domain.includes('.') && host.endsWith(`.${domain}`));
}
