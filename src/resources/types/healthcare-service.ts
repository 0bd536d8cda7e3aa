/** HealthcareService: directory; a party through the organization that provides it. */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const healthcareService: ResourceType = {
  type: 'HealthcareService',
  directory: true,
  belongsTo: (service) => localRef(service['providedBy']),
};
