/**
 * The receiving of a Direct mail (direct-xdm 8). Every mail that is believed ends in one commit that holds its bytes, what
 * it changes, its audit and the notifications that are owed for it; a repetition changes nothing and is answered again. A
 * mail that is not believed is kept for administrators alone, and nobody answers it.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { emptyQuarantined } from '../../operations/attachments/empty-quarantined.ts';
import type { OperationContext } from '../../operations/context.ts';
import { agentOf } from '../../operations/audit/audit.ts';
import { buildCommit, commitPlanned, type PreparedCommit } from '../../operations/write/commit.ts';
import { openDraft } from '../../operations/write/draft.ts';
import { auditedCommit } from '../../ports/commit.ts';
import type { DirectMail, DirectReceived } from '../../ports/direct.ts';
import type { MessageFate } from '../../ports/inbound.ts';
import type { Caller, Request } from '../../operations/request.ts';
import type { AuditEntry, CommitKey, Snapshot } from '../../ports/store.ts';
import { auditReceipt } from '../audit-receipt.ts';
import { errorName } from '../error-name.ts';
import { keptUnread, malwareIn } from '../malware.ts';
import { asked, quarantined, remark, type MessageVerdict } from '../fate.ts';
import { isOurFault } from '../../operations/our-fault.ts';
import type { Incoming } from '../hl7v2/incoming.ts';
import { processMessage } from '../hl7v2/process-message.ts';
import type { MessageKey } from '../inbound-message.ts';
import { requestOf } from '../message-caller.ts';
import type { ProcessedMessage } from '../processed-message.ts';
import { closeCorrected, noteRefused } from '../refused-messages.ts';
import type { WaitingMessages } from '../waiting.ts';
import { canTell, dispositionsFor, owe, type Outcome } from './dispositions.ts';
import { DIRECT_LINK } from './direct-link.ts';
import type { DirectParts } from './door.ts';
import { arrive, incomingOf, type TakenMail } from './incoming-mail.ts';
import { writeKeptMail } from './kept-mail.ts';
import { findKnownMessage, mailKeyOf, noteMessage } from './mail-key.ts';
import { findReceiver } from './mail-parties.ts';
import { suggestReferrals } from './suggest-referrals.ts';

export interface ReceivingMail {
  readonly context: OperationContext;
  readonly parts: DirectParts;
  readonly waiting: WaitingMessages;
}

const KEPT: Outcome = { kept: true };
const NOT_KEPT: DirectReceived = { fate: 'not-kept', owed: [] };

/**
 * Resolves when the fate of the mail is on disk. Never rejects: what cannot be put there is `not-kept`.
 *
 * @param bringer whose client brought the package; undefined for a mail
 */
export async function receiveMail(
  receiving: ReceivingMail,
  mail: DirectMail,
  bringer?: Caller,
): Promise<DirectReceived> {
  try {
    return await receive(receiving, mail, bringer);
  } catch (error) {
    if (!isOurFault(error)) {
      const { through } = mail;
      receiving.parts.log('a Direct mail could not be kept', { through, error: errorName(error) });
    }
    return NOT_KEPT;
  }
}

async function receive(
  receiving: ReceivingMail,
  mail: DirectMail,
  bringer: Caller | undefined,
): Promise<DirectReceived> {
  const { context, parts } = receiving;
  if (mail.distrust === undefined) {
    const receiver = await findReceiver(context.store.snapshot(), mail.to, mail.receivedAt);
    if (receiver === undefined) return refuse(receiving, mail, 'nobody here has this address', bringer);
  }
  const arrived = await arrive(mail, parts.limits);
  if (arrived.content.kind === 'refused' && canTell(mail))
    return refuse(receiving, mail, arrived.content.says, bringer);
  const key = mailKeyOf(arrived);
  const verdict = await malwareIn(context, ...contentsOf(arrived));
  try {
    return await commitMail(receiving, { arrived, key, bringer, ...(verdict !== undefined && { verdict }) });
  } catch (error) {
    if (!isReused(error)) throw error;
  }
  return commitMail(receiving, { arrived, key: keyOfOther(key), bringer, verdict: OTHER_CONTENT });
}

/** The mail, and each file that was taken out of it: the mail may have packed them as no scanner unpacks. */
const contentsOf = ({ mail, content }: TakenMail): readonly Uint8Array[] => [
  mail.bytes,
  ...mail.parts.map(({ bytes }) => bytes),
  ...(content.kind === 'message' ? content.submission.documents.map(({ bytes }) => bytes) : []),
];

