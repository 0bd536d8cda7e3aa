/**
 * Accounts and memberships as records of the store (identity ID-1, ID-3, ID-51): how they are found, and the writes that a
 * commit takes. A login name has a record of its own, so that of two accounts that begin at once one alone gets it; it
 * stays taken for 30 days after the account's end (identity ID-13).
 */
import type { Ref } from '../fhir/types.ts';
import { loginKey, type UserAccount } from '../identity/account.ts';
import { isInForce, membershipKey, PRIVILEGED_ROLES, type UserMembership } from '../identity/membership.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';

/** The kinds of records that this file writes. */
export const ACCOUNT_KIND = 'account';
const MEMBERSHIP_KIND = 'membership';
const LOGIN_KIND = 'login';
const USE_KIND = 'account-use';

/** How long the login name of a deactivated account stays taken. */
export const LOGIN_KEPT_MS = 30 * 86_400_000;

/** The index by which all accounts are listed, in the order of their ids. */
const ALL = ['listed', 'all'] as const;

/** An account with its id and the version of its record, for code that changes it or relies on it. */
export interface KnownAccount extends UserAccount {
  readonly id: string;
  readonly version: number;
}

export interface KnownMembership extends UserMembership {
  readonly key: string;
  readonly version: number;
}

export type AccountSource = Pick<Snapshot, 'record' | 'records'>;

const accountOf = ({ key, version, body }: StoredRecord): KnownAccount => ({
  ...(body as UserAccount), // this file writes nothing else
  id: key,
  version,
});

const membershipOf = ({ key, version, body }: StoredRecord): KnownMembership => ({
  ...(body as UserMembership), // this file writes nothing else
  key,
  version,
});

/** The account, whatever its state; undefined where there is none. */
export async function findAccount(
  source: Pick<AccountSource, 'record'>,
  id: string,
): Promise<KnownAccount | undefined> {
  const found = await source.record(ACCOUNT_KIND, id);
  return found && accountOf(found);
}

/** The account with this login name, whatever its state; a name that nobody has, or has any more, finds none. */
export async function findAccountByLogin(
  source: Pick<AccountSource, 'record'>,
  login: string,
): Promise<KnownAccount | undefined> {
  const found = await source.record(LOGIN_KIND, loginKey(login));
  return found && findAccount(source, (found.body as LoginBody).account); // this file writes nothing else
}

interface LoginBody {
  readonly account: string;
}

/** The memberships of an account, ended ones among them. */
export async function membershipsOf(
  source: AccountSource,
  account: string,
): Promise<readonly KnownMembership[]> {
  return (await source.records(MEMBERSHIP_KIND, 'account', account)).map(membershipOf);
}

/** Those that grant their roles now: what a person may choose from at the start of a session. */
export async function membershipsInForce(
  source: AccountSource,
  account: string,
  now: number,
): Promise<readonly KnownMembership[]> {
  return (await membershipsOf(source, account)).filter((membership) => isInForce(membership, now));
}

/** Whether an invitation of the account needs a code that is told by another way, for what it may do now or later. */
export async function isPrivileged(
  source: AccountSource,
  { id, administrator }: KnownAccount,
  now: number,
): Promise<boolean> {
  if (administrator) return true;
  const memberships = (await membershipsOf(source, id)).filter(
    ({ status, until = Infinity }) => status === 'active' && now < until,
  );
  return memberships.some(({ roles }) => roles.some((role) => PRIVILEGED_ROLES.has(role)));
}

/** The membership of an account in an organization, ended or not; undefined where there never was one. */
export async function findMembership(
  source: Pick<AccountSource, 'record'>,
  account: string,
  organization: Ref,
): Promise<KnownMembership | undefined> {
  const found = await source.record(MEMBERSHIP_KIND, membershipKey(account, organization));
  return found && membershipOf(found);
}

