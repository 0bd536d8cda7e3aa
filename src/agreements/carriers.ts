/** Who operates the way to an Endpoint (baa-messaging BA18): an organization, or a mere conduit that is no business associate. */
import type { Extension, Ref, Resource } from '../fhir/types.ts';

/** On an Endpoint: `valueReference` names an Organization, `valueCode` says `conduit`. */
export const CARRIER_URL = 'https://closeloop.dev/fhir/StructureDefinition/carrier';

/** A public telephone line, internet access, the postal service (45 CFR 160.103): the list is closed. */
export const CONDUIT = 'conduit';

/** @returns undefined where the Endpoint names nobody */
export function operatorOfWay(endpoint: Resource): Ref | typeof CONDUIT | undefined {
  const extensions = (endpoint['extension'] ?? []) as readonly Extension[]; // it was validated
  const found = extensions.find(({ url }) => url === CARRIER_URL);
  if (found?.valueCode === CONDUIT) return CONDUIT;
  const [reference] = ORGANIZATION.exec(found?.valueReference?.reference ?? '') ?? [];
  return reference as Ref | undefined; // the pattern has a slash
}

const ORGANIZATION = /^Organization\/[A-Za-z0-9\-.]{1,64}$/;