const isReused = (error: unknown): boolean =>
  error instanceof OperationOutcomeError && error.code === 'idempotency-key-reused';

/** The key of other content under a known number: kept apart. */
const keyOfOther = ({ scope, id, fingerprint }: MessageKey): MessageKey => ({
  scope,
  id: `${id} other:${fingerprint}`,
  fingerprint,
});

const OTHER_CONTENT = quarantined([
  remark('idempotency-key-reused', 'E', '', 'another content came under the number of this submission'),
]);
const OTHER_MESSAGE = quarantined([
  remark('idempotency-key-reused', 'E', 'MSH-10', 'another message came under this control id'),
]);
const NOT_APPLIED = asked('message-unfit', [
  remark('internal', 'E', '', 'the message could not be applied; see the log'),
]);

/** Stores the audit of the mail and the notification that it failed, and nothing else of it. */
async function refuse(
  { context }: ReceivingMail,
  mail: DirectMail,
  why: string,
  bringer: Caller | undefined,
): Promise<DirectReceived> {
  await commitReply(context, mail, { kept: false, why }, { outcome: '4', bringer });
  return { fate: 'rejected', owed: dispositionsFor(mail, { kept: false, why }) };
}

/** Answers a mail that came before once more; nothing else changes. */
async function repeat(
  { context }: ReceivingMail,
  mail: DirectMail,
  bringer: Caller | undefined,
): Promise<DirectReceived> {
  await commitReply(context, mail, KEPT, { outcome: '0', bringer });
  return { fate: 'repeated', owed: dispositionsFor(mail, KEPT) };
}

async function commitReply(
  context: OperationContext,
  mail: DirectMail,
  outcome: Outcome,
  { outcome: audited, bringer }: { readonly outcome: '0' | '4'; readonly bringer: Caller | undefined },
): Promise<void> {
  const { from: address, receivedAt } = mail;
  const nobody = { address, receivedAt, sentAt: undefined, sender: undefined, receiver: undefined };
  const request = requestOf(context, { ...nobody, link: { name: DIRECT_LINK } });
  const importer = { ...request, caller: bringer ?? request.caller };
  const records = owe(mail, outcome, context.clock.now());
  await commitPlanned(context, async () => ({
    commit: auditedCommit([bareReceipt(importer, audited)], { records }),
    templates: new Map(),
  }));
}

/** The audit of a mail of which nothing is written. */
const bareReceipt = ({ caller, requestId }: Request, outcome: '0' | '4'): AuditEntry => ({
  event: 'receive',
  action: 'C',
  outcome,
  ...(outcome === '4' && { issue: 'structure-invalid' }),
  agent: agentOf(caller),
  requestId,
  entities: [],
  patients: [],
  viewers: [],
});

interface CommittingMail {
  readonly arrived: TakenMail;
  readonly key: MessageKey;
  /** Whose client brought the package; undefined for a mail. */
  readonly bringer: Caller | undefined;
  /** The verdict, where it is decided already. */
  readonly verdict?: MessageVerdict;
}

interface PreparedMail extends PreparedCommit {
  readonly fate: MessageFate;
  /** Undefined for a message that came before in another submission. */
  readonly processed: ProcessedMessage | undefined;
}

async function commitMail(receiving: ReceivingMail, committing: CommittingMail): Promise<DirectReceived> {
  const { context, waiting } = receiving;
  const { mail } = committing.arrived;
  const { committed, result } = await commitPlanned(context, (snapshot) =>
    prepare(receiving, committing, snapshot),
  );
  if (committed.replayed) return repeat(receiving, mail, committing.bringer);
  context.committed(result.commit.writes.map(({ ref }) => ref));
  if (result.processed !== undefined) await emptyQuarantined(context, result.processed.archived.binary);
  if (result.processed !== undefined) await waiting.after(result.processed);
  return { fate: result.fate, owed: dispositionsFor(mail, KEPT) };
}

