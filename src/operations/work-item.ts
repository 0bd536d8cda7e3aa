/**
 * Work items: Tasks that ask a person of one organization to act where the server cannot. They follow their own life
 * cycle, never the referral's table (rules 1.1), and hold no word of the patient.
 */
import { businessDaysAfter, INFEASIBLE_TOLD_WITHIN } from '../policies/business-days.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import type { ClaimedEntry, Write } from '../ports/store.ts';
import { typeOf, valuesAt } from '../resources/element.ts';
import { WORK_ITEM_SYSTEM } from '../resources/work-item-code.ts';
import type { Planned } from './write/draft.ts';
import { buildWrite } from './write/commit.ts';
import type { OperationContext } from './context.ts';

/** Why a person is asked. */
export const KINDS = {
  'delivery-failed': 'A delivery was refused for good, or tried too often',
  'delivery-unconfirmed':
    'What was sent may not have reached its destination: nothing shows it in time, or the other side says both',
  'outreach-withheld': 'A text to a patient was not sent: the patient takes none, or it has no way',
  'message-unmatched': 'A message is about a referral that is not known here',
  'message-unaddressed': 'A message does not say whom it is for',
  'message-unfit': 'A message can be read, but the rules of its referral do not let it happen',
  'message-quarantined': 'A message is kept apart from any chart',
  'agreement-notice': 'An agreement ends soon, or is to be reviewed',
  'agreement-ended': 'An agreement has ended: what was told is to be returned or destroyed',
  'agreement-quarantine':
    'A message is kept apart: between its two ends no agreement is in force, and one has to be',
  'carrier-agreement': 'Something was not sent: with whoever operates the way out no agreement is in force',
  'package-differs': 'A mail was taken whose package contradicts the message in it',
  'mail-unsorted': 'A Direct mail is no message about a referral: somebody must look at it',
  'message-parked': 'A message waits for one that comes before it',
  'code-unmapped': 'A code of a link has no row in the ConceptMap of its field',
  'message-incomplete': 'A move cannot be told to the other party as its standard requires',
  'note-withdrawn': 'A note was taken back by its author',
  'note-missing': 'A status that brings a note came without it',
  'party-unresolved': 'A referral is addressed to somebody whom no verified identifier names',
  'party-check': 'A referral is addressed by the number of one organization and the name of another',
  'identifier-claim': 'An organization asserts an identifier that is to be verified',
  'consent-needed': 'Something is not told until a consent, or another precondition, is on record',
  'part2-patient-notice':
    'A patient of a program was not given the notice of 42 CFR 2.22, as far as is on record',
  'part2-notice-missing': 'Content of 42 CFR Part 2 came without the notice of section 2.32',
  'rail-cannot-carry': 'A way of delivery cannot carry the notice of 42 CFR 2.32',
  'denial-review':
    'A disclosure is denied on no ground of law, or needs a written answer: a person must look',
  'break-glass-review': 'Emergency access is to be reviewed',
  'activity-review': 'The activity of a week is to be reviewed',
  'login-failures': 'One source or user failed to log in very often',
  'factors-reset':
    'All factors of an account were taken away: somebody makes sure that the person asked for it',
  'emergency-login': 'The account that an organization keeps for an emergency logged in',
  'access-review': 'It is to be reviewed who holds which role',
  'client-expiry': 'The registration of a machine ends within thirty days',
  'recipient-unreachable': 'No way of this server carries a message to a recipient without an account',
  'message-unanswered': 'Nobody answered a message in time',
  'direct-expiry': 'A certificate of Direct mail expires soon, or has expired',
  'vendor-paper': 'A paper of due diligence about a vendor has lapsed',
  incident: 'Something may be a breach and is to be assessed',
  'incident-clock': 'Somebody must be told of an incident soon, if it is a breach',
} as const;

export type WorkItemKind = keyof typeof KINDS;

/** What holds a referral, in the words of its `$timeline` (directory DR28). */
export const HELD = {
  'party-unresolved': 'recipient not identified',
  'party-check': 'number and name, or number and service, to be compared',
} as const satisfies Partial<Record<WorkItemKind, string>>;

export type HeldKind = keyof typeof HELD;

/** Why a work item holds a referral; undefined for one that holds none. */
export function heldBy(item: Resource | undefined): string | undefined {
  const codes = valuesAt(item, 'code.coding') as readonly { system?: string; code?: string }[]; // Codings
  const code = codes.find(({ system }) => system === WORK_ITEM_SYSTEM)?.code;
  return code === undefined ? undefined : (HELD as Partial<Record<string, string>>)[code];
}

