/** What the authorization server asks about people: their accounts, memberships and sessions, as of now. */
import { findAccount, findMembership, type KnownAccount } from '../accounts/accounts.ts';
import { linksNow } from '../accounts/links.ts';
import type { FoundSession, Sessions } from '../accounts/sessions.ts';
import type { Ref } from '../fhir/types.ts';
import type { LoginState } from '../http/auth/adapter.ts';
import type { ActingPerson, People } from '../http/auth/identify.ts';
import type { LoginSource } from '../http/auth/library.ts';
import type { GrantContext } from '../http/auth/records.ts';
import { ACR } from '../identity/assurance.ts';
import { isInForce, type UserMembership } from '../identity/membership.ts';
import { sessionEnd } from '../identity/session.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordPrecondition } from '../ports/record.ts';
import type { Snapshot, Store } from '../ports/store.ts';

interface PeopleParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, 'find' | 'get' | 'touch' | 'used'>;
  /** The FHIR base. */
  readonly base: string;
}

/** A place in which a person acts: an organization, or a patient in its keeping. */
type Place = Parameters<People['acting']>[2];

export function createPeople(parts: PeopleParts): People & LoginSource {
  const { store, sessions } = parts;
  const acting: People['acting'] = (snapshot, account, place) => actingAs(parts, snapshot, account, place);
  return {
    acting,
    async findSession(id) {
      const found = await sessions.get(id);
      return found && { ...found, endsAt: sessionEnd(found.session) };
    },
    used: (id, until) => sessions.used(id, until),
    async touched(id, by) {
      await sessions.touch(id, by);
    },
    async findLogin(cookie) {
      const found = await sessions.find(cookie);
      return found && loginOf(found);
    },
    isLive: async (id) => (await sessions.get(id))?.state === 'live',
    findAccount: (id, context) => describe(parts, id, context),
    async judgeContext(account, context) {
      const snapshot = store.snapshot();
      const { organization, patient, session } = context;
      const person = await acting(snapshot, account, { organization, patient, session });
      return person !== undefined && (await isStillSeen(snapshot, context));
    },
    reliedOn: (account, session) => reliedOn(parts, account, session),
  };
}

/** A login that is live and complete: one that still has to enrol a factor reaches no app (identity ID-27). */
function loginOf({ id, session, state }: FoundSession): LoginState | undefined {
  if (state !== 'live' || session.acr === ACR.enrol) return undefined;
  return {
    uid: id,
    accountId: session.account,
    loginTs: Math.floor(session.authenticatedAt / 1000),
    acr: session.acr,
    amr: session.amr,
    exp: Math.floor(sessionEnd(session) / 1000),
  };
}

async function findActive(snapshot: Snapshot, id: string): Promise<KnownAccount | undefined> {
  const account = await findAccount(snapshot, id);
  return account?.state === 'active' ? account : undefined;
}

/** Undefined: it does not act there any more. */
async function actingAs(
  parts: PeopleParts,
  snapshot: Snapshot,
  id: string,
  { organization, patient, session: sessionId }: Place,
): ReturnType<People['acting']> {
  const { clock, sessions } = parts;
  const account = await findActive(snapshot, id);
  if (account === undefined) return undefined;
  const session = sessionId === undefined ? undefined : (await sessions.get(sessionId))?.session;
  // A provider outside may vouch only for its own organizations, and makes nobody an administrator (identity ID-45).
  if (organization !== undefined && session?.organizations?.includes(organization) === false)
    return undefined;
  const administrator = account.administrator && session?.provider === undefined;
  const named = { administrator, name: account.name };
  const own = administrator ? ['sys-admin'] : [];
  if (organization === undefined)
    return administrator ? { ...named, roles: own, ...userIn(account, undefined) } : undefined;
  const membership = await findMembership(snapshot, id, organization);
  const until = membership && changesAt(membership, clock.now());
  if (membership !== undefined && isInForce(membership, clock.now()))
    return { ...named, roles: [...membership.roles, ...own], ...userIn(account, organization), until };
  if (patient !== undefined) {
    const linked = await linkTo(parts, snapshot, account, organization, patient);
    if (linked !== undefined) return { administrator: false, ...linked };
  }
  return administrator ? { ...named, roles: own, ...userIn(account, organization), until } : undefined;
}

/** When a membership begins or ends by itself; undefined: it does not. */
function changesAt({ from, until }: UserMembership, now: number): number | undefined {
  return from !== undefined && from > now ? from : until;
}

/** The person's Practitioner: that of the organization, or else another one. */
function userIn({ links }: KnownAccount, organization: Ref | undefined): { readonly user?: Ref } {
  const practitioners = links.filter(({ ref }) => ref.startsWith('Practitioner/'));
  const [link] = [...practitioners.filter(({ custodian }) => custodian === organization), ...practitioners];
  return link === undefined ? {} : { user: link.ref };
}

/** As whom an account reaches a patient, now: as the patient, or as somebody close to it who still acts for it. */
async function linkTo(
  { clock }: Pick<PeopleParts, 'clock'>,
  snapshot: Snapshot,
  { links }: KnownAccount,
  organization: Ref,
  patient: Ref,
): Promise<Pick<ActingPerson, 'roles' | 'user' | 'until'> | undefined> {
  const kept = links.filter(({ custodian }) => custodian === organization);
  const found = (await linksNow({ links: kept }, snapshot, clock.now())).filter(
    (one) => one.patient === patient,
  );
  const link = found.find(({ role }) => role === 'patient') ?? found[0];
  if (link?.role === undefined) return undefined;
  // Who acts for a patient does so for a period, which is asked each time.
  return { roles: [link.role], user: link.ref, ...(link.role === 'proxy' && { until: 0 }) };
}

/** What an app is told of an account (OpenID Connect): its own resource, as an absolute address. */
async function describe(
  parts: PeopleParts,
  id: string,
  { organization, patient, session }: GrantContext,
): ReturnType<LoginSource['findAccount']> {
  const snapshot = parts.store.snapshot();
  const account = await findActive(snapshot, id);
  if (account === undefined) return undefined;
  const person = await actingAs(parts, snapshot, id, { organization, patient, session });
  const user = person?.user ?? userIn(account, organization).user;
  return { name: account.name, ...(user !== undefined && { fhirUser: `${parts.base}/${user}` }) };
}

/** Whether the patient of a launch is still within the organization's sight (smart SM-52). */
async function isStillSeen(snapshot: Snapshot, { organization, patient }: GrantContext): Promise<boolean> {
  if (patient === undefined) return true;
  if (organization === undefined) return false;
  const version = await snapshot.read(patient, { everything: false, organization });
  return version?.text !== undefined;
}

/** The versions by which a token is issued: of an account and a session that end meanwhile, nothing is issued. */
async function reliedOn(
  { store, sessions }: PeopleParts,
  id: string,
  sessionId: string | undefined,
): Promise<readonly RecordPrecondition[] | undefined> {
  const account = await findActive(store.snapshot(), id);
  if (account === undefined) return undefined;
  const relied = [{ kind: 'account', key: id, version: account.version }];
  if (sessionId === undefined) return relied;
  const session = await sessions.get(sessionId);
  if (session?.state !== 'live') return undefined;
  return [...relied, { kind: 'session', key: sessionId, version: session.version }];
}