/** Opens a mail. One whose message would cost too much to open is kept apart: it would cost the same the next time. */
async function openMailOf(
  { context, parts }: ReceivingMail,
  arrived: TakenMail,
  snapshot: Snapshot,
): Promise<Incoming> {
  try {
    return await incomingOf(context, snapshot, arrived);
  } catch (error) {
    if (isOurFault(error) || arrived.content.kind !== 'message') throw error;
    parts.log('the message of a Direct mail could not be opened', { error: errorName(error) });
    const content = { kind: 'apart', says: 'the message in the package could not be opened' } as const;
    return incomingOf(context, snapshot, { ...arrived, content });
  }
}

/** Prepares the commit. A mail that cannot be applied for a reason that nobody foresaw is stored for a person. */
async function prepare(
  receiving: ReceivingMail,
  committing: CommittingMail,
  snapshot: Snapshot,
): Promise<PreparedMail> {
  const incoming = await openMailOf(receiving, committing.arrived, snapshot);
  const { verdict } = committing;
  try {
    return await prepareWith(receiving, { ...committing, incoming }, snapshot);
  } catch (error) {
    if (verdict !== undefined || isOurFault(error)) throw error;
    receiving.parts.log('a Direct mail could not be applied', { error: errorName(error) });
    return prepareWith(receiving, { ...committing, incoming, verdict: NOT_APPLIED }, snapshot);
  }
}

async function prepareWith(
  { context, parts: { settings } }: ReceivingMail,
  { arrived, key, bringer, verdict: given, incoming }: CommittingMail & { readonly incoming: Incoming },
  snapshot: Snapshot,
): Promise<PreparedMail> {
  const { mail } = arrived;
  const request = requestOf(context, incoming);
  const importer = { ...request, caller: bringer ?? request.caller };
  const open = () => openDraft(context, request, snapshot);
  const known = await findKnownMessage({ snapshot }, arrived, incoming);
  if (known === 'same' && given === undefined) {
    const draft = open();
    draft.records.push(...owe(mail, KEPT, context.clock.now()));
    const { commit, templates } = await buildCommit(draft, request, commitKey(key, 'repeated', settings));
    const audit = [...commit.audit, bareReceipt(importer, '0')];
    return { commit: { ...commit, audit }, templates, fate: 'repeated', processed: undefined };
  }
  const verdict = given ?? (known === 'other' ? OTHER_MESSAGE : undefined);
  const processed = await processMessage(
    open,
    incoming,
    settings,
    verdict === undefined ? {} : { given: verdict },
  );
  const { draft, archived, verdict: come } = processed;
  const { duplicateWindowMs } = settings;
  draft.records.push(writeKeptMail(archived.document, mail), ...owe(mail, KEPT, context.clock.now()));
  draft.records.push(...keptUnread(come, archived.binary, draft.now));
  if (come.fate === 'quarantine') await noteRefused(draft, incoming, key, archived, duplicateWindowMs);
  else {
    await closeCorrected(draft, incoming, key, duplicateWindowMs);
    if (known === 'new') noteMessage(draft, arrived, incoming, duplicateWindowMs);
  }
  if (holdsPackage(arrived) || bringer !== undefined)
    draft.rows.push(importRow(importer, archived.document, incoming));
  await suggestReferrals(draft, arrived, incoming, archived, processed.number);
  const offered = await buildCommit(draft, request, commitKey(key, come.fate, settings));
  const receipt = {
    ...auditReceipt(request, processed, incoming.receiver),
    // An administrator finds out why a partner is not believed by the audit alone.
    ...(mail.distrust !== undefined && { issue: mail.distrust }),
  };
  const commit = { ...offered.commit, audit: [...offered.commit.audit, receipt] };
  return { ...offered, commit, fate: come.fate, processed };
}

const holdsPackage = ({ content }: TakenMail): boolean => content.kind === 'message';

/** The audit event of an import that ITI-32 asks for. */
const importRow = ({ caller, requestId }: Request, document: Ref, { receiver }: Incoming): AuditEntry => ({
  event: 'import-package',
  action: 'C',
  outcome: '0',
  agent: agentOf(caller),
  requestId,
  entities: [`${document}/_history/0`],
  patients: [],
  viewers: receiver === undefined ? [] : [receiver],
});

const commitKey = (
  key: MessageKey,
  fate: MessageFate,
  { duplicateWindowMs }: DirectParts['settings'],
): CommitKey => ({
  ...key,
  countsMs: duplicateWindowMs,
  refused: fate === 'quarantine',
  reply: { pieces: [JSON.stringify({ fate })], holes: [] },
});
