/** Accounts, as an administrator of this machine settles them in a stopped server's store (identity 6). */
import { randomBytes, randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { AccountParts } from '../../src/accounts/acting.ts';
import { accountsAfter, findAccount, findAccountByLogin } from '../../src/accounts/accounts.ts';
import { createAccountAdministration } from '../../src/accounts/administration.ts';
import { inviteFirst } from '../../src/accounts/invite.ts';
import type { Ref } from '../../src/fhir/types.ts';
import { isAccountMove, type AccountMove } from '../../src/identity/account.ts';
import { MEMBER_ROLES } from '../../src/identity/membership.ts';
import type { Role } from '../../src/identity/roles.ts';
import type { AccountAdministration, Acting, IssuedInvitation, UserRow } from '../../src/ports/accounts.ts';
import { baseOf, type Config } from '../../src/server/config.ts';
import { invitationText, linkBase } from '../../src/server/first-administrator.ts';
import { clock } from '../../src/server/time.ts';
import { csvTable } from '../../src/operations/csv-lines.ts';
import { Trouble, UsageError } from '../command.ts';
import { withStore } from './with-store.ts';
import { onlyWord, organizationOf } from './words.ts';

interface UsersAsked {
  /** What stands behind `users`. */
  readonly words: readonly string[];
  readonly organization: string | undefined;
  readonly roles: string | undefined;
  readonly name: string | undefined;
  readonly link: string | undefined;
  readonly config: Config;
  readonly print: (line: string) => void;
}

interface Working extends UsersAsked {
  readonly parts: AccountParts;
  readonly accounts: AccountAdministration;
  readonly base: string;
}

const ACTING: Acting = {
  agent: { organization: '', client: 'admin', subject: userInfo().username },
  requestId: randomUUID(),
  account: undefined,
  over: 'installation',
};

const USAGE =
  'users list, create-first LOGIN, invite LOGIN, suspend LOGIN, reactivate LOGIN, deactivate LOGIN, invite-again LOGIN, reset LOGIN, role add LOGIN ROLE, role remove LOGIN ROLE or review is expected.';

/** The words behind `users`, and what they do. LOGIN may be an account's id. */
const COMMANDS: Readonly<Record<string, (working: Working, rest: readonly string[]) => Promise<void>>> = {
  list,
  'create-first': createFirst,
  invite,
  suspend: (working, rest) => move(working, rest, 'suspend'),
  reactivate: (working, rest) => move(working, rest, 'reactivate'),
  deactivate: (working, rest) => move(working, rest, 'deactivate'),
  'invite-again': (working, rest) => move(working, rest, 'invite-again'),
  reset: (working, rest) => move(working, rest, 'reset'),
  role: changeRole,
  review,
};

/** @throws UsageError for words that are no command */
export async function administerUsers(asked: UsersAsked): Promise<void> {
  const [action = '', ...rest] = asked.words;
  const command = Object.hasOwn(COMMANDS, action) ? COMMANDS[action] : undefined;
  if (command === undefined) throw new UsageError(USAGE);
  const { config } = asked;
  // The first administrator may be there before the first start.
  const needs = { mayBeNew: action === 'create-first', withParties: true };
  await withStore(
    config,
    async (store) => {
      const parts: AccountParts = {
        store,
        clock,
        newId: randomUUID,
        random: randomBytes,
        selectRecipients: async () => [],
        committed: () => undefined,
        soleAdministrator: config.soleAdministrator,
      };
      const base = linkBase(baseOf(config, config.port), config);
      await command({ ...asked, parts, accounts: createAccountAdministration(parts), base }, rest);
    },
    needs,
  );
}

/** The id of the account with a login, or with this id. */
async function idOf({ parts }: Working, text: string): Promise<string> {
  const snapshot = parts.store.snapshot();
  const account = (await findAccountByLogin(snapshot, text)) ?? (await findAccount(snapshot, text));
  if (account === undefined) throw new Trouble(`${text} has no account.`);
  return account.id;
}

function rolesOf(text: string): readonly Role[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !MEMBER_ROLES.some((role) => role === word));
  if (unknown !== undefined) throw new UsageError(`${unknown} is none of ${MEMBER_ROLES.join(', ')}.`);
  return MEMBER_ROLES.filter((role) => words.includes(role));
}

// — commands

async function list(working: Working, rest: readonly string[]): Promise<void> {
  if (rest.length > 0) throw new UsageError(USAGE);
  const organization = organizationOf(working.organization);
  for (let after: string | undefined; ;) {
    const page = await working.accounts.list(ACTING, { organization, count: 200, after });
    for (const user of page.users) working.print(userLine(user));
    if (page.next === undefined) return;
    after = page.next;
  }
}

