/** Operations on work items about messages (rules 7, docs/adr/0005): link, correct, replay, discard with a reason. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { relativeTo } from '../../fhir/reference.ts';
import type { Ref } from '../../fhir/types.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import { Hl7Fault } from '../../hl7v2/fault.ts';
import { parseMessage } from '../../hl7v2/message.ts';
import type { Snapshot } from '../../ports/store.ts';
import { localRefOf, typeOf, valuesAt } from '../../resources/element.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { readPreview } from '../write/draft.ts';
import { buildOffer } from '../write/offer.ts';
import { openIncoming, type Incoming } from '../receive/incoming.ts';
import { closeItem } from '../receive/items.ts';
import { refile } from '../receive/keep.ts';
import { keptOf, readKept } from '../receive/kept.ts';
import type { MessageDoor } from '../receive/door.ts';
import { settleMessage, type Beside } from '../receive/settle.ts';
import { requestOf } from '../receive/speak.ts';
import type { Request } from '../request.ts';
import type { Room } from '../room.ts';
import { sightOf } from '../request.ts';
import { openDraft } from '../write/write.ts';
import type { Invocation, Operation, OperationParameter } from './operation.ts';
import { textIn, valueIn } from './input.ts';
import { performResolution, type Resolvable, type Resolved } from './resolve.ts';

const OUT: readonly OperationParameter[] = [
  { name: 'fate', use: 'out', min: 1, max: '1', type: 'code', documentation: 'What became of the message.' },
  { name: 'remark', use: 'out', min: 0, max: '*', type: 'string', documentation: 'What was said about it.' },
];

/** What they have in common: a person's work item is changed. */
const ON_WORK_ITEMS = {
  levels: ['instance'],
  resource: ['Task'],
  affectsState: true,
  needs: 'update',
} as const satisfies Partial<Operation>;

export const replayMessage: Operation = {
  name: 'replay-message',
  title: 'Try a message again',
  description:
    'Tries the kept message of a work item again, as it was received. The work item ends when it is applied.',
  ...ON_WORK_ITEMS,
  parameters: OUT,
  perform: ({ room, door, request }) =>
    performResolution(room, request, (snapshot, about) => tryAgain(room, door, request, snapshot, about, {})),
};

export const linkMessage: Operation = {
  name: 'link-message',
  title: 'Say which referral a message is about',
  description:
    'Applies the kept message of a work item to a referral between its sender and its receiver, whatever number it bears. The patient must still be the one of the referral.',
  ...ON_WORK_ITEMS,
  parameters: [
    {
      name: 'referral',
      use: 'in',
      min: 1,
      max: '1',
      type: 'Reference',
      documentation: 'The ServiceRequest or the Task of the referral.',
    },
    ...OUT,
  ],
  perform: ({ room, door, request, input }) =>
    performResolution(room, request, async (snapshot, about) => {
      const order = await readOrder(room, request, snapshot, input);
      return tryAgain(room, door, request, snapshot, about, { request: order });
    }),
};

export const correctMessage: Operation = {
  name: 'correct-message',
  title: 'Correct a message',
  description:
    'Tries a corrected text in place of the kept message of a work item. Both are kept. Sender, receiver, kind and control id of the message stay as they were.',
  ...ON_WORK_ITEMS,
  parameters: [
    {
      name: 'message',
      use: 'in',
      min: 1,
      max: '1',
      type: 'string',
      documentation: 'The corrected message in ER7; segments may end with CR, LF or both.',
    },
    ...OUT,
  ],
  perform: ({ room, door, request, input }) => {
    const text = textIn(input, 'message') ?? '';
    return performResolution(room, request, (snapshot, about) =>
      tryCorrected(room, door, request, snapshot, about, text),
    );
  },
};

export const discardMessage: Operation = {
  name: 'discard-message',
  title: 'Discard a message',
  description: 'Ends a work item without applying its message, which stays kept, with the reason.',
  ...ON_WORK_ITEMS,
  parameters: [
    {
      name: 'reason',
      use: 'in',
      min: 1,
      max: '1',
      type: 'string',
      documentation: 'Why the message is not applied.',
    },
    ...OUT,
  ],
  perform: ({ room, request, input }) => {
    const reason = textIn(input, 'reason') ?? '';
    return performResolution(room, request, (snapshot, about) =>
      discard(room, request, snapshot, about, reason),
    );
  },
};

