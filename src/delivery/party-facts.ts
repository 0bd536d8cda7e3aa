/** What the policies are told of the organizations of a disclosure, as of now: their kinds, and whether they are one. */
import { NPI } from '../fhir/identifier.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { kindsOf, type PartyKind, type PartyKindDefault } from '../policies/party-kind.ts';
import { isSameEntity, LINKS_MAX, type EntityLink } from '../policies/same-entity.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { arrangementIn, entityLinkIn } from '../resources/parties/entity.ts';
import { identitiesIn } from '../resources/parties/identity-systems.ts';
import { kindFactsIn } from '../resources/parties/kinds.ts';
import { findRow } from '../resources/parties/register.ts';
import { standingOf } from '../resources/parties/standing.ts';

/**
 * The kinds of an organization when another one discloses (compliance D1; harmony Z15). Of what is no Organization nothing
 * is known, and it has no kind.
 */
export async function readKinds(
  now: Snapshot,
  organization: Ref,
  discloser: Ref,
  fallback: PartyKindDefault,
): Promise<ReadonlySet<PartyKind>> {
  const version = await now.read(organization, EVERYTHING);
  const resource = resourceOf(version);
  if (resource?.resourceType !== 'Organization') return new Set();
  const facts = kindFactsIn(resource, {
    listedNpi: standingOf(resource) === 'listed' && (await bearsNpi(now, organization, resource)),
    keeperDiscloses: version?.custodian === discloser,
  });
  return kindsOf(facts, fallback);
}

/** Whether the register has an NPI as the organization's that is in force. */
export async function bearsNpi(now: Snapshot, organization: Ref, resource: Resource): Promise<boolean> {
  for (const identity of identitiesIn(resource['identifier'], ({ system }) => system === NPI)) {
    const row = await findRow(now, 'register', identity);
    if (row?.state === 'verified' && row.holder === organization) return true;
  }
  return false;
}

/** Whether two organizations are one legal entity, by what administrators have confirmed (compliance D2; harmony Z13). */
export const readSameEntity = (now: Snapshot, one: Ref, other: Ref): Promise<boolean> =>
  findSameEntity(async (ref) => resourceOf(await now.read(ref, EVERYTHING)), one, other);

/** Whether an administrator says that two organizations take part in one organized health care arrangement. */
export const readSameArrangement = (now: Snapshot, one: Ref, other: Ref): Promise<boolean> =>
  findSameArrangement(async (ref) => resourceOf(await now.read(ref, EVERYTHING)), one, other);

/** The same, wherever the Organizations are read. */
export async function findSameArrangement(read: ReadOrganization, one: Ref, other: Ref): Promise<boolean> {
  const names = async (organization: Ref, named: Ref): Promise<boolean> => {
    const resource = await read(organization);
    return resource?.resourceType === 'Organization' && arrangementIn(resource).includes(named);
  };
  return (await names(one, other)) || names(other, one);
}

type ReadOrganization = (ref: Ref) => Promise<Resource | undefined>;

/** The same, wherever the Organizations are read. */
export async function findSameEntity(read: ReadOrganization, one: Ref, other: Ref): Promise<boolean> {
  const links = new Map<Ref, EntityLink>();
  for (const organization of [one, other]) await followLinks(read, organization, links);
  return isSameEntity(one, other, links);
}

async function followLinks(read: ReadOrganization, from: Ref, links: Map<Ref, EntityLink>): Promise<void> {
  let at = from;
  for (let step = 0; step <= LINKS_MAX && !links.has(at); step += 1) {
    const resource = await read(at);
    const link = resource?.resourceType === 'Organization' ? entityLinkIn(resource) : undefined;
    if (link === undefined) return;
    links.set(at, link);
    if (!link.confirmed) return;
    at = link.above;
  }
}
