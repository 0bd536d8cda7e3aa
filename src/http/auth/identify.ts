/**
 * An access token of our own → who asks, with the rights as of now (smart SM-2, SM-51, SM-63): the records of the token, its
 * client, its session and its person are read for each request, so that what has ended ends at once.
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
import { readScopes } from '../../resources/scope-query.ts';
import { beyondCeiling } from '../../smart/ceiling.ts';
import { readServerScopes } from '../../smart/server-scopes.ts';
import { readReference } from '../claims.ts';
import { invalidHeader } from '../headers.ts';
import { purposesFor, type FindUsualPurpose } from '../purposes.ts';
import { findClient } from './clients.ts';
import { APP_GRANT, keyOfSecret, type AccessTokenBody } from './records.ts';

/** A person as of now, in the organization or for the patient that a token is for. */
interface ActingPerson {
  /** Codes of user-role. */
  readonly roles: readonly string[];
  /** The relative reference of the person's own resource: `Practitioner/1`. */
  readonly user?: Ref;
  /** A clinician's. */
  readonly name?: string;
  /** Whether the account administers the installation. */
  readonly administrator: boolean;
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
  readonly sessionState: (session: string) => Promise<'live' | 'locked' | 'ended'>;
  /** The person has asked for something by itself: the session is in use. */
  readonly touched: (session: string, by: Pick<AuditEntry, 'agent' | 'requestId'>) => Promise<void>;
}

interface Parts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly clock: Clock;
  readonly people: People;
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
export type IdentifyToken = (credentials: TokenCredentials) => Promise<Caller>;

const expired = (): OperationOutcomeError =>
  new OperationOutcomeError('token-invalid', { diagnostics: 'The token is unknown, or it has ended.' });

export function createIdentifyToken(parts: Parts): IdentifyToken {
  const { store, clock } = parts;
  return async (credentials) => {
    const { token, onBehalfOf } = credentials;
    const snapshot = store.snapshot();
    const found = await snapshot.record('access-token', keyOfSecret(token));
    if (found === undefined) throw expired();
    const body = found.body as AccessTokenBody; // of this kind
    // A grant that ended takes its tokens with it, one that was issued at the same moment as well.
    const isGranted =
      body.grant === undefined || (await snapshot.record(APP_GRANT, body.grant)) !== undefined;
    if (!isGranted) throw expired();
    const client = await findClient(snapshot, body.client);
    if (client === undefined || !isUsable(client, clock.now())) throw expired();
    const caller = await callerOf(parts, snapshot, body, client, credentials);
    if (onBehalfOf === undefined) return caller;
    return actFor(parts, caller, onBehalfOf);
  };
}

async function callerOf(
  parts: Parts,
  snapshot: Snapshot,
  body: AccessTokenBody,
  client: Client,
  { address, isOwnWish = true }: TokenCredentials,
): Promise<Caller> {
  const { account, client: id, session, patient } = body;
  await checkSession(parts, body, isOwnWish);
  const named = account === undefined ? client.organization : body.organization;
  const organization = named && (await parts.findOrganization({ reference: named }));
  if (named !== undefined && organization === undefined)
    throw new OperationOutcomeError('organization-unknown');
  const person =
    account === undefined
      ? undefined
      : await parts.people.acting(snapshot, account, { organization, patient, session });
  if (account !== undefined && person === undefined) throw expired();
  const words = withinNow(body, client);
  const isAdministrator = person?.administrator === true && words.includes(parts.administratorScope);
  if (organization === undefined && !isAdministrator) throw new OperationOutcomeError('organization-unknown');
  const scopes = readScopes(words.join(' '), parts.base);
  const roles = person && grantedTo(person, isAdministrator);
  const asking = { organization, scopes, patient, user: person?.user, claimed: [], roles };
  return {
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
    address,
    onBehalfOf: undefined,
    purposes: await purposesFor(asking, organization, parts.usualPurpose),
    authenticatedAt: body.authTime === undefined ? undefined : body.authTime * 1000,
    methods: body.amr ?? [],
    session: session ?? body.tokenId,
    tab: body.launch,
    roles,
  };
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
  { people }: Parts,
  { session, online, account = '', client }: AccessTokenBody,
  isOwnWish: boolean,
): Promise<void> {
  if (session === undefined || online !== true) return;
  const state = await people.sessionState(session);
  if (state === 'ended') throw expired();
  if (state === 'locked') throw new OperationOutcomeError('session-locked');
  const agent = { ...SERVER_AGENT, client, subject: account, session };
  if (isOwnWish) await people.touched(session, { agent, requestId: 'session' });
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
