/**
 * An access token of our own → who asks, with the rights as of now (smart SM-2, SM-51, SM-63): the records of the token, its
 * client, its session and its person are read, and what they gave is remembered until one of them is written, so that what has
 * ended ends at once.
 */
import type { OrganizationName } from '../claims.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { isUsable, type Client } from '../../identity/client.ts';
import { isRole, type Role } from '../../identity/roles.ts';
import type { Caller } from '../../operations/request.ts';
import { SERVER_AGENT, type AuditEntry } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Snapshot, Store } from '../../ports/store.ts';
import { MEMBER_KIND } from '../../resources/parties/standing.ts';
import { readScopes } from '../../resources/scope-query.ts';
import { beyondCeiling } from '../../smart/ceiling.ts';
import { readServerScopes } from '../../smart/server-scopes.ts';
import { readReference } from '../claims.ts';
import { invalidHeader } from '../headers.ts';
import { purposesFor, type FindUsualPurpose } from '../purposes.ts';
import { findClient } from './clients.ts';
import { createKnownCallers, type CallerInquiry } from './known-callers.ts';
import { APP_GRANT, keyOfSecret, type AccessTokenBody } from './records.ts';

/** A person as of now, in the organization or for the patient that a token is for. */
export interface ActingPerson {
  /** Codes of user-role. */
  readonly roles: readonly string[];
  /** The relative reference of the person's own resource: `Practitioner/1`. */
  readonly user?: Ref;
  /** A clinician's. */
  readonly name?: string;
  /** Whether the account administers the installation. */
  readonly administrator: boolean;
  /** Milliseconds since 1970 from which the answer may be another one by itself, as when a membership ends. */
  readonly until?: number | undefined;
}

/** A session, as of now. */
interface SessionNow {
  readonly state: 'live' | 'locked';
  readonly lastUsedAt: number;
  /** How long nobody may use it before it locks. */
  readonly idleMs: number;
  /** When it ends at the latest. */
  readonly endsAt: number;
}

/** Who the accounts and sessions are. */
export interface People {
  /** Undefined: the account does not act there any more. */
  readonly acting: (
    snapshot: Snapshot,
    account: string,
    at: {
      readonly organization: Ref | undefined;
      readonly patient: Ref | undefined;
      readonly session: string | undefined;
    },
  ) => Promise<ActingPerson | undefined>;
  /** Undefined: it has ended. */
  readonly findSession: (session: string) => Promise<SessionNow | undefined>;
  /** The person has asked for something by itself: the session is in use. */
  readonly touched: (session: string, by: Pick<AuditEntry, 'agent' | 'requestId'>) => Promise<void>;
  /** The same of a session that is known to be live. */
  readonly used: (session: string, endsAt: number) => Promise<void>;
}

interface Parts {
  readonly store: Pick<Store, 'snapshot' | 'follow'>;
  readonly clock: Clock;
  readonly people: People;
  readonly tokenCacheMax: number;
  readonly tokenCacheMs: number;
  /** The FHIR base, by which the query of a scope may name resources. */
  readonly base: string;
  readonly administratorScope: string;
  readonly findOrganization: (name: OrganizationName) => Promise<Ref | undefined>;
  readonly usualPurpose: FindUsualPurpose;
}

interface TokenCredentials {
  readonly token: string;
  readonly onBehalfOf: string | undefined;
  readonly address: string | undefined;
  /** Whether the person asked for it, and not a page by itself (identity ID-36). Default: yes. */
  readonly isOwnWish?: boolean;
}

/**
 * @throws OperationOutcomeError `token-invalid`, `organization-unknown`, `scope-insufficient` (acting for others without being an
 *   administrator), `header-invalid`
 */
export type IdentifyToken = (credentials: TokenCredentials) => Caller | Promise<Caller>;

/** Who asks with a token, but for what belongs to the single request. */
interface Known {
  readonly caller: Caller;
  /** The session that it ends and rests with. */
  readonly online: OnlineSession | undefined;
}

