/**
 * The carrier of an Endpoint (baa-messaging BA18): the organization that operates the way to it, or a mere conduit, which is
 * no business associate; and what service the carrier of a way does for the discloser.
 */
import type { Extension, Ref, Resource } from '../fhir/types.ts';

/** On an Endpoint: `valueReference` names the Organization, or `valueCode` says `conduit`. */
export const CARRIER_URL = 'https://closeloop.dev/fhir/StructureDefinition/carrier';

export const CONDUIT = 'conduit';

/**
 * The ways that lead over a mere conduit where nobody is named who runs them, and which conduit that is (45 CFR 160.103,
 * business associate, (3)(i); 78 FR 5571). The list is closed: the operator of any other
 * way keeps what it carries.
 */
export const CONDUITS: ReadonlyMap<string, 'internet access' | 'telephone line' | 'postal service'> = new Map(
  [
    ['hl7v2-mllp', 'internet access'],
    ['rest-hook', 'internet access'],
    ['direct-project', 'internet access'],
    ['capture', 'internet access'],
    ['fax', 'telephone line'],
    ['post', 'postal service'],
  ],
);

/** Codes of ba-service: the agreement with whoever runs a way has to name one of its row. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  'hl7v2-mllp': ['it-hosting', 'lab-interface', 'health-information-exchange'],
  'rest-hook': ['it-hosting', 'health-information-exchange'],
  'direct-project': ['mail', 'messaging', 'health-information-exchange'],
  fax: ['fax'],
  mail: ['mail'],
  sms: ['sms'],
};

/** What whoever runs a way does for the discloser; of a way without a row it is hosting. */
export const servicesOfWay = (rail: string): readonly string[] =>
  (Object.hasOwn(SERVICES, rail) ? SERVICES[rail] : undefined) ?? ['it-hosting'];

/** @returns undefined where the Endpoint names nobody */
export function carrierOfEndpoint(endpoint: Resource): Ref | typeof CONDUIT | undefined {
  const extensions = (endpoint['extension'] ?? []) as readonly Extension[]; // it was validated
  const found = extensions.find(({ url }) => url === CARRIER_URL);
  if (found?.valueCode === CONDUIT) return CONDUIT;
  const [reference] = ORGANIZATION.exec(found?.valueReference?.reference ?? '') ?? [];
  return reference as Ref | undefined; // the pattern has a slash
}

const ORGANIZATION = /^Organization\/[A-Za-z0-9\-.]{1,64}$/;
