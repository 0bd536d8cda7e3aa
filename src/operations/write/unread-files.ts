/**
 * The labels of a file that the server cannot read, as a PDF or a scan: the highest that its author put on the same patient in
 * the same referral (compliance S5). Words are not read, so that nothing else is known of it.
 */
import type { Attachment, Coding, Ref, Resource } from '../../fhir/types.ts';
import { highWaterMark } from '../../policies/labels/high-water.ts';
import { part2ByNotice } from '../../policies/labels/label.ts';
import { isPart2 } from '../../policies/part2/notice.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import type { Draft, Planned } from './draft.ts';
import { readLabels, readPreview } from './preview.ts';

/** Files whose codes are read where they are filed. */
const READ = /^(?:application\/(?:hl7-cda\+xml|fhir\+(?:json|xml))|text\/xml|application\/xml)\b/i;

/** Elements by which an order refers to what it was made with. */
const AROUND = ['reasonReference', 'supportingInfo'] as const;

/** Resources of a referral whose labels are asked. */
const AROUND_MAX = 50;

/** Labels for a DocumentReference that a client adds; none where it can be read. */
export async function labelsAround(draft: Draft, { after }: Planned): Promise<readonly Coding[]> {
  const file = after?.plain;
  if (file === undefined || !isUnread(file)) return [];
  const found: Coding[] = [];
  for (const ref of await referralOf(draft, file)) {
    if (await isOwn(draft, ref)) found.push(...(await readLabels(draft, ref)));
  }
  const mark = highWaterMark(found);
  return [...(mark === undefined ? [] : [mark]), ...(found.some(isPart2) ? [part2ByNotice] : [])];
}

const isUnread = (file: Resource): boolean => {
  const attachments = valuesAt(file, 'content.attachment') as readonly Attachment[]; // validated structure
  return attachments.some(({ contentType = '' }) => !READ.test(contentType));
};

/** The orders that a file is about, and what they were made with, about the same patient. */
async function referralOf(draft: Draft, file: Resource): Promise<readonly Ref[]> {
  const patient = localRef(file['subject']);
  const related = valuesAt(file, 'context.related').flatMap((one) => localRef(one) ?? []);
  const refs = new Set<Ref>();
  for (const ref of related) {
    if (typeOf(ref) !== 'ServiceRequest') continue;
    const order = await readPreview(draft, ref);
    if (order === undefined || localRef(order['subject']) !== patient) continue;
    refs.add(ref);
    for (const path of AROUND)
      for (const one of valuesAt(order, path)) {
        const made = localRef(one);
        if (made !== undefined && refs.size < AROUND_MAX) refs.add(made);
      }
  }
  return [...refs];
}

/** Whether the writer keeps it, or writes it now. */
async function isOwn({ planned, snapshot, sight, caller }: Draft, ref: Ref): Promise<boolean> {
  const change = planned.get(ref);
  const custodian = change === undefined ? (await snapshot.read(ref, sight))?.custodian : change.custodian;
  return custodian === '' || custodian === caller.organization;
}
