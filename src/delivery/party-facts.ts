/** What the policies are told of an organization: its kinds, as of now. */
import { NPI } from '../fhir/identifier.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { kindsOf, type PartyKind, type PartyKindDefault } from '../policies/party-kind.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { resourceOf } from '../ports/stored-resource.ts';
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
async function bearsNpi(now: Snapshot, organization: Ref, resource: Resource): Promise<boolean> {
  for (const identity of identitiesIn(resource['identifier'], ({ system }) => system === NPI)) {
    const row = await findRow(now, 'register', identity);
    if (row?.state === 'verified' && row.holder === organization) return true;
  }
  return false;
}
