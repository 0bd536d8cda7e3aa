/**
 * Judges a write of an agreement by the table (baa-messaging BA1–BA3, BA6): which row it is, whether whoever writes may
 * make that move, and whether it brings its evidence. The answer is a refusal, or what the server adds to the write.
 */
import type { IssueCode } from '../fhir/issue.ts';
import { isSame } from '../fhir/same.ts';
import type { Extension, Resource } from '../fhir/types.ts';
import { AGREEMENT_EXTENSIONS, asContract, isAgreement, literalIn, signaturesIn } from './contract.ts';
import {
  evidenceFault,
  keepsSigners,
  signedDocumentFault,
  signersAdded,
  type BroughtEvidence,
} from './evidence.ts';
import { frozenIn, notOfAssociate, partiesFrozenIn } from './frozen.ts';
import { legalStateOf, serverWritten } from './server-written.ts';
import { standingOfAgreement, type AgreementState } from './state.ts';
import {
  AGREEMENT_TRANSITIONS,
  movesFrom,
  type AgreementActor,
  type AgreementStatus,
  type AgreementTransition,
} from './transitions.ts';

interface AgreementWrite extends Omit<BroughtEvidence, 'side' | 'after' | 'settled'> {
  /** Undefined: deleted. */
  readonly after: Resource | undefined;
  /** Undefined: whoever writes is no party. */
  readonly actor: AgreementActor | undefined;
}

interface AgreementFault {
  readonly code: Extract<
    IssueCode,
    | 'agreement-transition-not-allowed'
    | 'agreement-incomplete'
    | 'agreement-frozen'
    | 'not-your-signature'
    | 'not-your-move'
    | 'deletion-refused'
  >;
  readonly says: string;
  readonly path: string;
}

/** A move that a write makes: the row, and the states before and after it. */
interface AgreementMove {
  readonly tid: string;
  readonly event: string;
  readonly from: AgreementState;
  readonly to: AgreementState;
}

interface AgreementJudgement {
  readonly fault?: AgreementFault;
  /** Absent: nothing moves. */
  readonly move?: AgreementMove;
  /** The agreement as it is stored. */
  readonly stored?: (tree: Resource) => Resource;
}

/** Whether a write may be, and what is stored then. What was no agreement before begins as one. */
export function judgeAgreement(write: AgreementWrite): AgreementJudgement {
  const old = isAgreement(write.before) ? write.before : undefined;
  const { after, now, actor } = write;
  if (after === undefined) return old === undefined ? {} : { ...deletionFault(old) };
  const from = old === undefined ? 'none' : standingOfAgreement(old, now).state;
  const side = sideOf(actor);
  const judged: Judged = { ...write, before: old, after, settled: after, from, side };
  const found = isAgreement(after) ? rowOf(judged) : 'no-row';
  if (found === 'no-row') return { fault: notAllowed(judged) };
  const row = found === 'edit' ? undefined : found;
  const stored = serverWritten({ ...judged, row });
  const settled = stored(after);
  const fault = row === undefined ? editFault(judged) : moveFault(row, { ...judged, settled });
  if (fault !== undefined) return { fault };
  if (row === undefined) return { stored };
  return {
    stored,
    move: { tid: row.tid, event: row.event, from, to: standingOfAgreement(settled, now).state },
  };
}

interface Judged extends BroughtEvidence {
  readonly actor: AgreementActor | undefined;
  readonly from: AgreementState;
}

const sideOf = (actor: AgreementActor | undefined) =>
  actor === 'principal' || actor === 'associate' ? actor : undefined;

/** Past Staging an agreement is a record of what was offered (45 CFR 164.530(j)). */
function deletionFault(before: Resource): AgreementJudgement {
  if (asContract(before).status === 'policy') return {};
  const says = 'an agreement that was offered is kept: revoke it, or withdraw the offer';
  return { fault: { code: 'deletion-refused', says, path: 'Contract' } };
}

const statusOf = (contract: Resource | undefined): AgreementStatus | undefined =>
  contract === undefined ? undefined : asContract(contract).status;

const notAllowed = ({ before, actor, from }: Judged): AgreementFault => ({
  code: 'agreement-transition-not-allowed',
  says: movesFrom(from, actor ?? 'principal', statusOf(before)),
  path: 'Contract.status',
});

// — which row

/**
 * The row of a write. A status that is written again is an edit, unless an associate offers other terms once more, or what is
 * revoked for later is revoked for sooner. Of two
 * rows that fit, the one counts that the caller may make; a new agreement that names an earlier one renews it.
 */
function rowOf(judged: Judged): AgreementTransition | 'edit' | 'no-row' {
  const { before, after, actor, from, named } = judged;
  const [left, status] = [statusOf(before), statusOf(after)];
  if (status === undefined) return 'no-row';
  const countersAgain =
    actor === 'associate' && status === 'negotiable' && !isSame(before?.['legal'], after['legal']);
  const revokesSooner =
    status === 'revoked' && from !== 'revoked' && !isSame(reasonIn(before), reasonIn(after));
  if (left === status && !countersAgain && !revokesSooner) return 'edit';
  const rows = AGREEMENT_TRANSITIONS.filter(
    (row) => row.left.includes(left) && row.written.includes(status) && row.from.includes(from),
  );
  const mine = rows.filter(({ actors }) => actor !== undefined && actors.includes(actor));
  const fitting = mine.length > 0 ? mine : rows;
  const renews = named.length > 0 ? fitting.find(({ event }) => event === 'renew') : undefined;
  return renews ?? fitting[0] ?? 'no-row';
}

