/**
 * Messages between two organizations without an agreement in force, where one has to be (baa-messaging BA16): kept apart from
 * any chart, for the eyes of the principal alone, whose privacy officer is asked.
 */
import { tellStanding } from '../agreements/told.ts';
import type { Ref } from '../fhir/types.ts';
import { findClosedIn, type Dealing } from '../operations/write/disclosure-source.ts';
import type { Draft } from '../operations/write/draft.ts';
import { readPreview } from '../operations/write/preview.ts';
import { remark, type MessageVerdict } from './fate.ts';
import type { InboundMessage } from './inbound-message.ts';

/** What a message comes to by its two ends alone; undefined where they may tell each other. */
export async function closedVerdict(
  draft: Draft,
  message: Pick<InboundMessage, 'sender' | 'keeper'>,
  receiver: Ref | undefined,
): Promise<MessageVerdict | undefined> {
  const { sender } = message;
  if (sender === undefined || receiver === undefined) return undefined;
  const closed = await findClosedIn(draft, sender, receiver);
  if (closed === undefined) return undefined;
  const names = await namesOf(draft, closed, sender, receiver);
  const { standing, principal, associate } = closed;
  const told = (reader: Ref): string => tellStanding(standing, { reader, principal, associate, names }).text;
  const name = (party: Ref): string => names.get(party) ?? party;
  // Of a sender that is no member nobody here may look at what it sent to an associate.
  const isSendersOwn = sender === principal && message.keeper === undefined;
  const keptFor = principal === receiver ? receiver : isSendersOwn ? sender : '';
  return {
    fate: 'quarantine',
    kind: 'agreement-quarantine',
    remarks: [remark('agreement-not-active', 'E', '', told(sender))],
    says:
      principal === receiver
        ? `Health information came from ${name(sender)} without an agreement in force. ${told(receiver)}`
        : `A message to ${name(receiver)} was kept and not passed on: no agreement is in force. ${told(sender)}`,
    keptFor,
  };
}

async function namesOf(
  draft: Draft,
  { standing }: Dealing,
  sender: Ref,
  receiver: Ref,
): Promise<ReadonlyMap<Ref, string>> {
  const names = new Map<Ref, string>();
  const { principal, associate, waitsFor } = standing;
  for (const party of [sender, receiver, principal, associate, waitsFor]) {
    if (party === undefined || names.has(party)) continue;
    const name = (await readPreview(draft, party))?.['name'];
    names.set(party, typeof name === 'string' ? name : party);
  }
  return names;
}
