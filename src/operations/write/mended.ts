/**
 * Sends a withheld message once a write gives what was missing. The entry of the outbox and the end of its work item
 * are one commit, so that the message is sent once (rules 1.15).
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { OutboxEntry } from '../../ports/store.ts';
import { note } from '../../referral/ruling.ts';
import { isReferralTask, isTerminal, readState } from '../../referral/state.ts';
import { LATE_NOTE, needsNote } from '../../referral/transactions.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { verifiesAddress } from '../../resources/parties/direct-addresses.ts';
import { PARTY_TYPES } from '../../resources/parties/standing.ts';
import { requestsOf } from '../../resources/referral-rules/visits.ts';
import { missingIn } from './coming.ts';
import { keyOfEntry, type Draft, type Planned } from './draft.ts';
import { ordersByName } from './note-files.ts';
import { closeItem } from './close-item.ts';
import { FATE_SYSTEM } from '../../resources/message-codes.ts';
import { partyOf, ruleContextOf } from './rule-context.ts';
import {
  findWithheld,
  isUnheard,
  mayBeWithheld,
  REQUEST,
  SENT,
  STILL_OPEN,
  type WithheldItem,
} from './withheld.ts';
import { readPreview } from './preview.ts';

/** Adds an entry of the outbox for whatever this draft mends, in the order in which it happened. */
export async function sendMended(draft: Draft): Promise<void> {
  if (draft.context.lacks === undefined || draft.importing) return;
  const touched = await touchedBy(draft);
  if (touched !== 'any' && touched.size === 0) return;
  for (const item of await waitingOn(draft, touched)) {
    const entry = await wholeOf(draft, await entryOf(draft, item), item);
    if (entry === undefined) continue;
    if (!isTold(draft, entry)) {
      draft.tells.push(entry);
      await sayIt(draft, item, entry);
    }
    await closeItem(draft, item.ref, SENT);
  }
}

/** The same was withheld more than once: it is sent once. */
const isTold = ({ tells }: Draft, entry: OutboxEntry): boolean =>
  tells.some((one) => keyOfEntry(one) === keyOfEntry(entry));

/** To whoever withheld it: another writer may not know that there is such a referral. */
async function sayIt(draft: Draft, { owner, event }: WithheldItem, { receiver }: OutboxEntry): Promise<void> {
  const { caller, notes } = draft;
  // An organization may have given the item to one of its people.
  const asked = owner === undefined ? undefined : await partyOf(draft, { reference: owner });
  if (!caller.administrator && asked !== caller.organization) return;
  notes.push(note('information', `${event} was withheld, and is sent to ${receiver} now`));
}

/** The entry as it can be sent: by itself, or with a file of this draft as the note that it waited for. */
async function wholeOf(
  draft: Draft,
  entry: OutboxEntry | undefined,
  item: WithheldItem,
): Promise<OutboxEntry | undefined> {
  if (entry === undefined || (await isUnheard(draft, entry))) return undefined;
  for (const subject of [entry.subject, ...(await filesFor(draft, item))]) {
    const one = { ...entry, subject };
    if (isTold(draft, one) || (await missingIn(draft, one)).length === 0) return one;
  }
  return undefined;
}

/** Files about the item's order that this draft writes, and the recipient keeps; an item about one file waits for that one. */
async function filesFor(draft: Draft, { task, order, file, event }: WithheldItem): Promise<readonly Ref[]> {
  if (order === undefined || file !== undefined || !needsNote(event)) return [];
  const recipient = await ruleContextOf(draft).partyOf((await readPreview(draft, task))?.['owner']);
  const isOwn = ({ ref, after, custodian }: Planned): boolean =>
    typeOf(ref) === 'DocumentReference' &&
    custodian === recipient &&
    !valuesAt(after?.plain, 'category.coding.system').includes(FATE_SYSTEM) &&
    valuesAt(after?.plain, 'context.related').some((one) => localRef(one) === order);
  return [...draft.planned.values()].filter(isOwn).map(({ ref }) => ref);
}

