/**
 * Claim: what is billed or asked to be authorized. It follows no referral: what a provider is paid is between it and
 * the payer.
 */
import type { ResourceType } from '../resource.ts';

export const claim: ResourceType = {
  type: 'Claim',
  carries: [
    'patient',
    'payee.party',
    'insurance.coverage',
    'supportingInfo.valueReference',
    'diagnosis.diagnosisReference',
    'procedure.procedureReference',
    'procedure.udi',
    'item.udi',
    'item.detail.udi',
    'item.detail.subDetail.udi',
  ],
};
