/**
 * A person is invited (identity ID-14): an account, its login name, the membership and the link that lets in, in one commit.
 * The first administrator of an installation is invited by who runs it (identity ID-16).
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { readLoginName, readPersonName, type UserAccount, type AccountLink } from '../identity/account.ts';
import { PRIVILEGED_ROLES, type UserMembership } from '../identity/membership.ts';
import { commitPlanned } from '../operations/write/commit.ts';
import type { Acting, InviteAsked, Invited } from '../ports/accounts.ts';
import type { AuditEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';
import {
  ACCOUNT_KIND,
  accountWrite,
  findAccountByLogin,
  findMembership,
  loginTaken,
  membershipWrite,
  systemAdministrators,
  type KnownAccount,
} from './accounts.ts';
import { belongsTo, checkSeparated, type AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import { issueInvitation } from './invitations.ts';
import { linkFor } from './links.ts';
import { checkTenant, newMembership, permissionEntry, planMembership, withLinks } from './memberships.ts';

/** What a commit takes for a person, and the answer. */
interface PlannedInvite {
  readonly records: readonly RecordWrite[];
  readonly audit: readonly AuditEntry[];
  readonly invited: Invited;
}

/**
 * Invites a person, or adds roles and links to the account of one who is known by the login name.
 *
 * @throws OperationOutcomeError `parameter-invalid`, `field-missing`, `login-taken`, `account-not-yours`, `self-approval`, and
 *   what refuses a membership or a link
 */
export async function inviteUser(parts: AccountParts, acting: Acting, asked: InviteAsked): Promise<Invited> {
  const { login, name } = readPerson(asked);
  const { result } = await commitPlanned(parts, async (snapshot) => {
    const person: Person = { ...asked, login, name };
    checkAsked(person, acting);
    const existing = await findAccountByLogin(snapshot, login);
    const { records, audit, invited } =
      existing === undefined
        ? await planNewAccount(parts, snapshot, acting, person)
        : await planAdded(parts, snapshot, acting, person, existing);
    const relied =
      existing === undefined || records.some(({ kind }) => kind === ACCOUNT_KIND)
        ? []
        : [{ kind: ACCOUNT_KIND, key: existing.id, version: existing.version }];
    return {
      commit: auditedCommit(audit, { records, recordPreconditions: relied }),
      templates: new Map(),
      invited,
    };
  });
  return result.invited;
}

/** What was asked, with the login name and the person's name as they are kept. */
type Person = InviteAsked;

function readPerson(asked: Pick<InviteAsked, 'login' | 'name'>): Pick<Person, 'login' | 'name'> {
  const login = readLoginName(asked.login);
  const name = readPersonName(asked.name);
  if (login === undefined)
    throw new OperationOutcomeError('parameter-invalid', { diagnostics: 'the login is an e-mail address' });
  if (name === undefined)
    throw new OperationOutcomeError('parameter-invalid', { diagnostics: 'the name has 1 to 200 characters' });
  return { login, name };
}

/** @throws OperationOutcomeError where nothing is given, or more than the asker may give */
function checkAsked({ membership, links = [], administrator = false }: Person, { over }: Acting): void {
  if (membership === undefined && links.length === 0 && !administrator)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'roles in an organization, or a link to a person or patient',
    });
  if (administrator && over !== 'installation')
    throw new OperationOutcomeError('account-not-yours', {
      diagnostics: 'Administrators of the installation are made by one of them.',
    });
}

async function planNewAccount(
  parts: AccountParts,
  snapshot: Snapshot,
  acting: Acting,
  person: Person,
): Promise<PlannedInvite> {
  const id = parts.newId();
  const { membership, links } = await planGrants(parts, snapshot, acting, person, id);
  const now = parts.clock.now();
  const { administrator = false, login, name } = person;
  const account: UserAccount = {
    login,
    name,
    state: 'invited',
    since: now,
    createdAt: now,
    administrator,
    links,
  };
  const { write, ...invitation } = issueInvitation(parts, {
    account: id,
    organization: membership?.organization ?? (acting.over === 'installation' ? undefined : acting.over),
    privileged: administrator || isPrivileged(membership),
    by: acting,
  });
  const records: RecordWrite[] = [
    accountWrite(id, account, 'absent'),
    loginTaken(login, id),
    ...(membership === undefined ? [] : [membershipWrite(membership, 'absent')]),
    write,
  ];
  const entry = invitedEntry(acting, id, { membership, links, administrator });
  return { records, audit: [entry], invited: { account: id, outcome: 'invited', invitation } };
}

const isPrivileged = (membership: UserMembership | undefined): boolean =>
  membership?.roles.some((role) => PRIVILEGED_ROLES.has(role)) === true;

interface Grants {
  readonly membership: UserMembership | undefined;
  readonly links: readonly AccountLink[];
}

