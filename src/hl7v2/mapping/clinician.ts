/** A clinician in a message (XCN) ⇄ Practitioner and the PractitionerRole through which they act for an organization. */
import { URI_SYSTEM, systemOfOid } from '../../fhir/identifier.ts';
import type {
  HumanName,
  Organization,
  Practitioner,
  PractitionerRole,
  Ref,
  Reference,
  Resource,
} from '../../fhir/types.ts';
import type { Xcn } from '../datatypes.ts';
import type { Namespaces } from './authority.ts';
import { readPractitioner } from './person.ts';
import { filled, toFhirString } from './plain.ts';

export interface Placed {
  readonly fullUrl: `urn:uuid:${string}`;
  readonly resource: Resource;
}

/** A resource under a placeholder of its own. */
export const place = (resource: object, newId: () => string): Placed => ({
  fullUrl: `urn:uuid:${newId()}`,
  resource: resource as Resource, // every FHIR type is a Resource
});

/** A reference to an organization: local when it is here, else by the OID or the name that the message has. */
export function refersTo(known: Ref | undefined, facility: string | undefined): Reference | undefined {
  if (known !== undefined) return { reference: known };
  if (facility === undefined) return undefined;
  const oid = systemOfOid(facility);
  return {
    type: 'Organization',
    identifier:
      oid === undefined ? { value: facility } : { system: URI_SYSTEM, value: `urn:oid:${facility}` },
  };
}

/** The role of a clinician in an organization, after the clinician where the message names one. */
export function readClinician(
  xcn: Xcn | undefined,
  organization: Reference | undefined,
  namespaces: Namespaces,
  newId: () => string,
): readonly [...Placed[], Placed] {
  const practitioner = readPractitioner(xcn, namespaces);
  const placed = practitioner && place(practitioner, newId);
  const role: PractitionerRole = filled({
    resourceType: 'PractitionerRole' as const,
    practitioner: placed && { reference: placed.fullUrl },
    organization,
  });
  return placed === undefined ? [place(role, newId)] : [placed, place(role, newId)];
}

/** The Practitioner behind a reference to a person or a role; undefined when the reference is to an organization. */
export function practitionerOf(
  reference: Reference | undefined,
  resolve: (reference: Reference) => Resource | undefined,
): Practitioner | undefined {
  const resource = reference && resolve(reference);
  if (resource?.resourceType === 'Practitioner') return resource as unknown as Practitioner; // by its type
  if (resource?.resourceType !== 'PractitionerRole') return undefined;
  return practitionerOf(resource['practitioner'] as Reference | undefined, resolve); // validated structure
}

/** The element by which a resource names the organization for which it acts. */
const ACTS_FOR: Readonly<Record<string, string>> = {
  PractitionerRole: 'organization',
  HealthcareService: 'providedBy',
  CareTeam: 'managingOrganization',
  Device: 'owner',
};

/** The references that {@link practitionerOf} and {@link contactOf} follow from a resource. */
export function leadingOn(resource: Resource): readonly Reference[] {
  const { resourceType, practitioner, partOf } = resource;
  const organization = resource[ACTS_FOR[resourceType] ?? ''];
  const above = resourceType === 'Organization' ? partOf : undefined;
  return [practitioner, organization, above].flat().filter((one) => one !== undefined) as Reference[]; // validated structure
}

/** The number of parent organizations that are looked at. */
const LEVELS_MAX = 3;

/** The contact of the organization behind a reference: its first contact with a name, else that of its parent. */
function contactOf(
  reference: Reference | undefined,
  resolve: (reference: Reference) => Resource | undefined,
  levels = LEVELS_MAX,
): Practitioner | undefined {
  const resource = reference && resolve(reference);
  if (resource === undefined || levels === 0) return undefined;
  const element = ACTS_FOR[resource.resourceType];
  if (element !== undefined) {
    const [organization] = [resource[element]].flat();
    return contactOf(organization as Reference | undefined, resolve, levels); // validated structure
  }
  if (resource.resourceType !== 'Organization') return undefined;
  const { contact = [], partOf } = resource as unknown as Organization; // by its type
  const name = contact.map((one) => one.name).find((one) => one !== undefined && isNamed(one));
  if (name === undefined) return contactOf(partOf, resolve, levels - 1);
  return { resourceType: 'Practitioner', name: [name] };
}

const isNamed = ({ family, given = [], text }: HumanName): boolean =>
  [family, given[0], text].some((part) => toFhirString(part) !== undefined);

/**
 * The person whom a message names for an order: the clinician, when the directory knows anything of them; else the
 * contact.
 */
export function ordererOf(
  reference: Reference | undefined,
  resolve: (reference: Reference) => Resource | undefined,
): Practitioner | undefined {
  const practitioner = practitionerOf(reference, resolve);
  const { name = [], identifier = [] } = practitioner ?? {};
  const isKnown = name.some(isNamed) || identifier.some(({ value }) => toFhirString(value) !== undefined);
  return isKnown ? practitioner : contactOf(reference, resolve);
}