const userLine = ({ account, login, name, state, administrator, memberships }: UserRow): string =>
  [
    account,
    login,
    name,
    state,
    ...(administrator ? ['sys-admin'] : []),
    ...memberships
      .filter(({ status }) => status === 'active')
      .map(({ organization, roles }) => `${organization}: ${roles.join(' ')}`),
  ].join('  ');

async function createFirst(working: Working, rest: readonly string[]): Promise<void> {
  const login = onlyWord(rest, USAGE);
  const { parts, base, name = 'Administrator' } = working;
  if ((await accountsAfter(parts.store.snapshot())).length > 0)
    throw new Trouble('There are accounts already: users invite, or users reset.');
  const { invitation } = await inviteFirst(parts, ACTING, { login, name });
  tellLink(working, base, login, invitation);
}

async function invite(working: Working, rest: readonly string[]): Promise<void> {
  const login = onlyWord(rest, USAGE);
  const { accounts, base, roles, link, name = login } = working;
  const organization = organizationOf(working.organization);
  if ((organization === undefined) !== (roles === undefined))
    throw new UsageError('--organization and --roles belong together.');
  const { outcome, invitation } = await accounts.invite(ACTING, {
    login,
    name,
    ...(organization !== undefined &&
      roles !== undefined && { membership: { organization, roles: rolesOf(roles) } }),
    links: link === undefined ? [] : [link as Ref], // refused where it is none
    administrator: organization === undefined && link === undefined,
  });
  if (outcome === 'added') working.print(`${login} had an account, which has it now as well`);
  tellLink(working, base, login, invitation);
}

function tellLink(
  { print }: Pick<Working, 'print'>,
  base: string,
  login: string,
  invitation: IssuedInvitation | undefined,
): void {
  if (invitation !== undefined) print(invitationText(base, login, invitation));
}

async function move(working: Working, rest: readonly string[], asked: AccountMove): Promise<void> {
  const login = onlyWord(rest, USAGE);
  if (!isAccountMove(asked)) throw new UsageError(USAGE);
  const account = await idOf(working, login);
  const { state, returned, invitation } = await working.accounts.move(ACTING, { account, move: asked });
  working.print(`${login} is ${state}`);
  if (returned > 0) working.print(`${returned} work items went back to their team`);
  tellLink(working, working.base, login, invitation);
}

async function changeRole(working: Working, rest: readonly string[]): Promise<void> {
  const [action, login = '', word = '', ...more] = rest;
  const isAdd = action === 'add';
  if ((!isAdd && action !== 'remove') || word === '' || more.length > 0) throw new UsageError(USAGE);
  const { accounts, print } = working;
  const account = await idOf(working, login);
  if (word === 'sys-admin') {
    await accounts.setAdministrator(ACTING, { account, administrator: isAdd });
    print(`${login} ${isAdd ? 'keeps the installation' : 'keeps the installation no more'}`);
    return;
  }
  const organization = organizationOf(working.organization);
  if (organization === undefined) throw new UsageError('--organization is missing.');
  const [role] = rolesOf(word);
  const { users } = await accounts.list(ACTING, { organization, search: account, count: 1 });
  const held = users[0]?.memberships.find(({ status }) => status === 'active')?.roles ?? [];
  const roles = isAdd ? [...held, ...(role === undefined ? [] : [role])] : held.filter((one) => one !== role);
  if (roles.length === 0) await accounts.endMembership(ACTING, { account, organization });
  else await accounts.setMembership(ACTING, { account, organization, roles });
  print(`${login} in ${organization}: ${roles.length === 0 ? 'no member any more' : roles.join(' ')}`);
}

const instant = (ms: number | undefined): string => (ms === undefined ? '' : new Date(ms).toISOString());

async function review(working: Working, rest: readonly string[]): Promise<void> {
  if (rest.length > 0) throw new UsageError(USAGE);
  const rows = await working.accounts.reviewAccess(ACTING, organizationOf(working.organization));
  working.print(
    csvTable(
      ['user', 'login', 'name', 'state', 'organization', 'role', 'since', 'until', 'lastUse'],
      rows.map((row) => [
        row.account,
        row.login,
        row.name,
        row.state,
        row.organization,
        row.role,
        instant(row.since),
        instant(row.until),
        instant(row.lastUsedAt),
      ]),
    ).trimEnd(),
  );
}
