/**
 * The work item of a delivery that the policies withhold (compliance L7): it asks a person of the discloser to capture what
 * is missing, and to send again. Nothing that was withheld is sent later by itself. Subscriptions get none (harmony Z44).
 */
import { mayRead } from '../agreements/told.ts';
import type { EndedDelivery, OpenedItem } from '../delivery/outcome.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { NEED_SYSTEM, sayNeed } from '../policies/need.ts';
import { EVERYTHING, type Query } from '../ports/query.ts';
import type { ClaimedEntry, Snapshot } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { localRef, typeOf } from '../resources/element.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import type { OperationContext } from './context.ts';
import { openReview } from './denial-review.ts';
import { planWorkItem, type WorkItem } from './work-item.ts';
import { WORK_ITEM_SYSTEM } from '../resources/work-item-code.ts';
import { buildWrite } from './write/commit.ts';

type Parts = Pick<OperationContext, 'store' | 'clock' | 'newId'>;

/** The work item that is written with the outcome of a withheld delivery; undefined where nobody is to act. */
export async function openWithheld(parts: Parts, ended: EndedDelivery): Promise<OpenedItem | undefined> {
  const { entry, refused, exception } = ended;
  if (refused === undefined || typeOf(entry.receiver) === 'Subscription') return undefined;
  const now = parts.store.snapshot();
  const owner = (await now.read(entry.subject, EVERYTHING))?.custodian ?? '';
  if (owner === '') return undefined;
  const isOwnWish = exception === 'none-review' && ended.deciding === undefined;
  if (isOwnWish && !entry.sight.everything)
    return openReview(parts, now, { owner, counterparty: entry.sight.organization, focus: entry.subject });
  const kind = isCarriers(ended) ? 'carrier-agreement' : 'consent-needed';
  if (await isAsked(now, entry, owner, kind)) return undefined;
  const item: WorkItem = {
    kind,
    says: await describe(now, ended, owner),
    focus: entry.subject,
    authoredOn: new Date(parts.clock.now()).toISOString(),
    owner,
    basedOn: await orderOf(now, entry.subject),
    input: [
      { type: { text: 'receiver' }, valueReference: { reference: entry.receiver } },
      ...refused.needs.map(({ kind }) => ({
        type: { text: 'need' },
        valueCodeableConcept: { coding: [{ system: NEED_SYSTEM, code: kind }] },
      })),
      ...agreementOf(ended, owner),
    ],
  };
  return { write: buildWrite(planWorkItem(parts.newId(), item)) };
}

/** Who operates the way out has no agreement with the discloser (baa-messaging BA18). */
const isCarriers = ({ policy }: EndedDelivery): boolean => policy === 'carrier-agreement';

/** The Contract that is not in force, where its keeper may read it (baa-messaging BA14). */
function agreementOf({ agreement }: EndedDelivery, owner: Ref) {
  return agreement?.contract === undefined || !mayRead(agreement, owner)
    ? []
    : [{ type: { text: 'agreement' }, valueReference: { reference: agreement.contract } }];
}

/** The delivery, what it needs, and the Consents that decided, as far as the discloser keeps them. */
async function describe(
  now: Snapshot,
  { entry, refused, deciding = [], exception, why = '' }: EndedDelivery,
  owner: Ref,
) {
  const receiver = resourceOf(await now.read(entry.receiver, EVERYTHING));
  const organization = localRef(receiver?.['managingOrganization']);
  const named =
    organization === undefined ? undefined : resourceOf(await now.read(organization, EVERYTHING))?.['name'];
  const recipient = typeof named === 'string' ? named : entry.receiver;
  const kept: string[] = [];
  for (const version of deciding) {
    const ref = version.replace(/\/_history\/.*$/, '') as Ref; // versions of resources
    if ((await now.read(ref, EVERYTHING))?.custodian === owner) kept.push(ref);
  }
  const needs = (refused?.needs ?? []).map((need) =>
    need.existing === undefined || kept.includes(need.existing)
      ? sayNeed(need, recipient)
      : sayNeed({ ...need, existing: undefined }, recipient),
  );
  return [
    `${entry.event} was not sent to ${recipient}: ${why}.`,
    ...needs,
    ...(refused?.lacks ?? []).map(({ says }) => `It lacks ${says}.`),
    kept.length > 0 ? `Decided by ${kept.join(', ')}.` : '',
    exception === 'none-review' ? UNDOCUMENTED : '',
  ]
    .filter(Boolean)
    .join(' ');
}

async function orderOf(now: Snapshot, subject: Ref): Promise<Ref | undefined> {
  const task: Resource | undefined = resourceOf(await now.read(subject, EVERYTHING));
  return task?.resourceType === 'Task' ? focusOf(task) : undefined;
}

/** Whether a person was asked about this subject and receiver, and has not dealt with it. */
async function isAsked(
  now: Snapshot,
  { subject, receiver }: ClaimedEntry,
  owner: Ref,
  code: WorkItem['kind'],
): Promise<boolean> {
  const query: Query = {
    type: 'Task',
    where: {
      kind: 'all',
      of: [
        { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code },
        { kind: 'token', param: 'status', code: 'requested' },
        { kind: 'reference', param: 'focus', to: [subject] },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: ITEMS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await now.search(query);
  return matches.some(({ custodian, text }) => custodian === owner && text.includes(`"${receiver}"`));
}

/** What 45 CFR 171.202(e) asks of a denial by the patient (compliance I5). */
const UNDOCUMENTED =
  'The Consent does not say when, by whom and on which record it was asked for: complete it, or let it end.';

/** Open items about one subject that are looked at. */
const ITEMS_MAX = 100;
