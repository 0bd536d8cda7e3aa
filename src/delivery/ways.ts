/**
 * The ways by which a party is told: at a commit, at dispatch where a way has been closed since, and in the answer to whoever
 * asks beforehand. One choice for all three, so that none says another way than the others take (baa-messaging PF1, BA18).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { DIRECT } from '../ports/direct.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { ClaimedEntry, Snapshot } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { localRef, typeOf } from '../resources/element.ts';
import { partyElementOf } from '../resources/party.ts';
import type { WayCarrier } from './carriers.ts';
import { partyChannels, type ChannelParts, type DirectParties, type NamedParty } from './channels.ts';
import { chooseRails, mailWayOf, type Channel, type Choice, type NotTaken } from './choose-rail.ts';

/** What is asked of a party that has a Direct address. */
interface DirectFacts extends DirectParties {
  /** The Endpoint from which the request of an order came by Direct; undefined where it came otherwise. */
  readonly cameBy: (order: Ref) => Promise<Ref | undefined>;
}

export interface WayParts extends ChannelParts {
  readonly direct: DirectFacts;
}

/** A party of a referral, and who tells it. */
interface ToldParty {
  readonly organization: Ref;
  /** Undefined for an administrator. */
  readonly teller: Ref | undefined;
  readonly named: NamedParty;
  /** It asked by the order, so that it is answered where it asked from. */
  readonly isInitiator: boolean;
}

interface ReferralWays {
  readonly channels: readonly Channel[];
  readonly choice: Choice;
}

/** How a party is told of a move of its referral. */
export async function waysOfReferral(
  parts: WayParts,
  { organization, teller, named, isInitiator }: ToldParty,
  at: number,
): Promise<ReferralWays> {
  const channels = await partyChannels(parts, { organization, teller, named }, at);
  const mayMail = channels.some(({ rail }) => rail === DIRECT);
  const asksMember = mayMail || channels.some(({ closed = false }) => closed);
  const isMember = asksMember && (await parts.direct.isMember(organization));
  const asked = mayMail && isInitiator ? named.order : undefined;
  const cameBy = asked && (await parts.direct.cameBy(asked));
  return { channels, choice: chooseRails({ isMember, channels, cameBy }, parts.rails) };
}

type ReadResource = (ref: Ref) => Promise<Resource | undefined>;

const NOBODY: NamedParty = { resources: [], record: undefined, order: undefined };

/** Whom a Task names in a seat. Only Direct asks for it: every other rail tells all Endpoints of the party. */
export async function readNamed(
  { rails }: Pick<WayParts, 'rails'>,
  { task, seat }: { readonly task: Ref; readonly seat: 'owner' | 'requester' },
  read: ReadResource | undefined,
): Promise<NamedParty> {
  if (read === undefined || !rails.has(DIRECT)) return NOBODY;
  const referral = await read(task);
  return namedBy(localRef(referral?.[seat]), localRef(referral?.['focus']), read);
}

async function namedBy(
  named: Ref | undefined,
  order: Ref | undefined,
  read: ReadResource,
): Promise<NamedParty> {
  const resource = named && (await read(named));
  if (named === undefined || resource === undefined) return { ...NOBODY, order };
  const element = partyElementOf(typeOf(named));
  const record = element === 'self' ? named : element === undefined ? undefined : localRef(resource[element]);
  const above = record === undefined || record === named ? undefined : await read(record);
  return { resources: [resource, ...(above === undefined ? [] : [above])], record, order };
}

const readerOf =
  (now: Snapshot): ReadResource =>
  async (ref) =>
    resourceOf(await now.read(ref, EVERYTHING));

// — at dispatch

/** Where else an entry may go. */
interface OtherWays {
  /** Open ways, the first the next one. */
  readonly next: readonly Pick<Channel, 'rail' | 'endpoint'>[];
  /** The party reads it here, whatever leaves. */
  readonly isMember: boolean;
}

export type FindOtherWays = (entry: ClaimedEntry, now: Snapshot) => Promise<OtherWays>;

/** The ways that are left to an entry whose own is closed. */
export const createOtherWays =
  (parts: WayParts, clock: { readonly now: () => number }): FindOtherWays =>
  async (entry, now) => {
    const { sight, orderingKey, subject, receiver } = entry;
    const root = await now.read(orderingKey, EVERYTHING);
    if (sight.everything || root === undefined) return { next: [], isMember: false };
    const { organization } = sight;
    const teller = (await now.read(subject, EVERYTHING))?.custodian || undefined;
    const isMember = await parts.direct.isMember(organization);
    const isOther = ({ endpoint, closed = false }: Channel): boolean => endpoint !== receiver && !closed;
    if (typeOf(orderingKey) !== 'Task') {
      const way = mailWayOf(await partyChannels(parts, { organization, teller, named: NOBODY }, clock.now()));
      return { next: way !== undefined && isOther(way) ? [way] : [], isMember };
    }
    const isInitiator = root.custodian === organization;
    const seat = isInitiator ? 'requester' : 'owner';
    const named = await readNamed(parts, { task: orderingKey, seat }, readerOf(now));
    const { choice } = await waysOfReferral(parts, { organization, teller, named, isInitiator }, clock.now());
    return { next: choice.taken.filter(isOther), isMember };
  };

// — beforehand

/** A way to a recipient, and whether it would be taken. */
export interface WayTold {
  /** Its name; `inbox` is no rail that sends. */
  readonly rail: string;
  readonly endpoint?: Ref;
  readonly taken: boolean;
  readonly why?: NotTaken;
  readonly carriers: readonly WayCarrier[];
}

interface WayQuestion {
  /** What would be told: a message, or an order with its referral. */
  readonly type: 'Communication' | 'ServiceRequest';
  readonly organization: Ref;
  readonly teller: Ref;
  /** What the sender names. */
  readonly recipient: Ref | undefined;
}

export type FindWays = (asked: WayQuestion, now: Snapshot) => Promise<readonly WayTold[]>;

/** Finds the ways to a recipient, those first that would be taken. */
export const createFindWays =
  (parts: WayParts, clock: { readonly now: () => number }): FindWays =>
  async ({ type, organization, teller, recipient }, now) => {
    const isMember = await parts.direct.isMember(organization);
    const inbox: readonly WayTold[] = isMember ? [{ rail: 'inbox', taken: true, carriers: [] }] : [];
    // Whoever has an account reads a message here alone.
    if (type === 'Communication' && isMember) return inbox;
    const named = await namedBy(recipient, undefined, readerOf(now));
    const party = { organization, teller, named, isInitiator: false };
    const { channels, choice } = await waysOfReferral(parts, party, clock.now());
    const mail = type === 'Communication' ? mailWayOf(channels) : undefined;
    const isTaken = (one: Channel): boolean =>
      one.closed !== true && (type === 'Communication' ? one === mail : choice.taken.includes(one));
    const ways = channels.map((one): WayTold => ({
      rail: one.rail,
      endpoint: one.endpoint,
      carriers: one.carriers ?? [],
      ...fateOf(one, isTaken(one), choice),
    }));
    return [...inbox, ...ways.toSorted((one, other) => Number(other.taken) - Number(one.taken))];
  };

function fateOf(channel: Channel, taken: boolean, { notTaken }: Choice): Pick<WayTold, 'taken' | 'why'> {
  if (taken) return { taken };
  if (channel.closed === true) return { taken, why: 'carrier-agreement' };
  const why = notTaken.find(({ rail }) => rail === channel.rail)?.why ?? 'not-preferred';
  return { taken, why: why === 'carrier-agreement' ? 'not-preferred' : why };
}
