/** Opening a thread, and changing who takes part in it (baa-messaging MS3, MS6). */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import {
  asksForHistory,
  withAudienceOf,
  withParticipants,
  withServerExtensionsOf,
} from '../../messaging/extensions.ts';
import { frozenElement } from '../../messaging/frozen.ts';
import { limitFault } from '../../messaging/limits.ts';
import { messageShape } from '../../messaging/shape.ts';
import { isUnsent, statusMove } from '../../messaging/statuses.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { isSameReference } from '../../referral/fields.ts';
import { valuesAt } from '../../resources/element.ts';
import { placesIn, plan, planStored, replan, type Draft, type Planned } from '../write/draft.ts';
import { findPreview } from '../write/preview.ts';
import { withAudience } from './audience.ts';
import { noMove } from './no-move.ts';
import { checkOpenThreads } from './open-threads.ts';
import { namedIn, ownDraftOf, organizationsNamed } from './senders.ts';
import { THREAD_MESSAGES_MAX, messagesQuery } from './threads.ts';

const OPEN = 'in-progress';

export async function openHeader(draft: Draft, planned: Planned): Promise<void> {
  const header = draft.planned.get(planned.ref)?.after?.plain;
  if (header === undefined) return;
  checkLimits(planned, header);
  const { before } = planned;
  const from = before !== undefined && messageShape(before) === 'header' ? before['status'] : undefined;
  const status = header['status'];
  if (from !== status && statusMove('header', from, status, ['participant']) === undefined)
    throw noMove(planned, from ?? 'new', status);
  const parties = [...(await organizationsNamed(draft, namedIn(header)))];
  if (status === OPEN) await checkOpenThreads(draft, planned, parties);
  replan(draft, planned.ref, (tree) =>
    withParticipants(withServerExtensionsOf(tree, undefined), parties, draft.now),
  );
}

export async function changeHeader(
  draft: Draft,
  planned: Planned,
  before: Resource,
  after: Resource,
): Promise<void> {
  const isOwn = ownDraftOf(draft, planned);
  const of = isOwn ? 'header' : 'header of another';
  const element = messageShape(after) === 'header' ? frozenElement(of, before, after) : 'recipient';
  if (element !== undefined)
    throw new OperationOutcomeError('message-frozen', {
      diagnostics: `Communication.${element} of a thread stays as it is`,
      expression: placesIn(planned, [`Communication.${element}`]),
    });
  checkLimits(planned, after);
  const [from, to] = [before['status'], after['status']];
  const actors = ownDraftOf(draft, planned)
    ? (['participant', 'sender'] as const)
    : (['participant'] as const);
  if (from !== to && statusMove('header', from, to, actors) === undefined) throw noMove(planned, from, to);
  const stood = await organizationsNamed(draft, namedIn(before));
  const takingPart = [...(await organizationsNamed(draft, namedIn(after)))];
  const joined = takingPart.filter((one) => !stood.has(one));
  if (to === OPEN) await checkOpenThreads(draft, planned, from === OPEN ? joined : takingPart);
  replan(draft, planned.ref, (tree) =>
    withParticipants(withServerExtensionsOf(tree, before), joined, draft.now),
  );
  if (!isOwn)
    replan(draft, planned.ref, ({ meta: _meta, text: _text, ...tree }) => ({
      ...withAudienceOf(tree as Resource, before), // without what its keeper alone writes
      ...(before.meta !== undefined && { meta: before.meta }),
      ...(before['text'] !== undefined && { text: before['text'] }),
    }));
  const old = valuesAt(before, 'recipient');
  const shown = valuesAt(after, 'recipient').filter(
    (one) => asksForHistory(one) && !old.some((other) => isSameReference(other, one)),
  );
  if (shown.length > 0) await showHistory(draft, planned, shown);
}

function checkLimits(planned: Planned, header: Resource): void {
  const fault = limitFault(header);
  if (fault !== undefined)
    throw new OperationOutcomeError('message-too-large', {
      diagnostics: fault,
      expression: placesIn(planned),
    });
}

/** Each message that was sent before goes to whoever is added with the history: each is a disclosure of its own. */
async function showHistory(draft: Draft, header: Planned, shown: readonly unknown[]): Promise<void> {
  const query: Query = {
    type: 'Communication',
    where: messagesQuery(header.ref),
    sort: [],
    sight: draft.sight,
    count: THREAD_MESSAGES_MAX,
    offset: 0,
    total: false,
  };
  const found = await findPreview(draft, query);
  if (found.length >= THREAD_MESSAGES_MAX)
    throw new OperationOutcomeError('message-too-large', {
      diagnostics: `the history of a thread is shown up to ${THREAD_MESSAGES_MAX} messages`,
      expression: placesIn(header, ['Communication.recipient']),
    });
  for (const ref of found) {
    if (draft.planned.has(ref)) continue;
    const version = await draft.snapshot.read(ref, EVERYTHING);
    if (version?.text === undefined) continue;
    const stored = planStored(version);
    if (
      stored.before === undefined ||
      isUnsent(stored.before) ||
      stored.before['status'] === 'entered-in-error'
    )
      continue;
    plan(draft, { ...stored, origin: 'client' });
    replan(draft, ref, (tree) => ({ ...tree, recipient: [...valuesAt(tree, 'recipient'), ...shown] }));
    await withAudience(draft, ref);
  }
}
