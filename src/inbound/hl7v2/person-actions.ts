/** What a person does about a kept message: try it again, say which referral it is about, correct it, discard it. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import { Hl7Fault } from '../../hl7v2/fault.ts';
import { parseMessage } from '../../hl7v2/message.ts';
import type { Snapshot } from '../../ports/store.ts';
import { ownRefOf, typeOf } from '../../resources/element.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import type { MessageActions } from '../../operations/extended/message-actions.ts';
import { sightOf, type Request } from '../../operations/request.ts';
import type { OperationContext } from '../../operations/context.ts';
import { closeItem } from '../../operations/write/close-item.ts';
import { readPreview } from '../../operations/write/preview.ts';
import { buildCommit } from '../../operations/write/commit.ts';
import { openDraft } from '../../operations/write/draft.ts';
import type { MessageFormat } from '../message-format.ts';
import type { WaitingMessages } from '../waiting.ts';
import { inItsMail, openIncoming, type Incoming } from './incoming.ts';
import { referralOfOrder } from '../find-referral.ts';
import { MEMBER_KIND } from '../../resources/parties/standing.ts';
import { refile } from '../archive.ts';
import { remarkText } from '../fate.ts';
import { archivedMessageOf } from '../read-archive.ts';
import { addRow } from './add-code-map-row.ts';
import { performResolution, type Resolvable, type Resolved } from '../resolve-work-item.ts';
import type { KnownBeside } from '../processed-message.ts';
import { requestOf } from '../message-caller.ts';

export function createMessageActions(context: OperationContext, door: Door): Omit<MessageActions, 'bring'> {
  return {
    replay: (request) =>
      performResolution(context, request, (snapshot, about) =>
        tryAgain(context, door, request, snapshot, about, {}),
      ),
    link: (request, referral) =>
      performResolution(context, request, async (snapshot, about) => {
        const order = await readOrder(context, request, snapshot, referral);
        return tryAgain(context, door, request, snapshot, about, { request: order });
      }),
    correct: (request, text) =>
      performResolution(context, request, (snapshot, about) =>
        tryCorrected(context, door, request, snapshot, about, text),
      ),
    discard: (request, reason) =>
      performResolution(context, request, (snapshot, about) =>
        discard(context, request, snapshot, about, reason),
      ),
    mapCode: (request, row) =>
      performResolution(context, request, (snapshot, about) =>
        addRow(context, request, snapshot, about, row),
      ),
  };
}

interface Door {
  readonly format: MessageFormat<Incoming>;
  readonly waiting: WaitingMessages;
}

async function tryAgain(
  context: OperationContext,
  door: Door,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  more: Pick<KnownBeside, 'request'>,
): Promise<Resolved> {
  const kept = await readMessageOf(door, snapshot, item);
  const incoming =
    more.request === undefined
      ? kept
      : await fromCounterparty(context, request, snapshot, kept, more.request);
  const earlier = { archived: await archivedMessageOf(snapshot, item), item };
  return processAgain(context, door, snapshot, incoming, {
    ...more,
    earlier,
    by: request.caller.organization,
  });
}

async function tryCorrected(
  context: OperationContext,
  door: Door,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  text: string,
): Promise<Resolved> {
  const original = await readMessageOf(door, snapshot, item);
  const corrected = correct(original, text, context.clock.now());
  const archived = await archivedMessageOf(snapshot, item);
  const by = request.caller.organization;
  return processAgain(
    context,
    door,
    snapshot,
    corrected,
    { replaces: archived.document, by },
    async (draft) => {
      await refile(draft, archived, { fate: 'corrected', custodian: '' });
      await closeItem(draft, item.ref, 'corrected');
    },
  );
}

/** @throws OperationOutcomeError when the text is no message, or another than the one that is corrected */
function correct(original: Incoming, text: string, now: number): Incoming {
  const { link, address, header, carried, barred } = original;
  if (carried !== undefined && header === undefined && barred === undefined)
    throw refuse('the mail holds no message that could be corrected');
  let bytes: Uint8Array;
  try {
    bytes = encodeBytes(text, parseMessage(text).syntax.charset);
  } catch (error) {
    if (!(error instanceof Hl7Fault)) throw error;
    throw refuse(`the text is not a message: ${error.says}`);
  }
  const opened = openIncoming({ link, bytes, address, signal: NEVER }, now, original.toleranceMs);
  const incoming = carried === undefined ? opened : inItsMail(opened, original);
  const changed = [
    original.sender !== undefined && incoming.sender !== original.sender && 'sender',
    original.receiver !== undefined && incoming.receiver !== original.receiver && 'receiver',
    header !== undefined && incoming.header?.message !== header.message && 'kind',
    header !== undefined && incoming.header?.controlId !== header.controlId && 'control id',
  ].filter((what) => what !== false);
  if (changed.length > 0) throw refuse(`a correction keeps the ${changed.join(', ')} of the message`);
  return incoming;
}

