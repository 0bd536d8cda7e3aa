/**
 * The thread of a referral (baa-messaging MS18; harmony Z47): a message of the kind `referral` that names its order, or the Task,
 * stands in it. The server makes its header when the first one is written, with both sides as participants.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { withParticipants } from '../../messaging/extensions.ts';
import { MESSAGE_KIND, messageKindIn, withMessageKind } from '../../messaging/kinds.ts';
import { manyOf, threadOf } from '../../messaging/shape.ts';
import { EVERYTHING, type Query } from '../../ports/query.ts';
import { isReferralTask, wasSent } from '../../referral/state.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { placesIn, replan, type Draft, type Planned } from '../write/draft.ts';
import { planOwn } from '../write/planned-resources.ts';
import { findPreview, readInSight, readPreview } from '../write/preview.ts';
import { ruleContextOf } from '../write/rule-context.ts';
import { checkOpenThreads } from './open-threads.ts';
import { namedIn, organizationNamed, organizationsNamed } from './senders.ts';

/** @throws OperationOutcomeError `referral-rule` where the caller is no side of the referral */
export async function joinReferralThread(draft: Draft, planned: Planned): Promise<void> {
  const message = draft.planned.get(planned.ref)?.after?.plain;
  if (message === undefined || messageKindIn(message) !== 'referral') return;
  if (threadOf(message) !== undefined || manyOf(message['payload']).length === 0) return;
  const order = await orderIn(draft, message);
  if (order === undefined) return;
  const sides = await sidesOf(draft, order, message);
  const { organization } = draft.caller;
  if (organization === undefined || !sides.includes(organization))
    throw new OperationOutcomeError('referral-rule', {
      diagnostics:
        'Communication.basedOn: a message of a referral is written by one of its sides, once it was sent',
      expression: placesIn(planned, ['Communication.basedOn']),
    });
  let thread = await findHeader(draft, order, sides);
  if (thread === undefined) {
    await checkOpenThreads(draft, planned, sides);
    thread = await makeHeader(draft, order, sides, organization);
  }
  replan(draft, planned.ref, (tree) => ({ ...tree, partOf: [{ reference: thread }] }));
}

/** The order that a message names, by itself or by its Task, as far as its writer reads it. */
async function orderIn(draft: Draft, message: Resource): Promise<Ref | undefined> {
  for (const one of [...valuesAt(message, 'basedOn'), ...valuesAt(message, 'about')]) {
    const ref = localRef(one);
    if (ref === undefined || (await readInSight(draft, ref)) === undefined) continue;
    if (typeOf(ref) === 'ServiceRequest') return ref;
    const focus = typeOf(ref) === 'Task' ? focusOf((await readPreview(draft, ref)) ?? NOTHING) : undefined;
    if (focus !== undefined) return focus;
  }
  return undefined;
}

const NOTHING: Resource = { resourceType: 'Task' };

/** Both organizations of the Task that the message is about, else of the newest Task of the order that was sent. */
async function sidesOf(draft: Draft, order: Ref, message: Resource): Promise<readonly Ref[]> {
  const named = new Set(valuesAt(message, 'about').map(localRef));
  const tasks = (await ruleContextOf(draft).find('Task', 'focus', order)).filter(
    (task) => isReferralTask(task) && wasSent(task),
  );
  const task = tasks.find(({ id }) => named.has(`Task/${id}`)) ?? newest(tasks);
  const parties = await Promise.all(
    [task?.['requester'], task?.['owner']].map((one) => organizationNamed(draft, one)),
  );
  return parties.filter((party) => party !== undefined);
}

const newest = (tasks: readonly Resource[]): Resource | undefined =>
  tasks.toSorted((one, other) => Number(other.meta?.versionId ?? 0) - Number(one.meta?.versionId ?? 0))[0];

const HEADERS_MAX = 20;

/** The open header of the referral in which both sides take part, and nobody else. */
async function findHeader(draft: Draft, order: Ref, sides: readonly Ref[]): Promise<Ref | undefined> {
  const query: Query = {
    type: 'Communication',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'based-on', to: [order] },
        { kind: 'token', param: 'category', code: 'referral', system: MESSAGE_KIND },
        { kind: 'missing', param: 'part-of', missing: true },
        { kind: 'token', param: 'status', code: 'in-progress' },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: HEADERS_MAX,
    offset: 0,
    total: false,
  };
  for (const ref of await findPreview(draft, query)) {
    const header = await readPreview(draft, ref);
    if (header === undefined || manyOf(header['payload']).length > 0) continue;
    const parties = await organizationsNamed(draft, namedIn(header));
    if (parties.size === new Set(sides).size && sides.every((side) => parties.has(side))) return ref;
  }
  return undefined;
}

async function makeHeader(draft: Draft, order: Ref, sides: readonly Ref[], organization: Ref): Promise<Ref> {
  const subject = (await readPreview(draft, order))?.['subject'];
  const header: Resource = {
    resourceType: 'Communication',
    status: 'in-progress',
    basedOn: [{ reference: order }],
    ...(subject !== undefined && { subject }),
    sender: { reference: organization },
    recipient: sides.map((reference) => ({ reference })),
  };
  const made = withParticipants(withMessageKind(header, 'referral'), sides, draft.now);
  return planOwn(draft, draft.context.newId(), made, organization);
}
