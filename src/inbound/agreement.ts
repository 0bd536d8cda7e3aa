/**
 * Messages between two organizations without an agreement in force, where one has to be (baa-messaging BA16): kept apart from
 * any chart, for the eyes of the principal alone, whose privacy officer is asked.
 */
import { tellStanding } from '../agreements/told.ts';
import type { Ref } from '../fhir/types.ts';
import { findClosedIn } from '../operations/write/disclosure-source.ts';
import type { Draft } from '../operations/write/draft.ts';
import { readPreview } from '../operations/write/preview.ts';
import { readPartyNames } from '../resources/parties/party-names.ts';
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
  const { standing, principal, associate } = closed;
  const names = await readPartyNames([sender, receiver, principal, associate, standing.waitsFor], (party) =>
    readPreview(draft, party),
  );
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
