/**
 * Suggests the referrals to which a mail without a message may belong (direct-xdm 8, 9). What the mail says is a hint for a
 * person, who links it or does not; only referrals between its receiver and its sender are suggested.
 */
import { systemOfOid } from '../../fhir/identifier.ts';
import { entryOfMessageId } from '../../direct/message-id.ts';
import type { Identifier, Ref } from '../../fhir/types.ts';
import { convertInThread } from '../../operations/extended/ccda/convert.ts';
import { readMessageKey } from '../../operations/packages/message-key.ts';
import { replan, type Draft } from '../../operations/write/draft.ts';
import { workItemKindOf } from '../../operations/work-item.ts';
import { readPreview } from '../../operations/write/preview.ts';
import type { DirectMail } from '../../ports/direct.ts';
import type { Query } from '../../ports/query.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { localRef } from '../../resources/element.ts';
import type { ArchivedMessage } from '../archive.ts';
import { isOurFault } from '../../operations/our-fault.ts';
import { findReferral, referralOfOrder } from '../find-referral.ts';
import type { Incoming } from '../hl7v2/incoming.ts';
import { requestOf } from '../message-caller.ts';
import type { TakenMail } from './incoming-mail.ts';

/** Referrals that a person is shown, documents that are looked into, and numbers that are looked up, at most. */
const SUGGESTED_MAX = 5;
const DOCUMENTS_MAX = 3;
const NUMBERS_MAX = 20;

/** Work items of mails that somebody must put to a referral. */
const UNPLACED: ReadonlySet<string | undefined> = new Set(['mail-unsorted', 'message-unmatched']);

/**
 * Adds to the work item of a mail the referrals that it may be about.
 *
 * @param named the number that its message names
 */
export async function suggestReferrals(
  draft: Draft,
  { mail }: TakenMail,
  incoming: Incoming,
  { document }: ArchivedMessage,
  named: Identifier | undefined,
): Promise<void> {
  const { receiver, carried } = incoming;
  const item = [...draft.planned.values()].find(
    ({ after }) => UNPLACED.has(workItemKindOf(after?.plain)) && localRef(after?.plain['focus']) === document,
  );
  if (item === undefined || receiver === undefined) return;
  const found = new Set<Ref>();
  // A party may answer from another address than the one that was asked, so any other party may be it (360x A5).
  const other = carried?.ofUnknown === undefined ? incoming.sender : undefined;
  const between = { sender: receiver, receiver: other };
  const numbers = [...(named === undefined ? [] : [named]), ...(await numbersAnswered(draft, incoming))];
  for (const number of numbers) {
    const one = await findReferral(draft, number, between);
    if (one.kind === 'one') found.add(one.referral.request);
  }
  const hinted = [
    ...(await ordersAnswered(draft, mail)),
    ...(await ordersOfPatients(draft, patientsIn(mail.context))),
  ];
  for (const order of hinted) {
    const one = await referralOfOrder(draft, order, between);
    if (one.kind === 'one') found.add(one.referral.request);
  }
  if (found.size === 0) return;
  const suggested = [...found].slice(0, SUGGESTED_MAX).map((reference) => ({
    type: { text: 'suggested referral' },
    valueReference: { reference },
  }));
  replan(draft, item.ref, (tree) => ({
    ...tree,
    input: [...((tree['input'] ?? []) as readonly object[]), ...suggested], // planItem's
  }));
}

/** The orders that its clinical documents say they answer (inFulfillmentOf). */
async function numbersAnswered(draft: Draft, incoming: Incoming): Promise<readonly Identifier[]> {
  const clinical = (incoming.carried?.documents ?? []).filter(({ isClinical }) => isClinical);
  const numbers: Identifier[] = [];
  for (const { bytes } of clinical.slice(0, DOCUMENTS_MAX)) {
    try {
      const request = requestOf(draft.context, incoming);
      const { facts } = await convertInThread(draft.context, request, bytes, undefined);
      numbers.push(...facts.fulfills);
    } catch (error) {
      if (isOurFault(error)) throw error;
    }
  }
  return numbers.slice(0, NUMBERS_MAX);
}

/** The orders of what we mailed and it answers, by In-Reply-To and References. */
async function ordersAnswered(draft: Draft, { references, from, to }: DirectMail): Promise<readonly Ref[]> {
  const orders: Ref[] = [];
  const key = await readMessageKey(draft.context.store.snapshot());
  if (key === undefined) return orders;
  for (const id of references.slice(0, NUMBERS_MAX)) {
    const entry = entryOfMessageId(key, id, { from: to, to: from });
    const [sent] = entry === undefined ? [] : await draft.context.store.outbox({ id: entry, count: 1 });
    const task = sent === undefined ? undefined : await readPreview(draft, sent.orderingKey);
    const order = task === undefined ? undefined : focusOf(task);
    if (order !== undefined) orders.push(order);
  }
  return orders;
}

/** `patient-id` of the context of a mail: `oid:value; oid:value` (Expressing Context in Direct Messaging 1.1). */
const patientsIn = (context: ReadonlyMap<string, string>): readonly Identifier[] =>
  (context.get('patient-id') ?? '')
    .split(';')
    .map((one) => /^\s*([\d.]+):(.+?)\s*$/.exec(one))
    .flatMap((match) => (match?.[1] === undefined ? [] : [{ oid: match[1], value: match[2] ?? '' }]))
    .map(({ oid, value }) => ({ system: systemOfOid(oid) ?? oid, value }))
    .slice(0, NUMBERS_MAX);

async function ordersOfPatients(draft: Draft, patients: readonly Identifier[]): Promise<readonly Ref[]> {
  if (patients.length === 0) return [];
  const query: Query = {
    type: 'ServiceRequest',
    where: {
      kind: 'chain',
      param: 'subject',
      types: ['Patient'],
      where: {
        kind: 'any',
        of: patients.map(({ system = '', value = '' }) => ({
          kind: 'token',
          param: 'identifier',
          system,
          code: value,
        })),
      },
    },
    sort: [],
    sight: draft.sight,
    count: NUMBERS_MAX,
    offset: 0,
    total: false,
  };
  return (await draft.snapshot.search(query)).matches.map(({ ref }) => ref);
}
