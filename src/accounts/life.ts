/** The moves of an account between its states (identity ID-13 to ID-19): each is one commit, with all that ends and its audit. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import {
  ACCOUNT_MOVES,
  stateAfterMove,
  type UserAccount,
  type AccountMove,
  type AccountState,
} from '../identity/account.ts';
import { planWorkItem } from '../operations/work-item.ts';
import { buildWrite, commitPlanned } from '../operations/write/commit.ts';
import type { AccountMoved, Acting, MoveAsked } from '../ports/accounts.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { Commit, Snapshot } from '../ports/store.ts';
import {
  accountWrite,
  findAccount,
  isPrivileged,
  loginLeft,
  membershipsOf,
  membershipWrite,
  type KnownAccount,
  type KnownMembership,
} from './accounts.ts';
import { belongsTo, checkSeparated, checkWhole, type AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import { returnClaimed } from './claimed-work.ts';
import { endingsOf } from './endings.ts';
import { issueInvitation } from './invitations.ts';

/** The moves after which the person needs a new link. */
const INVITING: ReadonlySet<AccountMove> = new Set(['invite-again', 'reset']);

/** The moves that the person makes, by a link or at the end of enrolment; nobody else can. */
const OWN_MOVES: ReadonlySet<AccountMove> = new Set(['open', 'enrol']);

/**
 * Moves an account. Everything that the move ends is gone in the same commit.
 *
 * @throws OperationOutcomeError `not-found` for an account that the asker does not administer, `account-not-yours`,
 *   `self-approval`, `account-state` where the move does not exist from its state
 */
export async function moveAccount(
  parts: AccountParts,
  acting: Acting,
  asked: MoveAsked,
): Promise<AccountMoved> {
  const { result } = await commitPlanned(parts, (snapshot) => planMove(parts, snapshot, acting, asked));
  if (result.touched.length > 0) parts.committed(result.touched);
  return result.moved;
}

/** The account, for an administrator of it. @throws OperationOutcomeError `not-found` */
export async function readAdministered(
  snapshot: Snapshot,
  { over }: Acting,
  id: string,
): Promise<KnownAccount> {
  const account = await findAccount(snapshot, id);
  if (account !== undefined && (over === 'installation' || (await belongsTo(snapshot, account, over))))
    return account;
  throw new OperationOutcomeError('not-found', { diagnostics: 'There is no such account here.' });
}

async function planMove(parts: AccountParts, snapshot: Snapshot, acting: Acting, asked: MoveAsked) {
  const { move, why } = asked;
  const now = parts.clock.now();
  const account = await readAdministered(snapshot, acting, asked.account);
  if (OWN_MOVES.has(move)) throw wrongMove(account.state, move);
  await checkWhole(snapshot, acting, account, now);
  checkSeparated('own-state', acting, account.id, parts);
  const state = stateAfterMove(account.state, move);
  if (state === undefined) throw wrongMove(account.state, move);
  const memberships = await membershipsOf(snapshot, account.id);
  const { why: _before, ...rest } = account;
  const after: UserAccount = { ...rest, state, since: now, ...(why !== undefined && { why }) };
  const invitation = INVITING.has(move)
    ? issueInvitation(parts, {
        account: account.id,
        organization: acting.over === 'installation' ? undefined : acting.over,
        privileged: await isPrivileged(snapshot, account, now),
        by: acting,
      })
    : undefined;
  const ends = state === 'deactivated';
  const work = await workOf(parts, snapshot, acting, { account, memberships, move });
  const records: RecordWrite[] = [
    accountWrite(account.id, after, account.version),
    ...(await endingsOf(snapshot, account.id, move)),
    ...(ends ? [loginLeft(account.login, account.id, now), ...memberships.flatMap(ended)] : []),
    ...(invitation === undefined ? [] : [invitation.write]),
  ];
  const entry = identityEntry('account-changed', {
    actor: acting.agent,
    requestId: acting.requestId,
    account: account.id,
    detail: { move, from: account.state, to: state, ...(why !== undefined && { why }) },
    viewers: organizationsOf(account, memberships),
    entities: work.writes.map(({ ref }) => `${ref}/_history/0`),
  });
  const moved: AccountMoved = { state, invitation, returned: ends ? work.writes.length : 0 };
  return {
    commit: auditedCommit([entry], { ...work, records }),
    templates: new Map(),
    moved,
    touched: work.writes.map(({ ref }) => ref),
  };
}

