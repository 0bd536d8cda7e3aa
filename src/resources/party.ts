/** Who a party is (rules 2.5): a table, from the type of a reference to the element that names its organization. */
import type { Ref, Resource } from '../fhir/types.ts';
import { localRef, typeOf, valuesAt } from './element.ts';

const PARTY: ReadonlyMap<string, string> = new Map([
  ['Organization', 'self'],
  ['PractitionerRole', 'organization'],
  ['HealthcareService', 'providedBy'],
  ['CareTeam', 'managingOrganization'],
  ['Device', 'owner'],
]);

/** The element by which a type stands for a party; `self` for the Organization itself, undefined for what stands for none. */
export const partyElementOf = (type: string): string | undefined => PARTY.get(type);

/** The Organization that a resource stands for as a party; undefined for what stands for none. */
export async function readParty(
  ref: Ref,
  read: (ref: Ref) => Promise<Resource | undefined>,
): Promise<Ref | undefined> {
  const element = PARTY.get(typeOf(ref));
  if (element === undefined) return undefined;
  const resource = await read(ref);
  if (resource === undefined) return undefined;
  return element === 'self' ? ref : localRef(valuesAt(resource, element)[0]);
}
