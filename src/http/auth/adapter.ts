/**
 * The library's models over records of the store (identity ID-57). Ids are stored hashed, `jti` is cut from what is stored and
 * put back when it is found (smart SM-3); consuming and remembering an assertion are expectations of the commit (smart SM-45).
 */
import { randomBytes } from 'node:crypto';
import { clientUseWrite, lastClientUse } from '../../accounts/clients.ts';
import type { Adapter, StoredPayload } from 'oidc-provider';
import type { RecordPrecondition, RecordWrite } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';
import { owedLogoutWrite } from './back-channel-logout.ts';
import { findClient } from './clients.ts';
import {
  APP_GRANT,
  keyOfSecret,
  MODEL_KINDS,
  type AccessTokenBody,
  type GrantBody,
  type GrantContext,
  type GrantedBody,
} from './records.ts';
import { currentUnit, endGrant, openUnit, type Unit, type UnitStore } from './unit.ts';

/** A login, as the library wants to know it. Times in seconds since 1970. */
export interface LoginState {
  /** The public id of the session. */
  readonly uid: string;
  readonly accountId: string;
  readonly loginTs: number;
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly exp: number;
}

export interface AdapterParts {
  readonly store: UnitStore;
  readonly now: () => number;
  /** The login of a session's cookie; undefined: none, ended or locked. */
  readonly findLogin: (cookie: string) => Promise<LoginState | undefined>;
  /** Whether a session lives, by its public id. */
  readonly isLive: (session: string) => Promise<boolean>;
  /**
   * The versions of the account and the session by which a token is issued.
   *
   * @returns undefined when one of them has ended
   */
  readonly reliedOn: (
    account: string,
    session: string | undefined,
  ) => Promise<readonly RecordPrecondition[] | undefined>;
  /** A client's registration in the library's words. */
  readonly findClient: (id: string, unit: Unit) => Promise<StoredPayload | undefined>;
}

/** Within this time a refresh token that was used already is refused without ending its grant (smart SM-49). */
const REUSE_GRACE_MS = 10_000;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The adapter of one model; the library makes one for each. */
export function createAdapter(parts: AdapterParts, model: string): Adapter {
  if (model === 'Session') return sessionAdapter(parts);
  if (model === 'Client') return clientAdapter(parts);
  const kind = MODEL_KINDS[model];
  if (kind === undefined) return NOTHING;
  return recordAdapter(parts, model, kind);
}

/** What is switched off. */
const NOTHING: Adapter = {
  upsert: () => Promise.reject(new Error('this model is not kept')),
  find: async () => undefined,
  findByUid: async () => undefined,
  findByUserCode: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};

/** Our sessions are the library's: it reads them, and writes none. */
const sessionAdapter = ({ findLogin }: AdapterParts): Adapter => ({
  ...NOTHING,
  upsert: async () => undefined,
  async find(cookie) {
    const login = await findLogin(cookie);
    return login && { ...login, jti: cookie, kind: 'Session' };
  },
});

const clientAdapter = (parts: AdapterParts): Adapter => ({
  ...NOTHING,
  find: (id) => within(parts, (unit) => parts.findClient(id, unit)),
});

/** In the unit of the request, or else in one of its own, written at once. */
async function within<T>(
  { store }: Pick<AdapterParts, 'store'>,
  work: (unit: Unit) => Promise<T>,
): Promise<T> {
  const unit = currentUnit();
  if (unit !== undefined) return work(unit);
  const own = openUnit(store, { requestId: 'authorization-server' });
  const result = await work(own);
  await own.commit();
  return result;
}

function recordAdapter(parts: AdapterParts, model: string, kind: string): Adapter {
  const { now, isLive } = parts;

  async function find(id: string, unit: Unit): Promise<StoredPayload | undefined> {
    const found = await unit.find(kind, keyOfSecret(id));
    if (found === undefined) return undefined;
    const body = found.body as GrantedBody; // of one of these kinds, written below
    const { online, session, consumed } = body;
    if (online === true && session !== undefined && !(await isLive(session))) return undefined;
    if (consumed !== undefined && model === 'RefreshToken' && now() - consumed < REUSE_GRACE_MS)
      return undefined;
    return {
      ...payloadOf(body),
      jti: id,
      ...(consumed !== undefined && { consumed: Math.floor(consumed / 1000) }),
    };
  }

  return {
    ...NOTHING,
    upsert: (id, payload, expiresInS) =>
      within(parts, (unit) => upsert(parts, { model, kind, id, payload, expiresInS }, unit)),
    find: (id) => within(parts, (unit) => find(id, unit)),
    consume: (id) =>
      within(parts, async (unit) => {
        const key = keyOfSecret(id);
        const found = await unit.find(kind, key);
        if (found === undefined) return;
        const { expiresAt, version: expect } = found;
        const body: GrantedBody = { ...(found.body as GrantedBody), consumed: now() }; // of this kind
        unit.hold({ kind, key, expect, body, expiresAt, index: indexOf(body) }, 'end');
      }),
    destroy: (id) =>
      within(parts, async (unit) => {
        unit.hold({ kind, key: keyOfSecret(id), expect: 'any', body: undefined }, 'end');
      }),
    revokeByGrantId: (grantId) =>
      within(parts, async (unit) => {
        // The library asks each model; ours end together, once.
        if (model === 'AccessToken') await endReused(unit, keyOfSecret(grantId));
      }),
  };
}