interface OnlineSession extends Pick<SessionNow, 'idleMs' | 'endsAt'> {
  readonly id: string;
  /** When it locks, unless it is used before. */
  locksAt: number;
}

const expired = (): OperationOutcomeError =>
  new OperationOutcomeError('token-invalid', { diagnostics: 'The token is unknown, or it has ended.' });

export function createIdentifyToken(parts: Parts): IdentifyToken {
  const { store, clock, people, tokenCacheMax } = parts;
  const known = createKnownCallers<Known>((told) => store.follow(told), tokenCacheMax);

  /** Of a session that nobody used for too long, nothing is known: it is looked at again. */
  function remembered(key: string, isOwnWish: boolean): Caller | Promise<Caller> | undefined {
    const now = clock.now();
    const found = known.get(key, now);
    if (found?.online === undefined) return found?.caller;
    const { caller, online } = found;
    if (now >= online.locksAt) return undefined;
    if (!isOwnWish) return caller;
    online.locksAt = now + online.idleMs;
    return people.used(online.id, online.endsAt).then(() => caller);
  }

  async function find(key: string, isOwnWish: boolean): Promise<Caller> {
    const finding = known.find(store.snapshot());
    try {
      const { caller, online, until } = await findCaller(parts, finding, key, isOwnWish);
      finding.keep(key, { caller, online }, until);
      return caller;
    } finally {
      finding.end();
    }
  }

  return ({ token, onBehalfOf, address, isOwnWish = true }) => {
    const key = keyOfSecret(token);
    const found = remembered(key, isOwnWish) ?? find(key, isOwnWish);
    if (!(found instanceof Promise) && onBehalfOf === undefined) return { ...found, address };
    return (async () => {
      const caller = { ...(await found), address };
      return onBehalfOf === undefined ? caller : actFor(parts, caller, onBehalfOf);
    })();
  };
}

/** Who asks, and until when that may be remembered. */
async function findCaller(
  parts: Parts,
  finding: CallerInquiry<Known>,
  key: string,
  isOwnWish: boolean,
): Promise<Known & { readonly until: number }> {
  const { clock, tokenCacheMs } = parts;
  const { snapshot } = finding;
  const found = await snapshot.record('access-token', key);
  if (found === undefined) throw expired();
  const body = found.body as AccessTokenBody; // of this kind
  // A grant that ended takes its tokens with it, one that was issued at the same moment as well.
  const grant = body.grant === undefined ? undefined : await snapshot.record(APP_GRANT, body.grant);
  if (body.grant !== undefined && grant === undefined) throw expired();
  const client = await findClient(snapshot, body.client);
  if (client === undefined || !isUsable(client, clock.now())) throw expired();
  if (body.session !== undefined) finding.noteRecord('session', body.session);
  const session = await checkSession(parts, body, isOwnWish);
  const { caller, until = Infinity } = await callerOf(parts, finding, body, client);
  const ends = [found.expiresAt, grant?.expiresAt, client.expiresAt, session?.endsAt].map(
    (end) => end ?? Infinity,
  );
  return {
    caller,
    online: session,
    until: Math.min(until, ...ends, clock.now() + tokenCacheMs),
  };
}

