/** The Endpoint by which an organization is reached by Direct, as demonstrations and tests write it. */
import type { Ref, Resource } from '../../src/fhir/types.ts';
import { DIRECT } from '../../src/ports/direct.ts';

export const directEndpoint = (organization: Ref, address: string): Resource => ({
  resourceType: 'Endpoint',
  status: 'active',
  connectionType: {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: DIRECT,
  },
  managingOrganization: { reference: organization },
  payloadType: [{ text: '360X' }],
  address: `mailto:${address}`,
});
