/**
 * Somebody comes back from a provider (identity ID-44 to ID-47): the account that is opened or made, the roles that the
 * provider grants now, and the session, in one commit. One answer of a provider begins one session.
 */
import { readLoginName, readPersonName, type UserAccount } from '../identity/account.ts';
import { judgeArrival, readGrants, type ArrivalRefusal, type OutsideGrants } from '../identity/external.ts';
import { provesSecondFactor } from '../identity/external-proof.ts';
import type { Seal } from '../identity/seal.ts';
import type { AuditEntry } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { OutsideLogin } from '../ports/sign-on.ts';
import type { Snapshot, Store } from '../ports/store.ts';
import {
  ACCOUNT_KIND,
  accountWrite,
  findAccount,
  findAccountByLogin,
  loginTaken,
  membershipsInForce,
  usedWrite,
  type KnownAccount,
} from './accounts.ts';
import { identityEntry } from './audit.ts';
import { bearerHash, type By } from './changes.ts';
import { findExternalIdentity, identityLinked } from './external-identities.ts';
import { grantMemberships } from './outside-grants.ts';
import { outsideSessionWrite } from './outside-sessions.ts';
import type { KnownProvider } from './providers.ts';
import type { Sessions } from './sessions.ts';

export interface ArrivalParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly sessions: Pick<Sessions, 'open'>;
  readonly seal: Seal | undefined;
}

export interface OutsideReturned {
  readonly provider: KnownProvider;
  readonly login: OutsideLogin;
  /** The state of the question: to each, one answer is taken. */
  readonly state: string;
  readonly by: By;
}

/** What became of it. `prove`: its owner logs in with what is kept here first, and then links. */
export type Arrived =
  | {
      readonly kind: 'in';
      readonly cookie: string;
      readonly account: string;
      /** Whether the person has still to enrol, or to use, a factor of this server. */
      readonly next: 'nothing' | 'factor' | 'enrolment';
    }
  | { readonly kind: 'prove' }
  | { readonly kind: 'refused'; readonly why: ArrivalRefusal | 'overtaken' };

/** An answer is remembered for longer than its question lasts. */
const REMEMBERED_MS = 900_000;

/** Opens the session of a login from outside, or says why there is none; a refusal is on record. */
export async function arriveFromOutside(parts: ArrivalParts, arrival: OutsideReturned): Promise<Arrived> {
  const { provider, login } = arrival;
  const snapshot = parts.store.snapshot();
  const grants = readGrants(provider, login.claims);
  const identity = await findExternalIdentity(snapshot, login.issuer, login.subject);
  const account = identity && (await findAccount(snapshot, identity.account));
  const name = readLoginName(textOf(login, 'email'));
  const verdict = judgeArrival(provider, {
    linked: account && { account: account.id, isActive: LOGS_IN.has(account.state) },
    invited: undefined,
    isLoginTaken: name !== undefined && (await findAccountByLogin(snapshot, name)) !== undefined,
    hasLogin: name !== undefined,
    grants,
  });
  if (verdict.go === 'prove') return { kind: 'prove' };
  if (verdict.go === 'refused') {
    await noteLoginRefused(parts, arrival, account?.id, verdict.why);
    return { kind: 'refused', why: verdict.why };
  }
  const opened = account ?? makeAccount(parts, arrival, name ?? '');
  return open(parts, snapshot, arrival, { account: opened, isNew: account === undefined, grants });
}

const LOGS_IN: ReadonlySet<string> = new Set<UserAccount['state']>(['active', 'enrolling']);

const textOf = ({ claims }: OutsideLogin, name: string): string => {
  const claim = claims[name];
  return typeof claim === 'string' ? claim : '';
};

const isProven = ({ provider, login }: OutsideReturned): boolean =>
  provesSecondFactor(provider.proof, login.proof);

/** An account that a first login makes. Without proof of a second factor, its person has one of this server's to enrol. */
function makeAccount({ newId, clock }: ArrivalParts, arrival: OutsideReturned, login: string): KnownAccount {
  const now = clock.now();
  return {
    id: newId(),
    version: 0,
    login,
    name: readPersonName(textOf(arrival.login, 'name')) ?? login,
    state: isProven(arrival) ? 'active' : 'enrolling',
    since: now,
    createdAt: now,
    administrator: false,
    links: [],
  };
}

interface Opening {
  readonly account: KnownAccount;
  readonly isNew: boolean;
  readonly grants: OutsideGrants;
}

