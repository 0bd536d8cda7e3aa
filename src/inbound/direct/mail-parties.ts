/**
 * Who a Direct mail is from, and for whom (harmony Z45; directory DR46): the organizations whose verified Endpoints have
 * these addresses, and nothing that the mail says of itself.
 */
import type { Ref } from '../../fhir/types.ts';
import type { DirectAddress, DirectMail } from '../../ports/direct.ts';
import { EVERYTHING } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { resourceOf } from '../../ports/stored-resource.ts';
import { findByDirectAddress, type DirectHolder } from '../../resources/parties/direct-addresses.ts';
import { MEMBER_KIND, standingOf } from '../../resources/parties/standing.ts';
import { partyIn, resolveParty } from '../../resources/party.ts';
import { partyWorldOf } from '../../resources/party-world.ts';

/** Who sent a mail. */
interface MailSender {
  readonly organization: Ref;
  /** The Endpoint that has the address. */
  readonly endpoint: Ref;
  readonly isMember: boolean;
}

export interface MailParties {
  /** Undefined: the address is nobody's here. */
  readonly receiver: Ref | undefined;
  /** Undefined: the address is nobody's whom the receiver knows, or that of several. */
  readonly sender: MailSender | undefined;
  /** Nobody whom the receiver knows has the sender's address. */
  readonly isStranger: boolean;
}

export async function findMailParties(
  snapshot: Snapshot,
  { from, to }: Pick<DirectMail, 'from' | 'to'>,
  at: number,
): Promise<MailParties> {
  const receiver = await findReceiver(snapshot, to, at);
  const senders = receiver === undefined ? [] : await findSenders(snapshot, from, receiver, at);
  return {
    receiver,
    sender: senders.length === 1 ? senders[0] : undefined,
    isStranger: receiver !== undefined && senders.length === 0,
  };
}

/** The member whose own verified Endpoint has an address. */
export async function findReceiver(
  snapshot: Snapshot,
  address: DirectAddress,
  at: number,
): Promise<Ref | undefined> {
  const own = (await findByDirectAddress(snapshot, address, at)).filter(
    ({ verified, isPrivate }) => verified && !isPrivate,
  );
  const members = new Set<Ref>();
  for (const { organization } of own) {
    const party = await partyOfOrganization(snapshot, organization);
    if (party !== undefined && (await isMember(snapshot, party))) members.add(party);
  }
  const [member] = members;
  return members.size === 1 ? member : undefined;
}

/** Of several Endpoints with an address, one that its organization has itself counts before what the receiver says of it. */
async function findSenders(
  snapshot: Snapshot,
  address: DirectAddress,
  receiver: Ref,
  at: number,
): Promise<readonly MailSender[]> {
  const verified = (await findByDirectAddress(snapshot, address, at)).filter((holder) => holder.verified);
  const own = verified.filter(({ isPrivate }) => !isPrivate);
  const counted = own.length > 0 ? own : verified.filter(({ custodian }) => custodian === receiver);
  const found = new Map<Ref, MailSender>();
  for (const holder of counted) {
    const sender = await senderOf(snapshot, holder);
    if (sender !== undefined) found.set(sender.organization, sender);
  }
  return [...found.values()];
}

async function senderOf(
  snapshot: Snapshot,
  { endpoint, organization, isPrivate }: DirectHolder,
): Promise<MailSender | undefined> {
  // What one organization keeps about another speaks for that record alone, whatever numbers it bears.
  const party = isPrivate ? organization : await partyOfOrganization(snapshot, organization);
  if (party === undefined) return undefined;
  return { organization: party, endpoint, isMember: !isPrivate && (await isMember(snapshot, party)) };
}

async function partyOfOrganization(
  snapshot: Snapshot,
  organization: Ref | undefined,
): Promise<Ref | undefined> {
  const resource =
    organization === undefined ? undefined : resourceOf(await snapshot.read(organization, EVERYTHING));
  if (organization === undefined || resource === undefined || standingOf(resource) === 'private')
    return undefined;
  return partyIn(await resolveParty({ reference: organization }, partyWorldOf(snapshot)));
}

const isMember = async (snapshot: Snapshot, organization: Ref): Promise<boolean> =>
  (await snapshot.record(MEMBER_KIND, organization)) !== undefined;