const NEVER = new AbortController().signal;

/**
 * A mail whose sender nobody knows, said by a person to belong to a referral: then it is from the other party, whom the
 * receiver answers for. A member speaks for itself, from an address of its own.
 */
async function fromCounterparty(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  incoming: Incoming,
  order: Ref,
): Promise<Incoming> {
  const { carried, header, sender, receiver } = incoming;
  const isNobodys = sender === undefined || carried?.introduce !== undefined;
  if (carried === undefined || header === undefined || !isNobodys || receiver === undefined) return incoming;
  const draft = openDraft(context, request, snapshot);
  const found = await referralOfOrder(draft, order, { sender: receiver, receiver: undefined });
  if (found.kind !== 'one') return incoming;
  const { initiator, recipient } = found.referral;
  const other = initiator === receiver ? recipient : initiator;
  if ((await snapshot.record(MEMBER_KIND, other)) !== undefined) return incoming;
  const said = { ...carried, introduce: undefined, ofUnknown: undefined };
  return { ...incoming, sender: other, keeper: receiver, carried: said };
}

const refuse = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('structure-invalid', { diagnostics, expression: ['Parameters.parameter'] });

async function discard(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  reason: string,
): Promise<Resolved> {
  const draft = openDraft(context, request, snapshot);
  await refile(draft, await archivedMessageOf(snapshot, item), { fate: 'discarded', custodian: '' });
  await closeItem(draft, item.ref, reason, 'cancelled');
  const offered = await buildCommit(draft, request, undefined);
  return { ...offered, fate: 'discarded', says: [] };
}

async function readMessageOf(
  { format }: Door,
  snapshot: Snapshot,
  item: Resolvable['item'],
): Promise<Incoming> {
  const incoming = await format.read(snapshot, item);
  if (incoming !== undefined) return incoming;
  throw new OperationOutcomeError('referral-rule', {
    diagnostics: `there is no link ${item.link} any more, or the kept message was changed`,
  });
}

async function processAgain(
  context: OperationContext,
  { format, waiting }: Door,
  snapshot: Snapshot,
  incoming: Incoming,
  beside: KnownBeside,
  also?: (draft: ReturnType<typeof openDraft>) => Promise<void>,
): Promise<Resolved> {
  const sent = requestOf(context, incoming);
  const processed = await format.process(() => openDraft(context, sent, snapshot), incoming, beside);
  await also?.(processed.draft);
  const offered = await buildCommit(processed.draft, sent, undefined);
  const { fate, remarks } = processed.verdict;
  const says = remarks.map(remarkText);
  return { ...offered, fate, says, afterwards: () => waiting.after(processed) };
}

/** The order of a referral that the caller sees, named by itself or by its Task. */
async function readOrder(
  context: OperationContext,
  request: Request,
  snapshot: Snapshot,
  reference: unknown,
): Promise<Ref> {
  if (typeof reference !== 'string') throw noReferral();
  const ref = ownRefOf(context.settings.publicBase, reference);
  const sight = sightOf(request.caller);
  const isSeen = ref !== undefined && (await snapshot.read(ref, sight))?.text !== undefined;
  const draft = openDraft(context, request, snapshot);
  const named = isSeen ? await readPreview(draft, ref) : undefined;
  const order = ref !== undefined && typeOf(ref) === 'Task' && named !== undefined ? focusOf(named) : ref;
  if (named !== undefined && order !== undefined && typeOf(order) === 'ServiceRequest') return order;
  throw noReferral();
}

const noReferral = (): OperationOutcomeError =>
  new OperationOutcomeError('reference-not-found', {
    diagnostics: 'the parameter referral names no referral that you may read',
    expression: ["Parameters.parameter.where(name = 'referral')"],
  });
