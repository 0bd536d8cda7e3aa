/** Messages within their thread (baa-messaging 7, MS3, MS6, MS18): open, of the same subject, to who takes part. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { messageShape, threadOf } from '../../messaging/shape.ts';
import { isSameReference } from '../../referral/fields.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { placesIn, replan, type Draft, type Planned } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { namedIn, organizationsNamed, organizationNamed } from './senders.ts';

/** What a message does not say of itself it has from its thread: to whom it goes, and whom it is about. */
export async function completeFromThread(draft: Draft, planned: Planned): Promise<void> {
  const resource = draft.planned.get(planned.ref)?.after?.plain;
  if (resource === undefined) return;
  const header = await headerOf(draft, resource);
  if (header === undefined) return checkPartOf(draft, planned, resource);
  const isFor = (one: unknown): boolean => !isSameReference(one, resource['sender']);
  const recipient = resource['recipient'] ?? valuesAt(header, 'recipient').filter(isFor);
  const subject = resource['subject'] ?? header['subject'];
  replan(draft, planned.ref, (tree) => ({
    ...tree,
    ...(valuesAt({ recipient }, 'recipient').length > 0 && { recipient }),
    ...(subject !== undefined && { subject }),
  }));
}

/** A message of a thread is no thread: what were part of it would evade who takes part, and that the thread is closed. */
async function checkPartOf(draft: Draft, planned: Planned, message: Resource): Promise<void> {
  const named = threadOf(message);
  const other = named === undefined ? undefined : await readPreview(draft, named);
  const header = other === undefined ? undefined : await headerOf(draft, other);
  if (header !== undefined)
    throw rule(
      planned,
      'partOf',
      `it names the header of a thread, as in Communication/${header.id ?? ''}; ${named} is a message`,
    );
}

/** The header that a message is part of, as it will be. */
export async function headerOf(draft: Draft, message: Resource): Promise<Resource | undefined> {
  const thread = threadOf(message);
  const header = thread === undefined ? undefined : await readPreview(draft, thread);
  return header !== undefined && messageShape(header) === 'header' ? header : undefined;
}

/** @throws OperationOutcomeError `thread-closed`, `referral-rule` for a message that is not of its thread */
export async function withinThread(draft: Draft, planned: Planned, message: Resource): Promise<void> {
  const thread = threadOf(message);
  if (thread === undefined) return;
  const header = await headerOf(draft, message);
  if (header === undefined) return; // part of something else, and a thread of its own
  if (header['status'] !== 'in-progress')
    throw new OperationOutcomeError('thread-closed', {
      diagnostics:
        header['status'] === 'completed'
          ? `${thread} is closed`
          : `${thread} is ${String(header['status'])}, and takes no message; open another where you cannot reopen it`,
      expression: placesIn(planned, ['Communication.partOf']),
    });
  if (!isSameReference(message['subject'], header['subject']))
    throw rule(planned, 'subject', 'a message is about the subject of its thread');
  await checkParticipants(draft, planned, message, header);
  for (const answered of valuesAt(message, 'inResponseTo')) {
    const ref = localRef(answered);
    const other = ref === undefined ? undefined : await readPreview(draft, ref);
    if (other === undefined || threadOf(other) !== thread)
      throw rule(planned, 'inResponseTo', 'a message answers one of its own thread');
  }
}

async function checkParticipants(
  draft: Draft,
  planned: Planned,
  message: Resource,
  header: Resource,
): Promise<void> {
  const participants = namedIn(header);
  const organizations = await organizationsNamed(draft, participants);
  const { organization } = draft.caller;
  if (organization !== undefined && !organizations.has(organization))
    throw rule(planned, 'sender', 'the sender takes no part in the thread');
  for (const recipient of valuesAt(message, 'recipient')) {
    if (participants.some((one) => isSameReference(one, recipient))) continue;
    const party = await organizationNamed(draft, recipient);
    if (party === undefined || !organizations.has(party))
      throw rule(planned, 'recipient', 'a recipient takes no part in the thread: add it to the header first');
  }
}

const rule = (planned: Planned, element: string, diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('referral-rule', {
    diagnostics: `Communication.${element}: ${diagnostics}`,
    expression: placesIn(planned, [`Communication.${element}`]),
  });

/** The messages of a thread that were sent, oldest first. */
export const THREAD_MESSAGES_MAX = 1000;

export const messagesQuery = (thread: Ref) =>
  ({ kind: 'reference', param: 'part-of', to: [thread] }) as const;
