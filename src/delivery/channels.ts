/** The ways that a counterparty has: its Endpoints in use, on the rails of this server. */
import type { Ref, Resource } from '../fhir/types.ts';
import { DIRECT } from '../ports/direct.ts';
import { localRef, valuesAt } from '../resources/element.ts';
import { isInUse } from '../resources/parties/direct-addresses.ts';
import { standingOf } from '../resources/parties/standing.ts';
import type { WayStanding } from './carriers.ts';
import type { Channel } from './choose-rail.ts';

/** An Endpoint of an organization, and who keeps it. */
export interface PartyEndpoint {
  readonly resource: Resource;
  readonly custodian: Ref | '';
}

/** What is asked of a party that may be told by Direct. */
export interface DirectParties {
  readonly isMember: (organization: Ref) => Promise<boolean>;
  /** Whether somebody vouches for the address that an Endpoint has. */
  readonly isVerified: (endpoint: Ref, resource: Resource) => Promise<boolean>;
}

export interface ChannelParts {
  /** The Endpoints of an organization, as of now: its own, and those that others keep about it. */
  readonly endpointsOf: (organization: Ref) => Promise<readonly PartyEndpoint[]>;
  readonly direct: DirectParties;
  /** Who operates the way to an Endpoint, and whether who tells may use it (baa-messaging BA18); absent: conduits alone. */
  readonly wayTo?: (teller: Ref, rail: string, endpoint: Resource) => Promise<WayStanding>;
  /** Names of the rails that this server has. */
  readonly rails: ReadonlySet<string>;
}

/** Whom a Task names, from the closest on: a role, a service, a private record of the organization. */
export interface NamedParty {
  readonly resources: readonly Resource[];
  /** The record of the organization, which may be another than the party that it stands for. */
  readonly record: Ref | undefined;
  readonly order: Ref | undefined;
}

interface Addressed {
  readonly organization: Ref;
  /** Who tells it; undefined for an administrator. */
  readonly teller: Ref | undefined;
  readonly named: NamedParty;
}

/**
 * The Endpoints in use by which an organization may be told. What one organization keeps about another counts for itself
 * alone (directory DR46).
 */
export async function partyChannels(
  { endpointsOf, rails, direct, wayTo }: ChannelParts,
  { organization, teller, named: { resources, record } }: Addressed,
  at: number,
): Promise<readonly Channel[]> {
  const others = record === undefined || record === organization ? [] : await endpointsOf(record);
  const channels: Channel[] = [];
  for (const { resource, custodian } of [...(await endpointsOf(organization)), ...others]) {
    const { code: rail } = resource['connectionType'] as { readonly code?: string };
    const isTheirs = standingOf(resource) === 'private' && custodian !== teller;
    if (resource.id === undefined || rail === undefined || !rails.has(rail) || isTheirs) continue;
    if (rail === DIRECT ? !isInUse(resource, at) : resource['status'] !== 'active') continue;
    const endpoint: Ref = `Endpoint/${resource.id}`;
    const verified = rail === DIRECT && (await direct.isVerified(endpoint, resource));
    const naming = resources.findIndex((one) =>
      valuesAt(one, 'endpoint').some((reference) => localRef(reference) === endpoint),
    );
    const way = teller === undefined ? undefined : await wayTo?.(teller, rail, resource);
    const distance = naming < 0 ? resources.length : naming;
    channels.push({ endpoint, rail, verified, distance, ...closedBy(way) });
  }
  return channels;
}

const closedBy = (way: WayStanding | undefined): Pick<Channel, 'closed' | 'carriers'> => ({
  ...(way?.closed !== undefined && { closed: true }),
  ...(way !== undefined && way.carriers.length > 0 && { carriers: way.carriers }),
});