interface Moving {
  readonly account: KnownAccount;
  readonly memberships: readonly KnownMembership[];
  readonly move: AccountMove;
}

/** What a move does to work: what somebody who leaves had claimed goes back, and a reset is looked at by compliance. */
async function workOf(
  { selectRecipients, newId, clock }: AccountParts,
  snapshot: Snapshot,
  { agent }: Acting,
  { account, memberships, move }: Moving,
): Promise<Pick<Commit, 'writes' | 'outbox'>> {
  const now = clock.now();
  if (move === 'deactivate')
    return returnClaimed(snapshot, selectRecipients, { people: peopleOf(account, memberships), now });
  if (move !== 'reset') return { writes: [], outbox: [] };
  const by = agent.subject === '' ? agent.client : agent.subject;
  const planned = organizationsOf(account, memberships).map((owner) =>
    planWorkItem(newId(), {
      kind: 'factors-reset',
      says: `All factors of the account ${account.id} were taken away by ${by}. Ask the person whether it was wanted.`,
      authoredOn: new Date(now).toISOString(),
      owner,
    }),
  );
  return { writes: planned.map(buildWrite), outbox: await selectRecipients(planned, [], now) };
}

function wrongMove(state: AccountState, move: AccountMove): OperationOutcomeError {
  const { from }: { readonly from: readonly AccountState[] } = ACCOUNT_MOVES[move];
  return new OperationOutcomeError('account-state', {
    diagnostics: `The account is ${state}; ${move} is for one that is ${from.join(' or ')}.`,
  });
}

const ended = (membership: KnownMembership): readonly RecordWrite[] => {
  const { key: _key, version, ...body } = membership;
  return body.status === 'ended' ? [] : [membershipWrite({ ...body, status: 'ended' }, version)];
};

/** The Practitioners and PractitionerRoles that the account is. */
export const peopleOf = (
  { links }: Pick<UserAccount, 'links'>,
  memberships: readonly KnownMembership[],
): readonly Ref[] => [
  ...links.map(({ ref }) => ref).filter((ref) => ref.startsWith('Practitioner/')),
  ...memberships.flatMap(({ practitionerRole }) =>
    practitionerRole === undefined ? [] : [practitionerRole],
  ),
];

/** Every organization for which an account works, or that keeps its person: they see what becomes of it. */
const organizationsOf = (
  { links }: Pick<UserAccount, 'links'>,
  memberships: readonly KnownMembership[],
): readonly Ref[] => [
  ...new Set([
    ...memberships.filter(({ status }) => status === 'active').map(({ organization }) => organization),
    ...links.flatMap(({ custodian }) => (custodian === '' ? [] : [custodian])),
  ]),
];

/**
 * The end of enrolment, for whoever commits the last factor: the write that makes the account active, and its row.
 *
 * @throws OperationOutcomeError `account-state`
 */
export async function enrolled(
  snapshot: Snapshot,
  id: string,
  by: Pick<Acting, 'agent' | 'requestId'>,
  now: number,
): Promise<{ readonly record: RecordWrite; readonly entry: ReturnType<typeof identityEntry> }> {
  const account = await findAccount(snapshot, id);
  const state = account && stateAfterMove(account.state, 'enrol');
  if (account === undefined || state === undefined) throw wrongMove(account?.state ?? 'deactivated', 'enrol');
  return {
    record: accountWrite(id, { ...account, state, since: now }, account.version),
    entry: identityEntry('account-changed', {
      actor: by.agent,
      requestId: by.requestId,
      account: id,
      detail: { move: 'enrol', from: account.state, to: state },
      viewers: organizationsOf(account, await membershipsOf(snapshot, id)),
    }),
  };
}
