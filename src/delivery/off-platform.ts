/**
 * Messages to organizations that have no account here (baa-messaging MS15): they go by a verified Direct address, the one way
 * out of the platform that carries a message. Whoever has an account reads them here.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { messageShape } from '../messaging/shape.ts';
import { DIRECT, MESSAGE_EVENT } from '../ports/direct.ts';
import type { OutboxEntry } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { partyChannels, type ChannelParts } from './channels.ts';
import { mailWayOf } from './choose-rail.ts';
import type { ChangedResource } from './recipients.ts';

/** An entry for each organization without an account to which the commit sends a message, and which has an address. */
export async function selectOffPlatform(
  parts: ChannelParts,
  changes: readonly ChangedResource[],
  at: number,
): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  if (!parts.rails.has(DIRECT)) return entries;
  for (const { ref, before, after, custodian, parties = [] } of changes) {
    if (typeOf(ref) !== 'Communication' || after === undefined || !isSending(before, after.plain)) continue;
    for (const organization of parties) {
      if (organization === custodian || (await parts.direct.isMember(organization))) continue;
      const endpoint = await addressOf(parts, { organization, teller: custodian || undefined }, at);
      if (endpoint === undefined) continue;
      const sight = { everything: false, organization } as const;
      entries.push({
        rail: DIRECT,
        receiver: endpoint,
        orderingKey: ref,
        subject: ref,
        event: MESSAGE_EVENT,
        sight,
      });
    }
  }
  return entries;
}

/** Whether a version sends a message: it was a draft, waited, or is new. */
export const isSending = (before: Resource | undefined, after: Resource): boolean =>
  messageShape(after) === 'message' &&
  after['status'] === 'in-progress' &&
  before?.['status'] !== 'in-progress';

/** Its verified Direct address, if there is one by a way that the teller may use: what is closed asks a person. */
async function addressOf(
  parts: ChannelParts,
  { organization, teller }: { readonly organization: Ref; readonly teller: Ref | undefined },
  at: number,
): Promise<Ref | undefined> {
  const named = { resources: [], record: undefined, order: undefined };
  return mailWayOf(await partyChannels(parts, { organization, teller, named }, at))?.endpoint;
}