// — whether it may be

/** Events by which the document changes; before the offer nothing is frozen. */
const REWORDS: ReadonlySet<string> = new Set(['begin', 'renew', 'offer', 'counter', 'take-back', 'amend']);
const SIGNS: ReadonlySet<string> = new Set(['sign-first', 'sign-second']);

function moveFault(row: AgreementTransition, judged: Judged): AgreementFault | undefined {
  const { before, after, actor } = judged;
  if (actor === undefined || !row.actors.includes(actor)) {
    const says = row.actors.includes('administrator')
      ? 'Only an administrator of this server says that it was made in error.'
      : actor === undefined
        ? 'it is moved by its parties'
        : notAllowed(judged).says;
    return { code: 'not-your-move', says, path: 'Contract.status' };
  }
  return (
    (before === undefined ? undefined : frozenFault(row.event, judged, before)) ??
    evidenceFault(row.evidence, judged) ??
    legalStateFault(before, after)
  );
}

function frozenFault(event: string, { after, actor }: Judged, before: Resource): AgreementFault | undefined {
  const isOpen = statusOf(before) === 'policy';
  const changed =
    (isOpen ? undefined : partiesFrozenIn(before, after)) ??
    (isOpen || REWORDS.has(event) ? undefined : frozenIn(before, after)) ??
    (actor === 'associate' ? notOfAssociate(before, after, event) : undefined);
  if (changed !== undefined) return frozen(changed, actor);
  const keeps = isOpen || REWORDS.has(event) || SIGNS.has(event) || isSame(before['signer'], after['signer']);
  return keeps ? principalStays(before, after) : foreignSignature('only signing changes who has signed');
}

function frozen(element: string, actor: AgreementActor | undefined): AgreementFault {
  if (element === 'signer') return foreignSignature('only signing changes who has signed');
  const says =
    actor === 'associate'
      ? `${element} is not the associate’s to change`
      : `${element} does not change once the agreement was offered`;
  return { code: 'agreement-frozen', says, path: `Contract.${element}` };
}

const foreignSignature = (says: string): AgreementFault => ({
  code: 'not-your-signature',
  says,
  path: 'Contract.signer',
});

/** An agreement is not handed to another principal, not even before its offer. */
const principalStays = (before: Resource, after: Resource): AgreementFault | undefined =>
  isSame(before['authority'], after['authority'])
    ? undefined
    : { code: 'agreement-frozen', says: 'authority stays who began it', path: 'Contract.authority' };

/** The server writes the legal state; a client may leave it out, or send what it read. */
function legalStateFault(before: Resource | undefined, after: Resource): AgreementFault | undefined {
  const said = legalStateOf(after);
  const status = statusOf(after);
  if (said.every((code) => code === status) || isSame(before?.['legalState'], after['legalState']))
    return undefined;
  return {
    code: 'agreement-frozen',
    says: 'legalState is the status, and written by the server: leave it out',
    path: 'Contract.legalState',
  };
}

// — edits that move nothing

function editFault(judged: Judged): AgreementFault | undefined {
  const { before, after, actor } = judged;
  if (before === undefined || isSameBut(before, after)) return undefined;
  if (actor === undefined || sideOf(actor) === undefined)
    return { code: 'not-your-move', says: 'it is changed by its parties', path: 'Contract' };
  const foreign = actor === 'associate' ? notOfAssociate(before, after, undefined) : undefined;
  if (foreign !== undefined) return frozen(foreign, actor);
  const isOpen = statusOf(before) === 'policy';
  const changed = isOpen
    ? undefined
    : (frozenIn(before, after) ?? (isSame(reasonIn(before), reasonIn(after)) ? undefined : 'extension'));
  return (
    (changed === undefined ? principalStays(before, after) : frozen(changed, actor)) ??
    legalStateFault(before, after) ??
    (isOpen ? evidenceFault(['unsigned'], judged) : paperFault(judged, before))
  );
}

/** What moved an agreement says why, and from when: it is not told otherwise afterwards. */
const reasonIn = (contract: Resource | undefined): Extension | undefined =>
  contract && asContract(contract).extension?.find(({ url }) => url === AGREEMENT_EXTENSIONS.reason);

const isSameBut = ({ meta: _m, ...before }: Resource, { meta: _n, ...after }: Resource): boolean =>
  isSame(before, after);

/** Statuses in which a signature may still be filed. */
const UNSIGNED: ReadonlySet<unknown> = new Set(['offered', 'negotiable', 'executable']);

/** Beside its own signature a principal files the associate’s, given on paper; a second person then confirms it (BA2). */
function paperFault({ after, user }: Judged, before: Resource): AgreementFault | undefined {
  if (isSame(before['signer'], after['signer'])) return undefined;
  const added = signersAdded(before, after).flatMap(signaturesIn);
  const [signature] = added;
  if (
    !keepsSigners(before, after) ||
    !UNSIGNED.has(statusOf(before)) ||
    added.length !== 1 ||
    signature === undefined
  )
    return foreignSignature('only signing changes who has signed');
  const document = literalIn(signature.paper ?? [], 'document');
  if (signature.side !== 'associate' || document === undefined)
    return foreignSignature(
      'beside its own, a principal files the associate’s signature on paper alone (extension signed-paper)',
    );
  if (user === undefined) return foreignSignature('a person files a signature on paper, not a machine');
  return signedDocumentFault(signature, after);
}