async function open(
  parts: ArrivalParts,
  snapshot: Snapshot,
  arrival: OutsideReturned,
  { account, isNew, grants }: Opening,
): Promise<Arrived> {
  const { provider, login, state } = arrival;
  const now = parts.clock.now();
  const by = byPerson(arrival.by, account.id);
  const granted = await grantMemberships(snapshot, provider, { account: account.id, grants, by, now });
  const organizations = new Set(granted.organizations);
  const inForce = await membershipsInForce(snapshot, account.id, now);
  for (const { organization } of inForce)
    if (provider.rules.length === 0 && provider.organizations.includes(organization))
      organizations.add(organization);
  const [only, ...others] = organizations;
  const proven = isProven(arrival);
  const session = await parts.sessions.open(
    {
      session: {
        account: account.id,
        provider: provider.key,
        organizations: provider.organizations,
        ...(only !== undefined && others.length === 0 && { organization: only }),
      },
      ways: proven ? ['mfa'] : [],
      records: [
        ...(isNew ? newAccount(account, arrival, now) : []),
        ...granted.records,
        usedWrite(account.id, now),
        answerTaken(state, now),
      ],
      recordsOf: (id, expiresAt) => [keepTokens(parts, arrival, { id, account: account.id, expiresAt })],
      audit: [...(isNew ? [madeEntry(account, provider, by)] : []), ...granted.audit],
      relies: isNew ? [] : [{ kind: ACCOUNT_KIND, key: account.id, version: account.version }],
      detail: {
        provider: provider.key,
        proof: proven ? 'provider' : 'none',
        methods: login.proof.methods.join(' '),
      },
    },
    by,
  );
  if (session === undefined) return { kind: 'refused', why: 'overtaken' };
  return { kind: 'in', cookie: session.cookie, account: account.id, next: nextOf(account, proven) };
}

function nextOf({ state }: KnownAccount, proven: boolean): 'nothing' | 'factor' | 'enrolment' {
  if (proven) return 'nothing';
  return state === 'enrolling' ? 'enrolment' : 'factor';
}

/** The agent of a request that turned out to be of an account. */
export const byPerson = ({ agent, requestId }: By, account: string): By => ({
  agent: { ...agent, subject: account },
  requestId,
});

const newAccount = (
  account: KnownAccount,
  { provider, login }: OutsideReturned,
  now: number,
): readonly RecordWrite[] => [
  accountWrite(account.id, account, 'absent'),
  loginTaken(account.login, account.id),
  identityLinked({
    issuer: login.issuer,
    subject: login.subject,
    account: account.id,
    provider: provider.key,
    linkedAt: now,
    how: 'first-login',
  }),
];

const madeEntry = ({ id, state }: KnownAccount, { key, organizations }: KnownProvider, by: By): AuditEntry =>
  identityEntry('account-changed', {
    actor: by.agent,
    requestId: by.requestId,
    account: id,
    detail: { move: 'first-login', to: state, provider: key },
    viewers: organizations,
  });

/** One answer to each question: the second commit with this record is refused. */
export const answerTaken = (state: string, now: number): RecordWrite => ({
  kind: 'replay',
  key: bearerHash(`sign-on ${state}`),
  expect: 'absent',
  body: {},
  expiresAt: now + REMEMBERED_MS,
});

function keepTokens(
  { clock, seal }: ArrivalParts,
  { provider, login }: OutsideReturned,
  { id, account, expiresAt }: { readonly id: string; readonly account: string; readonly expiresAt: number },
): RecordWrite {
  const { issuer, subject, session: there, tokens } = login;
  const now = clock.now();
  const kept = { account, provider: provider.key, issuer, subject, there, startedAt: now, askedAt: now };
  const { idToken, refreshToken } = tokens;
  return outsideSessionWrite(id, kept, { idToken, refreshToken }, { seal, expect: 'absent', expiresAt });
}

/** A login that opened nothing, as its organizations see it. */
export async function noteLoginRefused(
  { store }: Pick<ArrivalParts, 'store'>,
  { provider, by }: Pick<OutsideReturned, 'provider' | 'by'>,
  account: string | undefined,
  why: string,
): Promise<void> {
  const row = identityEntry('login', {
    actor: by.agent,
    requestId: by.requestId,
    account,
    issue: 'sign-on-refused',
    detail: { provider: provider.key, why },
    viewers: provider.organizations,
  });
  await store.commit(auditedCommit([row]));
}

interface Linking {
  readonly provider: KnownProvider;
  readonly issuer: string;
  readonly subject: string;
  /** The account whose owner has just logged in with what is kept here. */
  readonly account: string;
  readonly by: By;
}

/**
 * Links a subject to the account of a session that began with an own login.
 *
 * @returns false where it is somebody's already, or the account cannot log in
 */
export async function linkIdentity(
  { store, clock }: Pick<ArrivalParts, 'store' | 'clock'>,
  { provider, issuer, subject, account: id, by }: Linking,
): Promise<boolean> {
  const snapshot = store.snapshot();
  const account = await findAccount(snapshot, id);
  if (account?.state !== 'active' || (await findExternalIdentity(snapshot, issuer, subject)) !== undefined)
    return false;
  // Whom an EHR may let in is a member of its organization (smart SM-82).
  const isMember = async (): Promise<boolean> =>
    (await membershipsInForce(snapshot, id, clock.now())).some((one) =>
      provider.organizations.includes(one.organization),
    );
  if (provider.ehr !== undefined && !(await isMember())) return false;
  const identity = {
    issuer,
    subject,
    account: id,
    provider: provider.key,
    linkedAt: clock.now(),
    how: 'own-login',
  } as const;
  const row = identityEntry('account-changed', {
    actor: byPerson(by, id).agent,
    requestId: by.requestId,
    account: id,
    detail: { move: 'linked', provider: provider.key },
    viewers: provider.organizations,
  });
  const relied = { kind: ACCOUNT_KIND, key: id, version: account.version };
  await store.commit(
    auditedCommit([row], { records: [identityLinked(identity)], recordPreconditions: [relied] }),
  );
  return true;
}