/** Ends a grant of which a code or a refresh token was shown a second time (RFC 9700, 4.14.2). */
export async function endReused(unit: Unit, grant: string): Promise<void> {
  const found = await unit.find(APP_GRANT, grant);
  await endGrant(unit, grant);
  const { client = '', account = '' } = (found?.body as GrantBody | undefined) ?? {}; // of this kind
  unit.note('token-reused', { client, account, detail: { grant } }, 'end');
}

interface Upserted {
  readonly model: string;
  readonly kind: string;
  readonly id: string;
  readonly payload: StoredPayload;
  readonly expiresInS: number | undefined;
}

async function upsert(parts: AdapterParts, saved: Upserted, unit: Unit): Promise<void> {
  const { model, kind, id, payload, expiresInS } = saved;
  const { jti: _jti, ...rest } = payload;
  const expiresAt = expiresInS === undefined ? undefined : parts.now() + expiresInS * 1000;
  const write = { kind, key: keyOfSecret(id), expiresAt } as const;
  if (model === 'ReplayDetection') {
    unit.hold({ ...write, expect: 'absent', body: { client: text(rest['iss']) ?? '' } }, 'end');
  } else if (kind === 'access-token') {
    const body = holdAccessToken(write, rest, unit);
    await relyOnPerson(parts, body, unit);
    await noteUse(parts, body.client, unit);
    await oweLogout(parts, body, unit);
  } else if (kind === APP_GRANT) {
    await holdGrant(write, rest, unit);
  } else if (kind === 'interaction') {
    // The pages of the interaction check its session; the library would refuse the new one of a login (smart 3).
    const { session: _session, ...kept } = rest;
    unit.hold({ ...write, expect: 'any', body: { payload: kept } }, 'issue');
  } else {
    const body = grantedBody(rest);
    if (kind === 'code') unit.note('token-issued', { ...aboutOf(body), detail: { kind } });
    unit.hold({ ...write, expect: 'absent', body, index: indexOf(body) }, 'issue');
    await relyOnPerson(parts, body, unit);
  }
}

/** How exactly it is known when a client was last used. */
const USE_STEP_MS = 60 * 60_000;

async function noteUse({ store, now }: AdapterParts, client: string, unit: Unit): Promise<void> {
  if (now() - (await lastClientUse(store.snapshot(), client)) >= USE_STEP_MS)
    unit.hold(clientUseWrite(client, now()), 'issue');
}

/** An app that wants to know of the end of the session (smart SM-56) is owed a word from its first token on. */
async function oweLogout(
  { store, now }: AdapterParts,
  { client, account, session, payload }: AccessTokenBody,
  unit: Unit,
): Promise<void> {
  if (account === undefined || session === undefined || payload['gty'] !== 'authorization_code') return;
  const registered = await findClient(store.snapshot(), client);
  if (registered?.backchannelLogoutUri !== undefined)
    unit.hold(owedLogoutWrite({ client, account, session }, now()), 'issue');
}

/** A version that no record has: the commit is refused. */
const NEVER = -1;

/** Nothing is issued to an account or in a session that ends at the same moment. */
async function relyOnPerson(
  { reliedOn }: AdapterParts,
  { account, session, online }: Pick<AccessTokenBody, 'account' | 'session' | 'online'>,
  unit: Unit,
): Promise<void> {
  if (account === undefined) return;
  const relied = await reliedOn(account, online === true ? session : undefined);
  unit.relyOn(relied ?? [{ kind: 'account', key: account, version: NEVER }]);
}

/** The members that our bodies name themselves, in the library's words. */
function payloadOf(body: GrantedBody | AccessTokenBody): StoredPayload {
  const { client, account, session, payload } = body;
  return {
    ...payload,
    ...(client !== undefined && { clientId: client }),
    ...(account !== undefined && { accountId: account }),
    ...(session !== undefined && { sessionUid: session, sid: session }),
    ...('scope' in body && { scope: body.scope }),
  };
}

/** What a code or a refresh token holds. One without offline access ends with its session (smart SM-48). */
function grantedBody({ clientId, accountId, sessionUid, sid: _sid, ...payload }: StoredPayload): GrantedBody {
  const session = text(sessionUid);
  const isOnline = session !== undefined && !wordsOf(payload['scope']).includes('offline_access');
  return {
    client: text(clientId) ?? '',
    account: text(accountId) ?? '',
    grant: keyOfSecret(text(payload['grantId']) ?? ''),
    ...(session !== undefined && { session }),
    ...(isOnline && { online: true }),
    payload,
  };
}

