/**
 * Invitations as records (identity ID-14). The administrator of an account makes one; opening its link changes nothing, and
 * the button on that page uses it once. Only the hash of a link is kept; the link is shown once, to the inviter.
 */
import type { Ref } from '../fhir/types.ts';
import {
  codeHashOf,
  fitsCode,
  INVITATION_BYTES,
  INVITATION_MS,
  invitationCode,
  invitationKey,
  WRONG_CODES_MAX,
  type Invitation,
} from '../identity/invitation.ts';
import { stateAfterMove } from '../identity/account.ts';
import { commitPlanned } from '../operations/write/commit.ts';
import type { Acting, IssuedInvitation } from '../ports/accounts.ts';
import { SERVER_AGENT, type AuditEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { RecordWrite, StoredRecord } from '../ports/record.ts';
import type { Snapshot } from '../ports/store.ts';
import { accountWrite, findAccount, isPrivileged } from './accounts.ts';
import type { AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import { removalsOf } from './endings.ts';

const INVITATION_KIND = 'invitation';

/** A new invitation, and the write that the commit takes. */
export function issueInvitation(
  { random, clock }: Pick<AccountParts, 'random' | 'clock'>,
  { account, organization, privileged, by }: InvitationFor,
): IssuedInvitation & { readonly write: RecordWrite } {
  const secret = random(INVITATION_BYTES).toString('base64url');
  const key = invitationKey(secret);
  const code = privileged ? invitationCode(random(INVITATION_BYTES)) : undefined;
  const issuedAt = clock.now();
  const invitation: Invitation = {
    account,
    by: by.agent.subject === '' ? by.agent.client : by.agent.subject,
    ...(organization !== undefined && { organization }),
    issuedAt,
    ...(code !== undefined && { codeHash: codeHashOf(key, code) }),
    wrongCodes: 0,
  };
  const expiresAt = issuedAt + INVITATION_MS;
  return { secret, code, expiresAt, write: invitationWrite(key, invitation, 'absent') };
}

interface InvitationFor {
  readonly account: string;
  readonly organization: Ref | undefined;
  /** Whether a code is told by another way. */
  readonly privileged: boolean;
  readonly by: Acting;
}

const invitationWrite = (
  key: string,
  invitation: Invitation,
  expect: RecordWrite['expect'],
): RecordWrite => ({
  kind: INVITATION_KIND,
  key,
  expect,
  body: invitation,
  expiresAt: invitation.issuedAt + INVITATION_MS,
  index: [['account', invitation.account]],
});

/** What a link says before it is used. Asking changes nothing, so that a scanner of mails uses up no link. */
export async function lookAtInvitation(
  source: Pick<Snapshot, 'record'>,
  secret: string,
): Promise<{ readonly needsCode: boolean } | undefined> {
  const found = await source.record(INVITATION_KIND, invitationKey(secret));
  return found && { needsCode: invitationIn(found).codeHash !== undefined };
}

const invitationIn = ({ body }: StoredRecord): Invitation => body as Invitation; // this file writes nothing else

/** What became of a link that somebody used: the account that may enrol now, or why not. */
type OpenedInvitation =
  | { readonly ok: true; readonly account: string; readonly organization: Ref | undefined }
  | { readonly ok: false; readonly code: 'invitation-invalid' | 'invitation-code-wrong' };

interface Opening {
  readonly secret: string;
  /** What the person typed; '' for nothing. */
  readonly code: string;
  readonly requestId: string;
  /** Where the request came from. */
  readonly address?: string | undefined;
}

/**
 * Uses a link: the account begins to enrol, and this link and all others of the account are dead. A wrong code is counted
 * in the same commit that refuses it.
 */
export async function openInvitation(
  parts: Pick<AccountParts, 'store' | 'clock'>,
  opening: Opening,
): Promise<OpenedInvitation> {
  const key = invitationKey(opening.secret);
  // A link that is no link writes nothing.
  if ((await parts.store.snapshot().record(INVITATION_KIND, key)) === undefined) return INVALID;
  try {
    const { result } = await commitPlanned(parts, (snapshot) => planOpening(parts, snapshot, key, opening));
    return result.opened;
  } catch (error) {
    if (error instanceof NoInvitation) return INVALID;
    throw error;
  }
}

const INVALID = { ok: false, code: 'invitation-invalid' } as const;

/** The link was used while this use of it was planned. */
class NoInvitation extends Error {}

const usedUp = ({ kind, key, version }: StoredRecord): RecordWrite => ({
  kind,
  key,
  expect: version,
  body: undefined,
});

async function planOpening(
  { clock }: Pick<AccountParts, 'clock'>,
  snapshot: Snapshot,
  key: string,
  { code, requestId, address }: Opening,
) {
  const found = await snapshot.record(INVITATION_KIND, key);
  const account = found && (await findAccount(snapshot, invitationIn(found).account));
  const state = account && stateAfterMove(account.state, 'open');
  if (found === undefined || account === undefined || state === undefined) throw new NoInvitation();
  const invitation = invitationIn(found);
  const now = clock.now();
  // Who was given more since is invited again, with a code (identity ID-14).
  if (invitation.codeHash === undefined && (await isPrivileged(snapshot, account, now)))
    throw new NoInvitation();
  const { organization } = invitation;
  const row = {
    actor: {
      ...SERVER_AGENT,
      ...(organization !== undefined && { organization }),
      subject: account.id,
      ...(address !== undefined && { address }),
    } satisfies AuditEntry['agent'],
    requestId,
    account: account.id,
    viewers: organization === undefined ? [] : [organization],
  };
  const templates = new Map();
  if (!fitsCode(invitation, key, code)) {
    const wrongCodes = invitation.wrongCodes + 1;
    const isDead = wrongCodes >= WRONG_CODES_MAX;
    const refused = identityEntry(isDead ? 'lockout' : 'login', {
      ...row,
      issue: 'invitation-code-wrong',
      detail: { factor: 'invitation', attempt: String(wrongCodes) },
    });
    const records = [
      isDead ? usedUp(found) : invitationWrite(key, { ...invitation, wrongCodes }, found.version),
    ];
    const opened: OpenedInvitation = { ok: false, code: 'invitation-code-wrong' };
    return { commit: auditedCommit([refused], { records }), templates, opened };
  }
  const others = await removalsOf(snapshot, account.id, [INVITATION_KIND]);
  const records: RecordWrite[] = [
    accountWrite(account.id, { ...account, state, since: now }, account.version),
    usedUp(found),
    ...others.filter((one) => one.key !== key),
  ];
  const entry = identityEntry('account-changed', { ...row, detail: { from: account.state, to: state } });
  const opened: OpenedInvitation = { ok: true, account: account.id, organization };
  return { commit: auditedCommit([entry], { records }), templates, opened };
}
