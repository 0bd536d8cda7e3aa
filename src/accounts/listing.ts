/** Lists of accounts for those who administer them: pages of users, and reviews of access (identity ID-18). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { isInForce } from '../identity/membership.ts';
import type { AccessRow, Acting, UserPage, UserQuery, UserRow } from '../ports/accounts.ts';
import { RECORDS_AT_ONCE } from '../ports/record.ts';
import {
  accountsAfter,
  accountsLinkedIn,
  findAccount,
  lastUse,
  membershipsIn,
  membershipsOf,
  type AccountSource,
  type KnownAccount,
} from './accounts.ts';

/** Accounts that one page looks at, at most: a search that finds few goes on behind them. */
const LOOKED_AT_MAX = 2000;

/** Roles of one review, at most. */
const REVIEWED_MAX = 20_000;

/** The organization whose accounts are asked for; undefined: all. @throws OperationOutcomeError `account-not-yours` */
function organizationOf({ over }: Pick<Acting, 'over'>, asked: Ref | undefined): Ref | undefined {
  if (over === 'installation') return asked;
  if (asked !== undefined && asked !== over)
    throw new OperationOutcomeError('account-not-yours', { diagnostics: `${asked} is not yours.` });
  return over;
}

/** A page of the accounts that the asker administers, in the order of their ids. */
export async function listUsers(source: AccountSource, acting: Acting, query: UserQuery): Promise<UserPage> {
  const organization = organizationOf(acting, query.organization);
  const users: UserRow[] = [];
  let looked = 0;
  let last = query.after;
  for await (const account of accountsOf(source, organization, query.after)) {
    if (users.length === query.count || looked === LOOKED_AT_MAX) return { users, next: last };
    looked += 1;
    last = account.id;
    const row = await rowOf(source, account, organization);
    if (fits(row, query)) users.push(row);
  }
  return { users, next: undefined };
}

async function rowOf(
  source: AccountSource,
  account: KnownAccount,
  organization: Ref | undefined,
): Promise<UserRow> {
  const { id, login, name, state, since, why, administrator, links } = account;
  const memberships = (await membershipsOf(source, id)).map(
    ({ key: _key, version: _version, ...body }) => body,
  );
  return {
    account: id,
    login,
    name,
    state,
    since,
    why,
    administrator,
    lastUsedAt: await lastUse(source, id),
    memberships: memberships.filter((one) => organization === undefined || one.organization === organization),
    links: links.filter(({ custodian }) => organization === undefined || custodian === organization),
  };
}

function fits(
  { account, login, name, state, memberships, administrator }: UserRow,
  query: UserQuery,
): boolean {
  const { search, role } = query;
  const word = search?.normalize('NFC').toLowerCase();
  const isFound =
    word === undefined ||
    account === search ||
    `${name}\n${login}`.normalize('NFC').toLowerCase().includes(word);
  const holds =
    role === undefined ||
    (role === 'sys-admin' && administrator) ||
    memberships.some((one) => one.status === 'active' && one.roles.includes(role));
  return isFound && holds && (query.state === undefined || state === query.state);
}

/** Accounts behind an id in the order of their ids: all, or those of an organization by membership or link, each once. */
async function* accountsOf(
  source: AccountSource,
  organization: Ref | undefined,
  after = '',
): AsyncGenerator<KnownAccount> {
  if (organization === undefined) {
    for (let behind = after; ;) {
      const page = await accountsAfter(source, behind);
      yield* page;
      if (page.length < RECORDS_AT_ONCE) return;
      behind = page.at(-1)?.id ?? behind;
    }
  }
  const id = organization.slice(organization.indexOf('/') + 1);
  for (let behind = after; ;) {
    const members = await membershipsIn(source, organization, behind === '' ? '' : `${behind}~${id}`);
    const linked = await accountsLinkedIn(source, organization, behind);
    // Of a full page nothing is known behind its end.
    const ends = [members.map(({ account }) => account), linked.map((one) => one.id)]
      .filter((ids) => ids.length === RECORDS_AT_ONCE)
      .map((ids) => ids.at(-1) ?? '');
    const ids = [...new Set([...members.map(({ account }) => account), ...linked.map((one) => one.id)])]
      .filter((one) => ends.every((end) => one <= end))
      .toSorted();
    for (const one of ids) {
      const account = linked.find((known) => known.id === one) ?? (await findAccount(source, one));
      if (account !== undefined) yield account;
    }
    if (ends.length === 0) return;
    behind = ids.at(-1) ?? behind;
  }
}

/**
 * Which roles people hold, since when, and when they last logged in. An account at its end holds none.
 *
 * @throws OperationOutcomeError `account-not-yours`, `answer-too-large`
 */
export async function reviewAccess(
  source: AccountSource,
  acting: Acting,
  asked: Ref | undefined,
  now: number,
): Promise<readonly AccessRow[]> {
  const organization = organizationOf(acting, asked);
  const rows: AccessRow[] = [];
  for await (const account of accountsOf(source, organization)) {
    if (account.state !== 'deactivated')
      rows.push(...accessOf(await rowOf(source, account, organization), organization, now));
    if (rows.length > REVIEWED_MAX)
      throw new OperationOutcomeError('answer-too-large', {
        diagnostics: `more than ${REVIEWED_MAX} roles: name an organization`,
      });
  }
  return rows;
}

function accessOf(user: UserRow, organization: Ref | undefined, now: number): readonly AccessRow[] {
  const { account, login, name, state, lastUsedAt, memberships, links, administrator } = user;
  const person = { account, login, name, state, lastUsedAt };
  const plain = { ...person, until: undefined, sites: [] };
  return [
    ...(administrator && organization === undefined
      ? [{ ...plain, organization: '' as const, role: 'sys-admin' as const, since: undefined }]
      : []),
    ...memberships
      .filter((membership) => isInForce(membership, now))
      .flatMap((membership) =>
        membership.roles.map((role) => ({
          ...person,
          organization: membership.organization,
          role,
          since: membership.rolesSince[role],
          until: membership.until,
          sites: membership.sites ?? [],
        })),
      ),
    ...links
      .filter(({ ref }) => !ref.startsWith('Practitioner/'))
      .map(({ ref, custodian }) => ({
        ...plain,
        organization: custodian,
        role: ref.startsWith('Patient/') ? ('patient' as const) : ('proxy' as const),
        since: undefined,
      })),
  ];
}