async function tryAgain(
  room: Room,
  door: MessageDoor,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  more: Pick<Beside, 'request'>,
): Promise<Resolved> {
  const incoming = await readMessageOf(room, door, snapshot, item);
  const earlier = { kept: await keptOf(snapshot, item), item };
  return settle(room, door, snapshot, incoming, { ...more, earlier, by: request.caller.organization });
}

async function tryCorrected(
  room: Room,
  door: MessageDoor,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  text: string,
): Promise<Resolved> {
  const original = await readMessageOf(room, door, snapshot, item);
  const corrected = correct(original, text, room.clock.now());
  const kept = await keptOf(snapshot, item);
  const by = request.caller.organization;
  return settle(room, door, snapshot, corrected, { replaces: kept.document, by }, async (draft) => {
    await refile(draft, kept, { fate: 'corrected', custodian: '' });
    await closeItem(draft, item.ref, 'corrected');
  });
}

/** @throws OperationOutcomeError when the text is no message, or another than the one that is corrected */
function correct(original: Incoming, text: string, now: number): Incoming {
  const { link, address, header } = original;
  let bytes: Uint8Array;
  try {
    bytes = encodeBytes(text, parseMessage(text).syntax.charset);
  } catch (error) {
    if (!(error instanceof Hl7Fault)) throw error;
    throw refuse(`the text is no message: ${error.says}`);
  }
  const incoming = openIncoming({ link, bytes, address, signal: NEVER }, now, original.toleranceMs);
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

const refuse = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('structure-invalid', { diagnostics, expression: ['Parameters.parameter'] });

async function discard(
  room: Room,
  request: Request,
  snapshot: Snapshot,
  { item }: Resolvable,
  reason: string,
): Promise<Resolved> {
  const draft = openDraft(room, request, snapshot);
  await refile(draft, await keptOf(snapshot, item), { fate: 'discarded', custodian: '' });
  await closeItem(draft, item.ref, reason, 'cancelled');
  const offered = await buildOffer(draft, request, undefined);
  return { ...offered, fate: 'discarded', says: [] };
}

async function readMessageOf(
  room: Room,
  { parts }: MessageDoor,
  snapshot: Snapshot,
  item: Resolvable['item'],
): Promise<Incoming> {
  const incoming = await readKept(room, snapshot, item, parts.links());
  if (incoming !== undefined) return incoming;
  throw new OperationOutcomeError('referral-rule', {
    diagnostics: `there is no link ${item.link} any more, or the kept message was changed`,
  });
}

async function settle(
  room: Room,
  { parts, waiting }: MessageDoor,
  snapshot: Snapshot,
  incoming: Incoming,
  beside: Beside,
  also?: (draft: ReturnType<typeof openDraft>) => Promise<void>,
): Promise<Resolved> {
  const sent = requestOf(room, incoming);
  const settled = await settleMessage(
    () => openDraft(room, sent, snapshot),
    incoming,
    parts.settings,
    beside,
  );
  await also?.(settled.draft);
  const offered = await buildOffer(settled.draft, sent, undefined);
  const { fate, remarks } = settled.verdict;
  const says = remarks.map(({ location, says: words }) =>
    location === '' ? words : `${location}: ${words}`,
  );
  return { ...offered, fate, says, afterwards: () => waiting.after(settled) };
}

/** The order of a referral that the caller sees, named by itself or by its Task. */
async function readOrder(
  room: Room,
  request: Request,
  snapshot: Snapshot,
  input: Invocation['input'],
): Promise<Ref> {
  const [reference] = valuesAt(valueIn(input, 'referral'), 'reference');
  if (typeof reference !== 'string') throw noReferral();
  const ref = localRefOf(relativeTo(room.settings.publicBase, reference));
  const sight = sightOf(request.caller);
  const isSeen = ref !== undefined && (await snapshot.read(ref, sight))?.text !== undefined;
  const draft = openDraft(room, request, snapshot);
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
