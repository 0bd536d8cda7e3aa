/** The name by which messages speak of an organization: as a link of the operator's has it, else its own OID. */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Facility } from '../hl7v2/link.ts';
import { valuesAt } from '../resources/element.ts';

/** Any resource as it is now. */
export type Read = (ref: Ref) => Promise<Resource | undefined>;

/** MSH-4 or MSH-6 of an organization; the first of `named` that knows it decides. */
export async function facilityOf(
  organization: Ref | undefined,
  named: readonly Facility[],
  read: Read,
): Promise<string | undefined> {
  const known = named.find((facility) => facility.organization === organization);
  if (known !== undefined || organization === undefined) return known?.facility;
  const values = valuesAt(await read(organization), 'identifier.value');
  const oid = values.find((value) => typeof value === 'string' && value.startsWith('urn:oid:')) as
    | string
    | undefined;
  return oid?.slice('urn:oid:'.length);
}