async function planGrants(
  parts: AccountParts,
  snapshot: Snapshot,
  acting: Acting,
  { membership: asked, links = [] }: Person,
  account: string,
): Promise<Grants> {
  const given = await Promise.all(links.map((ref) => linkFor(snapshot, acting, ref)));
  if (asked === undefined) return { membership: undefined, links: given };
  await checkTenant(snapshot, acting, asked.organization);
  const before =
    (await findMembership(snapshot, account, asked.organization)) ??
    newMembership(account, asked.organization);
  const planned = await planMembership(snapshot, before, asked, acting, parts.clock.now());
  return { membership: planned.membership, links: withLinks({ links: given }, planned.links) };
}

const invitedEntry = (
  acting: Acting,
  account: string,
  { membership, links, administrator }: Grants & { readonly administrator: boolean },
): AuditEntry =>
  identityEntry('account-invited', {
    actor: acting.agent,
    requestId: acting.requestId,
    account,
    detail: {
      ...(membership !== undefined && {
        organization: membership.organization,
        roles: membership.roles.join(' '),
      }),
      ...(links.length > 0 && { linked: links.map(({ ref }) => ref).join(' ') }),
      ...(administrator && { administrator: 'sys-admin' }),
    },
    entities: [
      ...(membership === undefined ? [] : [membership.organization]),
      ...links.map(({ ref }) => ref),
    ],
    patients: links.map(({ ref }) => ref).filter((ref) => ref.startsWith('Patient/')),
    viewers: [
      ...new Set(
        [membership?.organization, ...links.map(({ custodian }) => custodian)].filter(
          (one): one is Ref => one !== undefined && one !== '',
        ),
      ),
    ],
  });

/**
 * An address links nobody (identity ID-2, ID-44): an account that another organization made, or its provider, may be in other
 * hands than those of the person who is meant. Who holds it tells its id, which stands on the account's page.
 *
 * @throws OperationOutcomeError `account-not-yours`
 */
async function checkTold(
  snapshot: Snapshot,
  { over }: Acting,
  { account }: Person,
  existing: KnownAccount,
): Promise<void> {
  if (over === 'installation' || account === existing.id || (await belongsTo(snapshot, existing, over)))
    return;
  throw new OperationOutcomeError('account-not-yours', {
    diagnostics:
      'Another organization has made an account with this login. Ask the person for the id on its account page, and name it as user.',
  });
}

/** Roles and links for somebody who has an account: no link is given out, the person logs in as before. */
async function planAdded(
  parts: AccountParts,
  snapshot: Snapshot,
  acting: Acting,
  person: Person,
  existing: KnownAccount,
): Promise<PlannedInvite> {
  const { id } = existing;
  checkSeparated('own-roles', acting, id, parts);
  await checkTold(snapshot, acting, person, existing);
  const { membership: asked, administrator = false } = person;
  const known = asked && (await findMembership(snapshot, id, asked.organization));
  if (existing.state === 'deactivated' || known?.status === 'active')
    throw new OperationOutcomeError('login-taken', {
      diagnostics:
        existing.state === 'deactivated'
          ? 'The account with this login has ended; the name is free 30 days after.'
          : 'The person has a membership here already.',
    });
  const { membership, links } = await planGrants(parts, snapshot, acting, person, id);
  const after = withLinks(existing, links);
  const isChanged = after.length > existing.links.length || (administrator && !existing.administrator);
  const { id: _id, version, ...account } = existing;
  const records: RecordWrite[] = [
    ...(membership === undefined ? [] : [membershipWrite(membership, known?.version ?? 'absent')]),
    ...(isChanged
      ? [
          accountWrite(
            id,
            { ...account, links: after, administrator: account.administrator || administrator },
            version,
          ),
        ]
      : []),
  ];
  if (records.length === 0)
    throw new OperationOutcomeError('login-taken', { diagnostics: 'The person has all of it already.' });
  const entry =
    membership === undefined
      ? invitedEntry(acting, id, { membership, links, administrator })
      : permissionEntry(acting, membership, links);
  return { records, audit: [entry], invited: { account: id, outcome: 'added', invitation: undefined } };
}

/** The record by which there is one first administrator, however many ask at once. */
const FIRST = { kind: 'installation', key: 'first-administrator' } as const;

/**
 * Invites the first administrator of an installation that has none. Others may have been invited before.
 *
 * @throws OperationOutcomeError `login-taken` where there is an administrator, or was a first one
 */
export async function inviteFirst(
  parts: AccountParts,
  by: Pick<Acting, 'agent' | 'requestId'>,
  person: { readonly login: string; readonly name: string },
): Promise<Invited> {
  const acting: Acting = { ...by, account: undefined, over: 'installation' };
  const { login, name } = readPerson(person);
  const { result } = await commitPlanned(parts, async (snapshot) => {
    const isFirst =
      (await snapshot.record(FIRST.kind, FIRST.key)) === undefined &&
      (await systemAdministrators(snapshot)).length === 0;
    if (!isFirst)
      throw new OperationOutcomeError('login-taken', {
        diagnostics: 'There was a first administrator already.',
      });
    const asked: Person = { login, name, administrator: true };
    const { records, audit, invited } = await planNewAccount(parts, snapshot, acting, asked);
    const first: RecordWrite = { ...FIRST, expect: 'absent', body: { account: invited.account } };
    return { commit: auditedCommit(audit, { records: [...records, first] }), templates: new Map(), invited };
  });
  return result.invited;
}
