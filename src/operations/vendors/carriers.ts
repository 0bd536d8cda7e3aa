/** Who operates the ways by which an organization is told things (baa-messaging BA18). */
import { carrierOfEndpoint, CONDUIT } from '../../agreements/carriers.ts';
import type { Ref } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { valuesAt } from '../../resources/element.ts';
import { findThen, type TwoTimes } from './contracts.ts';

/** The connection types of the organization's Endpoints, by the organization that operates each. */
export async function carriersOf(
  times: TwoTimes,
  organization: Ref,
): Promise<ReadonlyMap<Ref, readonly string[]>> {
  const carriers = new Map<Ref, readonly string[]>();
  const where = { kind: 'reference', param: 'organization', to: [organization] } as const;
  for (const { text } of await findThen(times, 'Endpoint', where)) {
    const endpoint = parseStored(text);
    const carrier = carrierOfEndpoint(endpoint);
    const [type = ''] = valuesAt(endpoint, 'connectionType.code') as readonly string[]; // it was validated
    if (carrier !== undefined && carrier !== CONDUIT && carrier !== organization)
      carriers.set(carrier, [...new Set([...(carriers.get(carrier) ?? []), type])]);
  }
  return carriers;
}