const wordsOf = (scope: unknown): readonly string[] => (typeof scope === 'string' ? scope.split(' ') : []);

function holdAccessToken(
  write: Pick<RecordWrite, 'kind' | 'key' | 'expiresAt'>,
  { clientId, accountId, sessionUid, sid: _sid, scope, extra, ...payload }: StoredPayload,
  unit: Unit,
): AccessTokenBody {
  const account = text(accountId);
  const granted = text(payload['grantId']);
  const session = text(sessionUid);
  const body: AccessTokenBody = {
    ...(extra as Partial<AccessTokenBody> | undefined), // of extraTokenClaims, ours
    tokenId: randomBytes(12).toString('base64url'),
    client: text(clientId) ?? '',
    scope: text(scope) ?? '',
    ...(account !== undefined && { account }),
    ...(granted !== undefined && { grant: keyOfSecret(granted) }),
    ...(session !== undefined && { session }),
    payload,
  };
  const isRefreshed = text(payload['gty'])?.endsWith('refresh_token') === true;
  const { organization, patient, launch, tokenId } = body;
  unit.note(isRefreshed ? 'token-refreshed' : 'token-issued', {
    ...aboutOf(body),
    detail: { token: tokenId, ...(launch !== undefined && { launch }) },
    ...(organization !== undefined && { actor: { organization } }),
    ...(patient !== undefined && { patients: [patient] }),
  });
  unit.hold({ ...write, expect: 'absent', body, index: indexOf(body) }, 'issue');
  return body;
}

/** The context that was stored with the grant stays with it. */
async function holdGrant(
  write: Pick<RecordWrite, 'kind' | 'key' | 'expiresAt'>,
  payload: StoredPayload,
  unit: Unit,
): Promise<void> {
  const before = await unit.find(write.kind, write.key);
  const context = (before?.body as GrantBody | undefined)?.context;
  holdGrantBody(unit, write, {
    client: text(payload['clientId']) ?? '',
    account: text(payload['accountId']) ?? '',
    ...(context !== undefined && { context }),
    payload,
  });
}

function holdGrantBody(
  unit: Unit,
  write: Pick<RecordWrite, 'kind' | 'key' | 'expiresAt'>,
  body: GrantBody,
): void {
  const { client, account, context } = body;
  const index: [string, string][] = [
    ['client', client],
    ['account', account],
  ];
  if (context?.online === true && context.session !== undefined) index.push(['session', context.session]);
  unit.hold({ ...write, expect: 'any', body, index }, 'issue');
}

/**
 * Keeps the launch context with a grant; it is answered with every token of the grant.
 *
 * @param grantId what `Grant.save()` answered, in the same unit
 * @param endsAt when the grant ends, where that is earlier: milliseconds since 1970
 */
export async function keepGrantContext(
  unit: Unit,
  grantId: string,
  context: GrantContext,
  endsAt?: number,
): Promise<void> {
  const key = keyOfSecret(grantId);
  const found = await unit.find(APP_GRANT, key);
  if (found === undefined) throw new Error('there is no such grant');
  const body = found.body as GrantBody; // of this kind
  holdGrantBody(unit, { kind: APP_GRANT, key, expiresAt: endsAt ?? found.expiresAt }, { ...body, context });
}

/** The launch context of a grant by the key of its record, as of a snapshot. */
export async function readContextOf(
  snapshot: Pick<Snapshot, 'record'>,
  grant: string | undefined,
): Promise<GrantContext> {
  const found = grant === undefined ? undefined : await snapshot.record(APP_GRANT, grant);
  return (found?.body as GrantBody | undefined)?.context ?? {}; // of this kind
}

/** The launch context of a grant. */
export async function readGrantContext(unit: Unit, grantId: string): Promise<GrantContext> {
  const found = await unit.find(APP_GRANT, keyOfSecret(grantId));
  return (found?.body as GrantBody | undefined)?.context ?? {};
}

const aboutOf = ({ client, account, session }: Pick<AccessTokenBody, 'client' | 'account' | 'session'>) => ({
  client,
  ...(account !== undefined && { account }),
  ...(session !== undefined && { session }),
});

/** What a token is found by beside its value. Only what ends with a session is found by it. */
function indexOf({
  client,
  account,
  grant,
  session,
  online,
}: Pick<AccessTokenBody, 'client' | 'account' | 'grant' | 'session' | 'online'>): [string, string][] {
  return [
    ['client', client],
    ...(account === undefined ? [] : [['account', account] as [string, string]]),
    ...(grant === undefined ? [] : [['grant', grant] as [string, string]]),
    ...(session === undefined || online !== true ? [] : [['session', session] as [string, string]]),
  ];
}
