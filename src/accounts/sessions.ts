/**
 * Sessions in the store. The key of a session's record is its public id: `sid` of tokens, the session of audit rows. The value
 * of its cookie is found by its hash alone, and is another one after each login, step-up and unlocking (identity ID-38).
 */
import type { Ref } from '../fhir/types.ts';
import { ACR, acrOf, amrOf, reachesAcr, type Amr } from '../identity/assurance.ts';
import {
  idleMsOf,
  ofOrganization,
  provenAgain,
  sessionEnd,
  sessionState,
  type Session,
} from '../identity/session.ts';
import type { RandomBytes } from '../identity/seal.ts';
import type { AuditEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { allRecords, type RecordPrecondition, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { Snapshot, Store } from '../ports/store.ts';
import { identityEntry, type IdentityEvent } from './audit.ts';
import { commitUnlessChanged, bearerHash, type By } from './changes.ts';
import { createLastUses, LAST_USE } from './last-uses.ts';

export interface FoundSession {
  /** The public id. */
  readonly id: string;
  /** The version of its record: what is minted for the session relies on it. */
  readonly version: number;
  readonly session: Session;
  /** Milliseconds since 1970. */
  readonly lastUsedAt: number;
  /** How long nobody may use it before it locks. */
  readonly idleMs: number;
  readonly state: 'live' | 'locked';
}

/** A session whose cookie has a new value. */
interface RotatedSession {
  readonly id: string;
  readonly session: Session;
  /** The value of the cookie: the browser gets it, and nobody keeps it. */
  readonly cookie: string;
}

/** What is known of a login when its session begins. */
interface SessionOpening {
  readonly session: Pick<Session, 'account'> &
    Partial<
      Pick<
        Session,
        'organization' | 'patient' | 'shared' | 'device' | 'provider' | 'organizations' | 'embedded'
      >
    >;
  /** How the person proved who it is. */
  readonly ways: readonly Amr[];
  /** Written in the same commit. */
  readonly records?: readonly RecordWrite[];
  /** Written in it, too: what needs the public id of the session. */
  readonly recordsOf?: (id: string, endsAt: number) => readonly RecordWrite[];
  /** Rows of it beside that of the login. */
  readonly audit?: readonly AuditEntry[];
  /** What the login relied on, as that the account is active: when it changed meanwhile, no session begins. */
  readonly relies?: readonly RecordPrecondition[];
  /** What the audit row says beside. */
  readonly detail?: Readonly<Record<string, string>>;
}

interface SessionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly settings: { readonly sessionIdleMs: number };
}

/** What the record of a session holds. */
type StoredSession = Session & {
  /** The hash of the cookie's value. */
  readonly secret: string;
};

const KIND = 'session';
const ID_BYTES = 16;
const COOKIE_BYTES = 32;
const SESSIONS_MAX = 5;

/** Kinds of records that end with their session, by which they are indexed as `session`. */
const BOUND = [
  'access-token',
  'refresh-token',
  'app-grant',
  'code',
  'interaction',
  'launch',
  'tab',
  'ws-token',
  'outside-session',
];

export type Sessions = ReturnType<typeof createSessions>;

/** Sessions over a store. What a method answers with undefined or false has ended, or changed at the same moment. */
export function createSessions(parts: SessionParts) {
  const { store } = parts;
  const kept: Kept = { ...parts, uses: createLastUses(parts) };
  const get = (id: string): Promise<FoundSession | undefined> => getSession(kept, id);
  const changed = async (id: string, change: Change, by: By): Promise<boolean> =>
    (await changeSession(kept, id, change, by)) !== undefined;

  return {
    /** Begins a session, and ends the one that nobody used for longest where the account has too many. */
    open: (opening: SessionOpening, by: By): Promise<RotatedSession | undefined> =>
      openSession(kept, opening, by),

    /** The session of a cookie's value. */
    async find(cookie: string): Promise<FoundSession | undefined> {
      const [record] = await store.snapshot().records(KIND, 'secret', bearerHash(cookie));
      return read(kept, record);
    },

    /** The session of a public id. */
    get,

    /** The sessions of an account that have not ended. */
    list: (account: string): Promise<readonly FoundSession[]> => listSessions(kept, account),

    /** Its person asked for something. A session that nobody used for too long is locked by this, and stays so. */
    touch: (id: string, by: By): Promise<FoundSession['state'] | undefined> => touchSession(kept, id, by),

    /** The same of a session that is known to be live. @param until when it ends at the latest */
    used: (id: string, until: number): Promise<void> => kept.uses.note(id, until),

    lock: (id: string, by: By): Promise<boolean> => changed(id, LOCK, by),

    /** One factor unlocks (identity ID-37). */
    unlock: (id: string, ways: readonly Amr[], by: By): Promise<RotatedSession | undefined> =>
      unlockSession(kept, id, ways, by),

    /** A login within the session, by two factors or a passkey (identity 7.3); so does an enrolment become a session. */
    stepUp: async (id: string, ways: readonly Amr[], by: By): Promise<RotatedSession | undefined> =>
      reachesAcr(acrOf(ways), ACR.mfa) ? changeSession(kept, id, provenBy('step-up', ways), by) : undefined,

    /** That the organization is one of the person's is the caller's to know. */
    switchOrganization: (id: string, organization: Ref, by: By): Promise<boolean> =>
      changed(id, changedTo(organization), by),

    /** Several people use its device, or one alone: how soon sessions there lock (harmony Z23). @param device its record, changed */
    shareDevice: (id: string, shared: boolean, device: RecordWrite, by: By): Promise<boolean> =>
      changed(id, sharedBy(shared, device), by),

    /** Ends a session and what is bound to it; what ended before stays so. */
    async end(id: string, by: By): Promise<void> {
      const records = await endingOf(store.snapshot(), id);
      const row = identityEntry('logout', { actor: by.agent, requestId: by.requestId, session: id });
      await store.commit(auditedCommit([row], { records }));
    },

    /** What ends all sessions of an account but one, for a commit that has another reason to do so. */
    endAllOf: endingOfSessions,
  };
}

type Kept = SessionParts & { readonly uses: ReturnType<typeof createLastUses> };

/** A change of a session that has not ended. */
interface Change {
  readonly event: IdentityEvent;
  readonly detail: Readonly<Record<string, string>>;
  /** Whether the cookie gets a new value. */
  readonly rotates: boolean;
  /** What is written with it. */
  readonly beside?: readonly RecordWrite[];
  /** The session afterwards; undefined: it may not change so. */
  readonly to: (session: Session, now: number) => Session | undefined;
}

const LOCK: Change = {
  event: 'session-changed',
  detail: { state: 'locked' },
  rotates: false,
  to: (session, now) => ({ ...session, lockedAt: now }),
};

const changedTo = (organization: Ref): Change => ({
  event: 'session-changed',
  detail: { organization },
  rotates: false,
  to: (session) => ofOrganization(session, organization),
});

const sharedBy = (shared: boolean, device: RecordWrite): Change => ({
  event: 'session-changed',
  detail: { device: shared ? 'shared' : 'own' },
  rotates: false,
  beside: [device],
  to: (session) => ({ ...session, shared, device: device.key }),
});

/** A person proves again who it is. */
const provenBy = (event: IdentityEvent, ways: readonly Amr[]): Change => ({
  event,
  detail: { ...(event === 'session-changed' && { state: 'unlocked' }), ways: ways.join(' ') },
  rotates: true,
  to: (session, now) => provenAgain(session, ways, now),
});

async function touchSession(kept: Kept, id: string, by: By): Promise<FoundSession['state'] | undefined> {
  const found = await getSession(kept, id);
  if (found?.state === 'live') await kept.uses.note(id, sessionEnd(found.session));
  if (found?.state === 'locked' && found.session.lockedAt === undefined)
    await changeSession(kept, id, LOCK, by);
  return found?.state;
}

async function unlockSession(
  kept: Kept,
  id: string,
  ways: readonly Amr[],
  by: By,
): Promise<RotatedSession | undefined> {
  if (ways.length === 0) return undefined;
  const unlocked = await changeSession(kept, id, provenBy('session-changed', ways), by);
  if (unlocked !== undefined) await kept.uses.note(id, sessionEnd(unlocked.session));
  return unlocked;
}

async function read(
  { clock, settings, uses }: Kept,
  record: StoredRecord | undefined,
): Promise<FoundSession | undefined> {
  if (record === undefined) return undefined;
  const { secret: _, ...session } = record.body as StoredSession; // this file alone writes the kind
  // Who has just logged in again has used it: a whole login opens a locked session as well.
  const lastUsedAt = Math.max(session.startedAt, session.authenticatedAt, await uses.of(record.key));
  const state = sessionState(session, lastUsedAt, { now: clock.now(), idleMs: settings.sessionIdleMs });
  if (state === 'ended') return undefined;
  const idleMs = idleMsOf(session, settings.sessionIdleMs);
  return { id: record.key, version: record.version, session, lastUsedAt, idleMs, state };
}

/** A session by its public id, locked or not, for code that must know whose it is and not whether it was used. */
export async function readSession(
  snapshot: Pick<Snapshot, 'record'>,
  id: string,
): Promise<Session | undefined> {
  const record = await snapshot.record(KIND, id);
  return record?.body as StoredSession | undefined; // this file alone writes the kind
}

const getSession = async (kept: Kept, id: string): Promise<FoundSession | undefined> =>
  read(kept, await kept.store.snapshot().record(KIND, id));

async function listSessions(kept: Kept, account: string): Promise<readonly FoundSession[]> {
  const records = await allRecords(kept.store.snapshot(), KIND, 'account', account);
  const found = await Promise.all(records.map((record) => read(kept, record)));
  return found.filter((one) => one !== undefined);
}

const writeOf = (key: string, stored: StoredSession, expect: RecordWrite['expect']): RecordWrite => ({
  kind: KIND,
  key,
  expect,
  body: stored,
  expiresAt: sessionEnd(stored),
  index: [
    ['account', stored.account],
    ['secret', stored.secret],
  ],
});

async function openSession(kept: Kept, opening: SessionOpening, by: By): Promise<RotatedSession | undefined> {
  const { store, clock, random } = kept;
  const { ways, session: given, records = [], recordsOf, audit = [], relies = [], detail = {} } = opening;
  const now = clock.now();
  const session: Session = {
    shared: false,
    ...given,
    startedAt: now,
    authenticatedAt: now,
    acr: acrOf(ways),
    amr: amrOf(ways),
  };
  const id = random(ID_BYTES).toString('base64url');
  const cookie = random(COOKIE_BYTES).toString('base64url');
  const others = (await listSessions(kept, given.account)).toSorted((a, b) => b.lastUsedAt - a.lastUsedAt);
  const ended = await Promise.all(
    others.slice(SESSIONS_MAX - 1).map((other) => endingOf(store.snapshot(), other.id)),
  );
  const row = rowOf('login', { id, account: given.account, detail: { acr: session.acr, ...detail } }, by);
  const more = [...records, ...(recordsOf?.(id, sessionEnd(session)) ?? [])];
  const commit = auditedCommit([row, ...audit], {
    records: [writeOf(id, { ...session, secret: bearerHash(cookie) }, 'absent'), ...ended.flat(), ...more],
    recordPreconditions: relies,
  });
  return (await commitUnlessChanged(store, commit)) ? { id, session, cookie } : undefined;
}

async function changeSession(
  kept: Kept,
  id: string,
  { event, detail, rotates, beside = [], to }: Change,
  by: By,
): Promise<RotatedSession | undefined> {
  const { store, clock, random } = kept;
  const record = await store.snapshot().record(KIND, id);
  const found = await read(kept, record);
  const session = found && to(found.session, clock.now());
  if (record === undefined || session === undefined) return undefined;
  const cookie = rotates ? random(COOKIE_BYTES).toString('base64url') : '';
  const secret = rotates ? bearerHash(cookie) : (record.body as StoredSession).secret; // as in `read`
  const row = rowOf(event, { id, account: session.account, detail }, by);
  const commit = auditedCommit([row], {
    records: [writeOf(id, { ...session, secret }, record.version), ...beside],
  });
  return (await commitUnlessChanged(store, commit)) ? { id, session, cookie } : undefined;
}

const rowOf = (
  event: IdentityEvent,
  {
    id,
    account,
    detail,
  }: { readonly id: string; readonly account: string; readonly detail: Change['detail'] },
  { agent, requestId }: By,
): AuditEntry => identityEntry(event, { actor: agent, requestId, account, session: id, detail });

/** What takes a session away, and everything that is bound to it. */
async function endingOf(snapshot: Snapshot, id: string): Promise<readonly RecordWrite[]> {
  const bound = await Promise.all(BOUND.map((kind) => allRecords(snapshot, kind, 'session', id)));
  const names = [{ kind: KIND, key: id }, { kind: LAST_USE, key: id }, ...bound.flat()];
  return names.map(({ kind, key }) => ({ kind, key, expect: 'any', body: undefined }));
}

/** What ends all sessions of an account but one. */
export async function endingOfSessions(
  snapshot: Snapshot,
  account: string,
  except?: string,
): Promise<readonly RecordWrite[]> {
  const records = await allRecords(snapshot, KIND, 'account', account);
  const ending = records.filter(({ key }) => key !== except).map(({ key }) => endingOf(snapshot, key));
  return (await Promise.all(ending)).flat();
}
