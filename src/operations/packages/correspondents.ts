/**
 * Who writes a mail to whom: the verified Direct addresses of the two parties, as of now (directory DR44, DR45). Nothing
 * about a patient is sent to an address that nobody vouches for, nor from one.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { CommitView, EntryPreview } from '../../ports/rail.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import {
  directAddressOf,
  isInUse,
  isVouchedFor,
  readVerification,
} from '../../resources/parties/direct-addresses.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { addressedParty } from '../../resources/party.ts';
import { referencesTo } from '../../resources/references-to.ts';
import { partyWorldOfView } from '../referral-messages/commit-view.ts';

/** The two ends of a mail. */
export interface Correspondents {
  readonly sender: Ref;
  readonly receiver: Ref;
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Whether the sender is the party that asked for the referral. */
  readonly byInitiator: boolean;
}

type FoundCorrespondents =
  | ({ readonly kind: 'found' } & Correspondents)
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] };

type FoundEnds =
  | ({ readonly kind: 'found' } & Pick<Correspondents, 'from' | 'to'>)
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] };

/** Endpoints of one organization that are looked at. */
const ENDPOINTS_MAX = 100;

/** @param at milliseconds since 1970, at which the Endpoints are to be in use */
export async function findCorrespondents(
  entry: EntryPreview,
  task: Resource,
  now: CommitView,
  at: number,
): Promise<FoundCorrespondents> {
  const world = partyWorldOfView(now);
  const [initiator, recipient] = [
    await addressedParty(task['requester'], world),
    await addressedParty(task['owner'], world),
  ];
  const receiver = entry.sight.everything ? undefined : entry.sight.organization;
  const sender = receiver === initiator ? recipient : initiator;
  if (receiver === undefined || sender === undefined) return lacking('a party of the referral is not known');
  const to = await addressAt(entry.receiver, sender, now, at);
  const seat = sender === initiator ? task['requester'] : task['owner'];
  const from = await ownAddress(sender, localRef(seat), now, at);
  if (to === undefined || from === undefined) return { kind: 'lacks', lacks: lacksOf(from, to) };
  return { kind: 'found', sender, receiver, from, to, byInitiator: sender === initiator };
}

/** The two ends of the mail of a message: its sender's own address, and that of the Endpoint that the entry is for. */
export async function findMessageEnds(
  receiver: Ref,
  sender: Ref,
  now: CommitView,
  at: number,
): Promise<FoundEnds> {
  const to = await addressAt(receiver, sender, now, at);
  const from = await ownAddress(sender, undefined, now, at);
  return from === undefined || to === undefined
    ? { kind: 'lacks', lacks: lacksOf(from, to) }
    : { kind: 'found', from, to };
}

function lacksOf(from: DirectAddress | undefined, to: DirectAddress | undefined): readonly string[] {
  return [
    ...(to === undefined ? [UNVERIFIED] : []),
    ...(from === undefined ? ['your organization has no verified Direct address of its own'] : []),
  ];
}

const lacking = (why: string): FoundCorrespondents => ({ kind: 'lacks', lacks: [why] });

/** What is said of an address that nobody vouches for; never the address (DR48). */
const UNVERIFIED = 'its Direct address is not verified, or is not in use';

/** The address of the Endpoint that an entry is for. What is kept about others counts for its custodian alone (DR46). */
async function addressAt(
  endpoint: Ref,
  sender: Ref,
  now: CommitView,
  at: number,
): Promise<DirectAddress | undefined> {
  const [resource, version] = [await now.resource(endpoint), await now.read(endpoint, EVERYTHING)];
  if (resource === undefined || !isInUse(resource, at)) return undefined;
  if (standingOf(resource) === 'private' && version?.custodian !== sender) return undefined;
  const isVerified = isVouchedFor(resource, await readVerification(now, endpoint));
  return isVerified ? directAddressOf(resource) : undefined;
}

/** An organization's own address: the one that its role or service in the referral names, else the first. */
async function ownAddress(
  organization: Ref,
  named: Ref | undefined,
  now: CommitView,
  at: number,
): Promise<DirectAddress | undefined> {
  const closest = named === undefined ? undefined : await now.resource(named);
  const preferred = valuesAt(closest, 'endpoint').map((reference) => localRef(reference));
  const { matches } = await now.search(referencesTo('Endpoint', 'organization', organization, ENDPOINTS_MAX));
  const own: { readonly ref: Ref; readonly address: DirectAddress }[] = [];
  for (const { ref, text } of matches.toSorted((one, other) => (one.ref < other.ref ? -1 : 1))) {
    const resource = parseStored(text);
    if (standingOf(resource) === 'private' || !isInUse(resource, at)) continue;
    const address = directAddressOf(resource);
    if (address !== undefined && isVouchedFor(resource, await readVerification(now, ref)))
      own.push({ ref, address });
  }
  return (own.find(({ ref }) => preferred.includes(ref)) ?? own[0])?.address;
}
