/** The notice of 42 CFR 2.32 of a clinical document: of what it tells, for whom it is written (compliance P14, P30). */
import type { PrivacyNotice } from '../../../ccda/write/privacy.ts';
import type { Ref, Reference, Resource } from '../../../fhir/types.ts';
import { factsOf } from '../../../policies/facts.ts';
import { BARE_NOTICE, noticeTexts } from '../../../policies/part2/notice.ts';
import { addressedParty } from '../../../resources/party.ts';
import { partyWorldOf } from '../../../resources/party-world.ts';
import type { OperationContext } from '../../context.ts';
import { findNoticeFor } from '../../notice.ts';
import type { Caller } from '../../request.ts';
import type { Seen } from '../../seen.ts';

interface ToldInDocument {
  readonly told: ReadonlyMap<Ref, Resource>;
  readonly seen: readonly Seen[];
  readonly order: Resource | undefined;
}

/**
 * The notice; undefined where nothing told is content of Part 2, or the patient asks. Who keeps the record has the document
 * written for somebody else: for whom the order is, where there is one.
 */
export async function noticeOfDocument(
  context: OperationContext,
  caller: Caller,
  { told, seen, order }: ToldInDocument,
): Promise<PrivacyNotice | undefined> {
  const [ref, resource] = [...told].find(([, one]) => factsOf(one).part2) ?? [];
  if (ref === undefined || resource === undefined) return undefined;
  const custodian = seen.find((one) => one.ref === ref)?.custodian ?? '';
  const reader = await readerOf(context, caller, custodian, order);
  const subject = { ref, text: JSON.stringify(resource), custodian };
  const notice = (await findNoticeFor(context, caller, reader)?.(subject)) ?? BARE_NOTICE;
  if (notice === 'none') return undefined;
  return { texts: noticeTexts(notice), consent: notice.source, refrains: notice.refrains };
}

async function readerOf(
  { store }: OperationContext,
  { organization }: Caller,
  custodian: Ref | '',
  order: Resource | undefined,
): Promise<Ref | undefined> {
  if (organization !== custodian) return organization;
  const [performer] = (order?.['performer'] ?? []) as readonly Reference[]; // validated structure
  return addressedParty(performer, partyWorldOf(store.snapshot()));
}