/** The kind of a work item; undefined for what is none. */
export const workItemKindOf = (task: Resource | undefined): string | undefined =>
  (valuesAt(task, 'code.coding') as readonly { system?: string; code?: string }[]).find(
    ({ system }) => system === WORK_ITEM_SYSTEM,
  )?.code; // Codings

const REVIEWS: ReadonlySet<string | undefined> = new Set(['break-glass-review', 'activity-review']);

/** Whether a work item asks for a review, which ends by `$review` alone and is kept (compliance E6; audit-compliance AU51). */
export const isReview = (task: Resource | undefined): boolean => REVIEWS.has(workItemKindOf(task));

/** Whether a work item is an incident, which ends by `$assess-incident` alone and is kept (45 CFR 164.414(b), 164.530(j)). */
export const isIncident = (task: Resource | undefined): boolean => workItemKindOf(task) === 'incident';

/** What a work item says beside its kind. */
export interface WorkItem {
  readonly kind: WorkItemKind;
  /** In plain words, without anything a patient could be known by. */
  readonly says: string;
  /** Absent where it is about nothing stored. */
  readonly focus?: Ref;
  /** Instant. */
  readonly authoredOn: string;
  /** Whose person is asked; '' for nobody but an administrator. */
  readonly owner: Ref | '';
  /** `on-hold`: nobody needs to act yet. */
  readonly status?: 'requested' | 'on-hold';
  readonly basedOn?: Ref | undefined;
  readonly groupIdentifier?: Identifier | undefined;
  readonly requester?: Ref | undefined;
  readonly input?: readonly object[];
  /** Whom it is about: in reviews alone, which their keeper's privacy officer reads. */
  readonly patient?: Ref;
  /** Instant by which it must be done. */
  readonly due?: string;
}

const CLOSED: ReadonlySet<unknown> = new Set(['completed', 'cancelled']);

/** Whether a work item has been dealt with. */
export const isClosedItem = (item: Resource): boolean => CLOSED.has(item['status']);

/** The Task of a work item, kept by the organization whose work it is. */
export function planWorkItem(id: string, item: WorkItem): Planned {
  const { kind, owner, basedOn, groupIdentifier, requester, input = [] } = item;
  const task: Resource = {
    resourceType: 'Task',
    id,
    ...(basedOn !== undefined && { basedOn: [{ reference: basedOn }] }),
    ...(groupIdentifier !== undefined && { groupIdentifier }),
    status: item.status ?? 'requested',
    intent: 'order',
    code: workItemCode(kind),
    description: item.says,
    ...(item.focus !== undefined && { focus: { reference: item.focus } }),
    ...(item.patient !== undefined && { for: { reference: item.patient } }),
    authoredOn: item.authoredOn,
    ...(requester !== undefined && { requester: { reference: requester } }),
    ...(owner !== '' && { owner: { reference: owner } }),
    ...(item.due !== undefined && { restriction: { period: { end: item.due } } }),
    ...(input.length > 0 && { input }),
  };
  return {
    ref: `Task/${id}`,
    method: 'POST',
    base: 0,
    before: undefined,
    after: { plain: task, storing: task },
    custodian: owner,
    origin: 'server',
    parties: [],
  };
}

export const workItemCode = (kind: WorkItemKind) => ({
  coding: [{ system: WORK_ITEM_SYSTEM, code: kind, display: KINDS[kind] }],
});

/** The write of a work item for an entry that could not be delivered. */
export async function writeDeliveryFailed(
  { store, clock, newId }: Pick<OperationContext, 'store' | 'clock' | 'newId'>,
  entry: ClaimedEntry,
  why: string,
): Promise<Write> {
  const item: WorkItem = {
    kind: 'delivery-failed',
    says: `Delivery ${entry.id} by ${entry.rail} to ${entry.receiver} failed after ${entry.attempt} attempts: ${why}`,
    focus: entry.subject,
    authoredOn: new Date(clock.now()).toISOString(),
    owner: await ownerOf(store, entry),
    // Whoever asked for it is told in writing why it is infeasible (compliance I4).
    ...(typeOf(entry.receiver) !== 'Subscription' && {
      due: businessDaysAfter(clock.now(), INFEASIBLE_TOLD_WITHIN),
    }),
  };
  return buildWrite(planWorkItem(newId(), item));
}

/** Whose work it is: the subscriber's for its own Subscription, else that of whoever keeps what should have been told. */
async function ownerOf(
  store: OperationContext['store'],
  { receiver, subject }: ClaimedEntry,
): Promise<Ref | ''> {
  const responsible = typeOf(receiver) === 'Subscription' ? receiver : subject;
  const version = await store.snapshot().read(responsible, EVERYTHING);
  return version?.custodian ?? '';
}
