/** The name by which messages speak of an organization: as a link of the operator's has it, else its verified OID. */
import type { Ref } from '../fhir/types.ts';
import type { Facility } from '../hl7v2/link.ts';
import { verifiedOid, type RecordSource } from '../resources/parties/register.ts';

/** MSH-4 or MSH-6 of an organization; the first of `named` that knows it decides. */
export async function facilityOf(
  organization: Ref | undefined,
  named: readonly Facility[],
  source: RecordSource,
): Promise<string | undefined> {
  const known = named.find((facility) => facility.organization === organization);
  if (known !== undefined || organization === undefined) return known?.facility;
  return verifiedOid(source, organization);
}
