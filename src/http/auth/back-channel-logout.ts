/**
 * Back-channel logout (OpenID Connect Back-Channel Logout 1.0; smart SM-56): the apps of a session that has ended are told so,
 * those that have registered an address for it. What is owed is a record from the day the app got its first token in the
 * session, so that it is owed whatever ends the session, and until the app has been told.
 */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { identityEntry } from '../../accounts/audit.ts';
import { isUsable } from '../../identity/client.ts';
import { SERVER_AGENT } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import { auditedCommit } from '../../ports/commit.ts';
import type { HttpClient } from '../../ports/outgoing.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import { CommitRefused, type Store } from '../../ports/store.ts';
import { findClient } from './clients.ts';
import { keyOfSecret } from './records.ts';
import type { SigningKeys } from './signing-keys.ts';

const KIND = 'logout-owed';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Sessions end within twelve hours, and an app is told within a day after. */
const OWED_MS = 36 * 60 * 60_000;
/** How long a logout token counts; each attempt sends another one. */
const TOKEN_S = 120;
const TIMEOUT_MS = 5000;
const ATTEMPTS_MAX = 8;
/** Before the second attempt; each further one waits four times as long. */
const RETRY_MS = 10_000;
const RETRY_MAX_MS = 4 * 60 * 60_000;
/** How often all that is owed is looked at: a session that ends by its time writes nothing. */
const LOOK_MS = 5 * 60_000;
const SESSIONS_MAX = 10_000;
const AT_ONCE = 4;

/** An app that is to be told of the end of a session. */
interface OwedLogout {
  readonly client: string;
  readonly account: string;
  readonly session: string;
  readonly attempts: number;
  /** Milliseconds since 1970 before which it is not tried again. */
  readonly due: number;
}

const writeOf = (body: OwedLogout, expect: RecordWrite['expect'], expiresAt: number): RecordWrite => ({
  kind: KIND,
  key: keyOfSecret(`${body.session} ${body.client}`),
  expect,
  body,
  expiresAt,
  index: [
    ['listed', 'all'],
    ['session', body.session],
  ],
});

/** Written with the first token of an app in a session. */
export const owedLogoutWrite = (
  about: Pick<OwedLogout, 'client' | 'account' | 'session'>,
  now: number,
): RecordWrite => writeOf({ ...about, attempts: 0, due: 0 }, 'any', now + OWED_MS);

interface Parts {
  readonly store: Pick<Store, 'snapshot' | 'commit' | 'follow'>;
  readonly clock: Clock;
  readonly http: Pick<HttpClient, 'send'>;
  readonly issuer: string;
  readonly signingKeys: () => Promise<SigningKeys>;
}

/** Makes what tells the apps of sessions that have ended, one look at a time. */
export function createLogoutNotices(parts: Parts): (signal: AbortSignal) => Promise<void> {
  const { store, clock } = parts;
  const ended = new Set<string>();
  let lookAt = 0;
  store.follow((commits) => {
    if (commits === undefined || ended.size > SESSIONS_MAX) lookAt = 0;
    for (const { records = [] } of commits ?? [])
      for (const { kind, key, body } of records) if (kind === 'session' && body === undefined) ended.add(key);
  });

  async function owed(): Promise<readonly StoredRecord[]> {
    const snapshot = store.snapshot();
    const sessions = [...ended];
    ended.clear();
    if (clock.now() < lookAt)
      return (await Promise.all(sessions.map((one) => allRecords(snapshot, KIND, 'session', one)))).flat();
    lookAt = clock.now() + LOOK_MS;
    return allRecords(snapshot, KIND, 'listed', 'all');
  }

  return async (signal) => {
    const next = (await owed()).values();
    const work = async (): Promise<void> => {
      for (const record of next) {
        if (signal.aborted) return;
        const again = await settle(parts, record, signal);
        if (again !== undefined) lookAt = Math.min(lookAt, again);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (signal.aborted) lookAt = 0;
  };
}

/** Tells one app. @returns when it is to be tried again, in milliseconds since 1970; undefined: it is not, or is not known */
async function settle(parts: Parts, record: StoredRecord, signal: AbortSignal): Promise<number | undefined> {
  const { store, clock } = parts;
  const body = record.body as OwedLogout; // this file alone writes the kind
  const snapshot = store.snapshot();
  const now = clock.now();
  if ((await snapshot.record('session', body.session)) !== undefined) return undefined;
  if (body.due > now) return body.due;
  const client = await findClient(snapshot, body.client);
  const address = client && isUsable(client, now) ? client.backchannelLogoutUri : undefined;
  if (address === undefined) {
    await conclude(parts, record, { state: 'not-told', why: 'unregistered' });
    return undefined;
  }
  const why = await tell(parts, address, body, signal);
  if (why === undefined) {
    await conclude(parts, record, { state: 'told' });
    return undefined;
  }
  const attempts = body.attempts + 1;
  if (attempts >= ATTEMPTS_MAX) {
    await conclude(parts, record, { state: 'not-told', why });
    return undefined;
  }
  const due = now + Math.min(RETRY_MS * 4 ** body.attempts, RETRY_MAX_MS);
  const expiresAt = record.expiresAt ?? now + OWED_MS;
  await write(
    parts,
    body,
    { state: 'again', why },
    writeOf({ ...body, attempts, due }, record.version, expiresAt),
  );
  return due;
}

const conclude = (
  parts: Parts,
  { kind, key, version, body }: StoredRecord,
  detail: Readonly<Record<string, string>>,
): Promise<void> => write(parts, body as OwedLogout, detail, { kind, key, expect: version, body: undefined });

/** What became of it is audited; another look that was there first has done the same. */
async function write(
  { store }: Parts,
  { client, account, session }: OwedLogout,
  detail: Readonly<Record<string, string>>,
  record: RecordWrite,
): Promise<void> {
  const actor = SERVER_AGENT;
  const row = identityEntry('logout', { actor, requestId: 'job-logouts', client, account, session, detail });
  try {
    await store.commit(auditedCommit([row], { records: [record] }));
  } catch (error) {
    if (!(error instanceof CommitRefused)) throw error;
  }
}

/** Undefined: the app has been told. Else a word for why not. */
async function tell(
  parts: Parts,
  address: string,
  body: OwedLogout,
  signal: AbortSignal,
): Promise<string | undefined> {
  const form = new URLSearchParams({ logout_token: await logoutToken(parts, body) });
  try {
    const { status } = await parts.http.send(new URL(address), {
      method: 'POST',
      headers: ['Content-Type', 'application/x-www-form-urlencoded'],
      body: form.toString(),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      responseBytesMax: 4096,
    });
    return status === 200 || status === 204 ? undefined : `answer ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message : 'unreachable';
  }
}

/** A logout token (2.4): signed as id_tokens are, and without a nonce, so that it is never taken for one. */
async function logoutToken(
  { signingKeys, issuer, clock }: Parts,
  { client, account, session }: OwedLogout,
): Promise<string> {
  const signing = (await (await signingKeys()).load()).active.get('RS256');
  if (signing === undefined) throw new Error('there is no key for logout tokens');
  const iat = Math.floor(clock.now() / 1000);
  return new SignJWT({ events: { [EVENT]: {} }, sid: session })
    .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', kid: signing.kid })
    .setIssuer(issuer)
    .setAudience(client)
    .setSubject(account)
    .setJti(randomUUID())
    .setIssuedAt(iat)
    .setExpirationTime(iat + TOKEN_S)
    .sign(signing.key);
}
