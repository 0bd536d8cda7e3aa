/**
 * What may still be done to a message that was sent (baa-messaging MS5, MS7): its recipients say that they have read it, its
 * sender takes it back or retracts it. All else stays as it was.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { readReceiptsIn, withReceipt } from '../../messaging/extensions.ts';
import { frozenElement } from '../../messaging/frozen.ts';
import { isUnsent, statusMove } from '../../messaging/statuses.ts';
import { valuesAt } from '../../resources/element.ts';
import { placesIn, replan, type Draft, type Planned } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { noMove } from './no-move.ts';
import { ownDraftOf, organizationsNamed, organizationNamed, callersPerson } from './senders.ts';

export async function changeSentMessage(
  draft: Draft,
  planned: Planned,
  before: Resource,
  after: Resource,
): Promise<void> {
  const element = frozenElement('message', before, after);
  if (element !== undefined)
    throw new OperationOutcomeError('message-frozen', {
      diagnostics: `Communication.${element} of a message that was sent stays as it is`,
      expression: placesIn(planned, [`Communication.${element}`]),
    });
  const [from, to] = [before['status'], after['status']];
  const saysRead =
    (to === 'completed' && from !== 'completed') ||
    (after['received'] !== undefined && after['received'] !== before['received']);
  if (saysRead) {
    if (notReadable(before)) throw noMove(planned, from, to);
    await receiptFor(draft, planned, before);
    return undefined;
  }
  if (to === from) return restore(draft, planned, {});
  if (!ownDraftOf(draft, planned))
    throw new OperationOutcomeError('not-your-move', {
      diagnostics: 'the sender takes a message back',
      expression: placesIn(planned, ['Communication.status']),
    });
  const row = statusMove('message', from, to, ['sender']);
  if (row === undefined) throw noMove(planned, from, to);
  if (row.event === 'withdraw' && readReceiptsIn(before).length > 0)
    throw new OperationOutcomeError('message-frozen', {
      diagnostics: `${planned.ref} was read: it can be retracted (entered-in-error), and is not taken back`,
      expression: placesIn(planned, ['Communication.status']),
    });
  const { statusReason } = after;
  if (row.event === 'retract' && statusReason === undefined)
    throw new OperationOutcomeError('referral-rule', {
      diagnostics: 'Communication.statusReason: whoever retracts a message says why',
      expression: placesIn(planned, ['Communication.statusReason']),
    });
  restore(draft, planned, { status: to, ...(statusReason !== undefined && { statusReason }) });
}

/** Elements that no comparison froze, and that stay all the same. */
const KEPT = [
  'sent',
  'received',
  'sender',
  'recipient',
  'status',
  'statusReason',
  'category',
  'text',
  'extension',
] as const;

/** The version before, with what was moved. Its keeper may label it; nobody else writes anything into it. */
function restore(draft: Draft, planned: Planned, moved: Readonly<Record<string, unknown>>): void {
  const { before } = planned;
  const isOwn = ownDraftOf(draft, planned);
  replan(draft, planned.ref, (tree) => {
    const rest = Object.entries(tree).filter(([name]) => !(KEPT as readonly string[]).includes(name));
    const kept = KEPT.filter((name) => before?.[name] !== undefined).map(
      (name) => [name, before?.[name]] as const,
    );
    const meta = isOwn ? withTagsOf(tree.meta, before?.meta) : before?.meta;
    return {
      ...Object.fromEntries([...rest, ...kept]),
      ...(meta !== undefined && { meta }),
      ...moved,
    } as Resource; // a Communication still
  });
}

/** A label says how a message is protected; a tag could say anything. */
function withTagsOf(meta: Resource['meta'], before: Resource['meta']): Resource['meta'] {
  const { tag: _tag, ...rest } = meta ?? {};
  return { ...rest, ...(before?.tag !== undefined && { tag: before.tag }) };
}

/**
 * A recipient says that it has read the message: the server writes who and when, once for each.
 *
 * @returns whether that was not known
 * @throws OperationOutcomeError `not-your-move` for the sender
 */
export async function receiptFor(draft: Draft, planned: Planned, before: Resource): Promise<boolean> {
  const reader = await readerOf(draft, before);
  if (reader === undefined)
    throw new OperationOutcomeError('not-your-move', {
      diagnostics: 'whoever sent a message is not the one who says that it was read',
      expression: placesIn(planned, ['Communication.received']),
    });
  const receipts = readReceiptsIn(before);
  const isNew = receipts.every(
    (one) => one.reader !== reader.reader || one.organization !== reader.organization,
  );
  const others = new Set([...receipts.map(({ organization }) => organization), reader.organization]);
  const asked = await organizationsTold(draft, before);
  const isReadByAll = [...asked].every((one) => others.has(one));
  const status = isReadByAll && before['status'] === 'in-progress' ? 'completed' : before['status'];
  restore(draft, planned, { status, received: before['received'] ?? draft.now });
  if (isNew) replan(draft, planned.ref, (tree) => withReceipt(tree, { ...reader, at: draft.now }));
  return isNew;
}

/** It was not sent, or was retracted: nobody reads it any more. */
export const notReadable = (message: Resource): boolean =>
  isUnsent(message) || message['status'] === 'entered-in-error';

/** The organizations of the recipients, but the sender's where others are told. */
async function organizationsTold(draft: Draft, message: Resource): Promise<ReadonlySet<Ref>> {
  const sender = await organizationNamed(draft, message['sender']);
  const told = new Set(await organizationsNamed(draft, valuesAt(message, 'recipient')));
  if (sender !== undefined && told.size > 1) told.delete(sender);
  return told;
}

const NAMELESS = 'https://closeloop.dev/fhir/StructureDefinition/receipts-without-names';

/** Who reads; undefined: the sender does. A person's name is left out where its organization says so. */
async function readerOf(
  draft: Draft,
  message: Resource,
): Promise<{ readonly reader: Ref; readonly organization: Ref } | undefined> {
  const { organization } = draft.caller;
  if (organization === undefined) return undefined;
  const person = callersPerson(draft);
  const told = await organizationsNamed(draft, valuesAt(message, 'recipient'));
  const isSender = (await organizationNamed(draft, message['sender'])) === organization;
  const isColleague = told.has(organization) && person !== undefined && person !== senderOf(message);
  if (isSender && !isColleague) return undefined;
  const own = await readPreview(draft, organization);
  const extensions = valuesAt(own, 'extension') as readonly { url?: unknown; valueBoolean?: unknown }[];
  const isNameless = extensions.some(({ url, valueBoolean }) => url === NAMELESS && valueBoolean === true);
  return { reader: (isNameless ? undefined : person) ?? organization, organization };
}

const senderOf = (message: Resource): unknown => valuesAt(message, 'sender.reference')[0];
