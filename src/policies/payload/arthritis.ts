/** Help with arthritis. */
import { REFERRAL_TYPES, VITAL_SIGNS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const arthritis: PayloadRow = {
  name: 'arthritis',
  title: 'Arthritis',
  basis: 'BSeR, request section ARSI',
  purposes: ['TREAT'],
  section: 'ARSI',
  types: {
    ...REFERRAL_TYPES,
    AllergyIntolerance: {},
    MedicationRequest: {},
    Medication: {},
    Observation: { codes: VITAL_SIGNS },
  },
};
