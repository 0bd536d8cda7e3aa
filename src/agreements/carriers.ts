/** The carrier of an Endpoint (baa-messaging BA18): the organization that operates the way to it, or a mere conduit, which is no business associate. */
import type { Extension, Ref, Resource } from '../fhir/types.ts';

/** On an Endpoint: `valueReference` names the Organization, or `valueCode` says `conduit`. */
export const CARRIER_URL = 'https://closeloop.dev/fhir/StructureDefinition/carrier';

/** A public telephone line, internet access, the postal service (45 CFR 160.103): the list is closed. */
export const CONDUIT = 'conduit';

/** @returns undefined where the Endpoint names nobody */
export function carrierOfEndpoint(endpoint: Resource): Ref | typeof CONDUIT | undefined {
  const extensions = (endpoint['extension'] ?? []) as readonly Extension[]; // it was validated
  const found = extensions.find(({ url }) => url === CARRIER_URL);
  if (found?.valueCode === CONDUIT) return CONDUIT;
  const [reference] = ORGANIZATION.exec(found?.valueReference?.reference ?? '') ?? [];
  return reference as Ref | undefined; // the pattern has a slash
}

const ORGANIZATION = /^Organization\/[A-Za-z0-9\-.]{1,64}$/;