async function callerOf(
  parts: Parts,
  finding: CallerInquiry<Known>,
  body: AccessTokenBody,
  client: Client,
): Promise<{ readonly caller: Caller; readonly until: number | undefined }> {
  const { account, client: id, session, patient } = body;
  const named = account === undefined ? client.organization : body.organization;
  if (named !== undefined) {
    finding.noteRecord(MEMBER_KIND, named);
    finding.noteResource(named);
  }
  const organization = named && (await parts.findOrganization({ reference: named }));
  if (named !== undefined && organization === undefined)
    throw new OperationOutcomeError('organization-unknown');
  const place = { organization, patient, session };
  const person =
    account === undefined ? undefined : await parts.people.acting(finding.snapshot, account, place);
  if (account !== undefined && person === undefined) throw expired();
  const words = withinNow(body, client);
  const isAdministrator = person?.administrator === true && words.includes(parts.administratorScope);
  if (organization === undefined && !isAdministrator) throw new OperationOutcomeError('organization-unknown');
  const scopes = readScopes(words.join(' '), parts.base);
  const roles = person && grantedTo(person, isAdministrator);
  const asking = { organization, scopes, patient, user: person?.user, claimed: [], roles };
  const caller: Caller = {
    organization,
    administrator: isAdministrator,
    scopes,
    serverScopes: account === undefined ? [] : readServerScopes(words),
    patient,
    client: id,
    subject: account ?? id,
    ...(isAboutUser(words) && { profile: person?.user }),
    ...(account !== undefined && { account }),
    user: person?.user,
    userName: person?.name,
    address: undefined,
    onBehalfOf: undefined,
    purposes: await purposesFor(asking, organization, parts.usualPurpose),
    authenticatedAt: body.authTime === undefined ? undefined : body.authTime * 1000,
    methods: body.amr ?? [],
    session: session ?? body.tokenId,
    tab: body.launch,
    roles,
  };
  return { caller, until: person?.until };
}

/** The roles of a person; a service client has none (identity ID-8). */
const grantedTo = ({ roles }: ActingPerson, isAdministrator: boolean): readonly Role[] => [
  ...roles.filter((role) => isRole(role)).filter((role) => role !== 'sys-admin'),
  ...(isAdministrator ? (['sys-admin'] as const) : []),
];

/** Whether the token was asked for to know who logs in (OpenID Connect, SMART's fhirUser). */
const isAboutUser = (words: readonly string[]): boolean =>
  words.includes('openid') && words.includes('fhirUser');

/** What is bound to a session ends with it, and rests while it is locked (identity ID-37). */
async function checkSession(
  { people, clock }: Parts,
  { session, online, account = '', client }: AccessTokenBody,
  isOwnWish: boolean,
): Promise<OnlineSession | undefined> {
  if (session === undefined || online !== true) return undefined;
  const found = await people.findSession(session);
  if (found === undefined) throw expired();
  const { state, lastUsedAt, idleMs, endsAt } = found;
  if (state === 'locked') throw new OperationOutcomeError('session-locked');
  const agent = { ...SERVER_AGENT, client, subject: account, session };
  if (isOwnWish) await people.touched(session, { agent, requestId: 'session' });
  return { id: session, idleMs, endsAt, locksAt: (isOwnWish ? clock.now() : lastUsedAt) + idleMs };
}

/** The scopes of the token that are still within what its client is registered for. */
function withinNow({ scope }: AccessTokenBody, { scopes, kind }: Client): readonly string[] {
  const words = scope.split(' ');
  if (kind !== 'service') return words;
  const beyond = new Set(beyondCeiling(words, scopes));
  return words.filter((word) => !beyond.has(word));
}

/** An administrator acts in a referral only for a named organization (rules 1.8). */
async function actFor(
  { administratorScope, findOrganization, usualPurpose }: Parts,
  caller: Caller,
  header: string,
): Promise<Caller> {
  if (!caller.administrator) {
    const diagnostics = `X-On-Behalf-Of needs ${administratorScope}.`;
    throw new OperationOutcomeError('scope-insufficient', { diagnostics });
  }
  const name = readReference(header.trim());
  if (name === undefined) throw invalidHeader('X-On-Behalf-Of', 'a reference, as in Organization/id');
  const organization = await findOrganization(name);
  if (organization === undefined)
    throw new OperationOutcomeError('organization-unknown', {
      diagnostics: 'X-On-Behalf-Of names no Organization here.',
    });
  const asking = { ...caller, claimed: [] };
  return {
    ...caller,
    organization,
    onBehalfOf: organization,
    purposes: await purposesFor(asking, organization, usualPurpose),
  };
}
