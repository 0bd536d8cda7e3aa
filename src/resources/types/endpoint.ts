/** Endpoint: how an organization is reached. Directory, but its address is for its own organization, or who keeps it (rules 2.2c). */
import { endpointRules } from '../address-rules.ts';
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const endpoint: ResourceType = {
  type: 'Endpoint',
  directory: true,
  belongsTo: (endpointResource) => localRef(endpointResource['managingOrganization']),
  show: (resource, own) => (own ? resource : withoutAddress(resource)),
  rules: endpointRules,
};

/** `address` is 1..1 in R4: it is replaced, not removed, and its absence is said by data-absent-reason `masked`. */
function withoutAddress<T extends object>(resource: T): T {
  const { header: _secrets, ...rest } = resource as T & { header?: unknown };
  return {
    ...rest,
    address: undefined,
    _address: {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    },
  } as unknown as T; // the same resource type with one primitive absent
}