/** Orders whose messages may have become whole; `any`: a party changed, who may stand in every order. */
async function touchedBy(draft: Draft): Promise<ReadonlySet<Ref> | 'any'> {
  const ruleContext = ruleContextOf(draft);
  const orders = new Set<Ref>();
  // Where nothing waits, no order is looked for, nor relied on.
  if (!(await mayBeWithheld(draft))) return orders;
  if (draft.records.some(verifiesAddress)) return 'any';
  for (const { ref, before, after } of draft.planned.values()) {
    if (after === undefined) continue;
    const type = typeOf(ref);
    if (before !== undefined && PARTY_TYPES.has(type)) return 'any';
    for (const order of await ordersOf(type, ref, before, after.plain)) orders.add(order);
  }
  for (const order of await ordersByName(draft)) orders.add(order);
  return orders;

  async function ordersOf(type: string, ref: Ref, before: Resource | undefined, after: Resource) {
    switch (type) {
      case 'ServiceRequest':
        return before === undefined ? [] : [ref];
      case 'Patient': {
        const own = before === undefined ? [] : await ruleContext.find('ServiceRequest', 'subject', ref);
        return own.map(({ id }): Ref => `ServiceRequest/${id}`);
      }
      case 'Appointment':
        return requestsOf(after);
      case 'DocumentReference':
        return valuesAt(after, 'context.related').flatMap((one) => localRef(one) ?? []);
      default:
        return [];
    }
  }
}

/** The open work items of these orders, the oldest first; requests before all others, because no message is sent before them. */
async function waitingOn(draft: Draft, touched: ReadonlySet<Ref> | 'any'): Promise<readonly WithheldItem[]> {
  const found =
    touched === 'any'
      ? // A search thread answers this one in any case; the sort takes the oldest items where there are too many.
        await findWithheld(draft, [STILL_OPEN], [{ param: 'authored-on', descending: false }])
      : await findWithheld(draft, [
          STILL_OPEN,
          { kind: 'reference', param: 'based-on', to: [...touched] },
        ]).then((newestFirst) => newestFirst.toReversed());
  const items = found
    .filter(({ status }) => status === 'open')
    .toSorted((a, b) => Date.parse(a.authoredOn) - Date.parse(b.authoredOn));
  const isRequest = ({ event }: WithheldItem): boolean => event === REQUEST;
  return [...items.filter(isRequest), ...items.filter((item) => !isRequest(item))];
}

/**
 * What would be sent; undefined where it would say what is not so any more: the referral has gone on, or a later message of
 * this draft tells it anew.
 */
async function entryOf(draft: Draft, item: WithheldItem): Promise<OutboxEntry | undefined> {
  const { task: ref, event, receiver, file, state } = item;
  if (receiver === undefined || draft.moves.some((move) => move.task === ref && event !== REQUEST))
    return undefined;
  const [task, endpoint] = [await readPreview(draft, ref), await readPreview(draft, receiver)];
  const organization = await partyReachedAt(draft, endpoint?.['managingOrganization'], task);
  const [rail] = valuesAt(endpoint, 'connectionType.code');
  if (task === undefined || !isReferralTask(task) || organization === undefined) return undefined;
  if (endpoint?.['status'] !== 'active' || typeof rail !== 'string') return undefined;
  if (!(await isParty(draft, task, organization)) || hasGoneOn(task, event, state)) return undefined;
  if (event === LATE_NOTE && file === undefined) return undefined;
  return {
    rail,
    receiver,
    orderingKey: ref,
    subject: file ?? ref,
    event,
    sight: { everything: false, organization },
  };
}

/** The party at an Endpoint: the organization that it names, or for which a private record of it stands. */
async function partyReachedAt(
  draft: Draft,
  managing: unknown,
  task: Resource | undefined,
): Promise<Ref | undefined> {
  const organization = localRef(managing);
  if (organization === undefined || task === undefined || (await isParty(draft, task, organization)))
    return organization;
  return ruleContextOf(draft).partyOf(managing);
}

/** An Endpoint may have come to another organization since. */
async function isParty(draft: Draft, task: Resource, organization: Ref): Promise<boolean> {
  const ruleContext = ruleContextOf(draft);
  const parties = [await ruleContext.partyOf(task['requester']), await ruleContext.partyOf(task['owner'])];
  return parties.includes(organization);
}

/** A request goes before whatever came after it, unless the referral has ended; all else is told of its own state. */
function hasGoneOn(task: Resource, event: string, then: string | undefined): boolean {
  const state = readState(task);
  return event === REQUEST ? state === undefined || isTerminal(state) : state !== then;
}