/** Memberships in an organization in the order of their keys, a page behind a key; ended ones among them. */
export async function membershipsIn(
  source: AccountSource,
  organization: Ref,
  after = '',
): Promise<readonly KnownMembership[]> {
  return (await source.records(MEMBERSHIP_KIND, 'organization', organization, after)).map(membershipOf);
}

/** Accounts whose links an organization keeps: its patients and their representatives. */
export async function accountsLinkedIn(
  source: AccountSource,
  custodian: Ref,
  after = '',
): Promise<readonly KnownAccount[]> {
  return (await source.records(ACCOUNT_KIND, 'custodian', custodian, after)).map(accountOf);
}

/** Accounts in the order of their ids, a page behind an id. */
export async function accountsAfter(source: AccountSource, after = ''): Promise<readonly KnownAccount[]> {
  return (await source.records(ACCOUNT_KIND, ...ALL, after)).map(accountOf);
}

/** All accounts of a state. */
export async function accountsIn(
  source: AccountSource,
  state: UserAccount['state'],
): Promise<readonly KnownAccount[]> {
  return (await allRecords(source, ACCOUNT_KIND, 'state', state)).map(accountOf);
}

/** Accounts that keep the installation and are not at their end. */
export async function systemAdministrators(source: AccountSource): Promise<readonly KnownAccount[]> {
  const found = (await source.records(ACCOUNT_KIND, 'administrator', 'yes')).map(accountOf);
  return found.filter(({ state }) => state !== 'deactivated');
}

// — writes

/** The write of an account. `expect`: `absent`, or the version that it replaces. */
export function accountWrite(id: string, account: UserAccount, expect: RecordWrite['expect']): RecordWrite {
  const { login, name, state, since, createdAt, administrator, links, why } = account;
  const body: UserAccount = {
    login,
    name,
    state,
    since,
    createdAt,
    administrator,
    links,
    ...(why !== undefined && { why }),
  };
  const custodians = [...new Set(links.map(({ custodian }) => custodian))];
  return {
    kind: ACCOUNT_KIND,
    key: id,
    expect,
    body,
    index: [
      ALL,
      ['state', state],
      ...links.map(({ ref }) => ['link', ref] as const),
      ...custodians.flatMap((custodian) => (custodian === '' ? [] : [['custodian', custodian] as const])),
      ...(administrator ? [['administrator', 'yes'] as const] : []),
    ],
  };
}

/** Takes a login name for an account: refused by the store when somebody has it. */
export const loginTaken = (login: string, account: string): RecordWrite => ({
  kind: LOGIN_KIND,
  key: loginKey(login),
  expect: 'absent',
  body: { account } satisfies LoginBody,
});

/** Lets a login name go, 30 days from now. */
export const loginLeft = (login: string, account: string, now: number): RecordWrite => ({
  kind: LOGIN_KIND,
  key: loginKey(login),
  expect: 'any',
  body: { account } satisfies LoginBody,
  expiresAt: now + LOGIN_KEPT_MS,
});

/** The write of a membership. */
export const membershipWrite = (membership: UserMembership, expect: RecordWrite['expect']): RecordWrite => {
  const { account, organization } = membership;
  return {
    kind: MEMBERSHIP_KIND,
    key: membershipKey(account, organization),
    expect,
    body: membership,
    index: [
      ['account', account],
      ['organization', organization],
    ],
  };
};

// — when an account was last used

/** Says that an account was used: into the commit of every login. Nothing waits for it, so it expects nothing. */
export const usedWrite = (account: string, now: number): RecordWrite => ({
  kind: USE_KIND,
  key: account,
  expect: 'any',
  body: { at: now } satisfies UseBody,
});

interface UseBody {
  readonly at: number;
}

/** When the account was last used, in milliseconds since 1970; undefined: never. */
export async function lastUse(
  source: Pick<AccountSource, 'record'>,
  account: string,
): Promise<number | undefined> {
  const found = await source.record(USE_KIND, account);
  return found && (found.body as UseBody).at; // this file writes nothing else
}
