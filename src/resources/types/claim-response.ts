/** ClaimResponse: what a payer authorized (ServiceRequest.insurance); its items are numbered as those of its Claim. */
import type { ResourceType } from '../resource.ts';

export const claimResponse: ResourceType = {
  type: 'ClaimResponse',
  carries: ['patient', 'request', 'insurance.coverage'],
};
