/** Who operates the ways by which an organization is told things (baa-messaging BA18). */
import type { Extension, Ref } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { localRef, valuesAt } from '../../resources/element.ts';
import { findThen, type TwoTimes } from './contracts.ts';

const CARRIER = 'https://closeloop.dev/fhir/StructureDefinition/carrier';

/** The connection types of the organization's Endpoints, by the organization that operates each. */
export async function carriersOf(
  times: TwoTimes,
  organization: Ref,
): Promise<ReadonlyMap<Ref, readonly string[]>> {
  const carriers = new Map<Ref, readonly string[]>();
  const where = { kind: 'reference', param: 'organization', to: [organization] } as const;
  for (const { text } of await findThen(times, 'Endpoint', where)) {
    const endpoint = parseStored(text);
    const extensions = valuesAt(endpoint, 'extension') as readonly Extension[]; // it was validated
    const carrier = localRef(extensions.find(({ url }) => url === CARRIER)?.valueReference);
    const [type = ''] = valuesAt(endpoint, 'connectionType.code') as readonly string[]; // it was validated
    if (carrier !== undefined && carrier !== organization)
      carriers.set(carrier, [...new Set([...(carriers.get(carrier) ?? []), type])]);
  }
  return carriers;
}
