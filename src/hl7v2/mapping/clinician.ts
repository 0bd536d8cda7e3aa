/** A clinician in a message (XCN) ⇄ Practitioner and the PractitionerRole through which they act for an organization. */
import { URI_SYSTEM, systemOfOid } from '../../fhir/identifier.ts';
import type { Practitioner, PractitionerRole, Ref, Reference, Resource } from '../../fhir/types.ts';
import type { Xcn } from '../datatypes.ts';
import type { Namespaces } from './authority.ts';
import { readPractitioner } from './person.ts';
import { filled } from './plain.ts';

export interface Placed {
  readonly fullUrl: `urn:uuid:${string}`;
  readonly resource: Resource;
}

/** A resource under a placeholder of its own. */
export const place = (resource: object, newId: () => string): Placed => ({
  fullUrl: `urn:uuid:${newId()}`,
  resource: resource as Resource, // every FHIR type is one
});

/** An organization by its reference here, else by how the message names it: an OID, or a name. */
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

/** The role of a clinician in an organization, and the clinician where the message names one: the role stands last. */
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

/** The Practitioner behind a reference to one or to a role; undefined when an organization alone is meant. */
export function practitionerOf(
  reference: Reference | undefined,
  resolve: (reference: Reference) => Resource | undefined,
): Practitioner | undefined {
  const resource = reference && resolve(reference);
  if (resource?.resourceType === 'Practitioner') return resource as unknown as Practitioner; // by its type
  if (resource?.resourceType !== 'PractitionerRole') return undefined;
  return practitionerOf(resource['practitioner'] as Reference | undefined, resolve); // validated structure
}
