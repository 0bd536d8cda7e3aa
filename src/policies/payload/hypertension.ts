/** Help with hypertension. */
import { REFERRAL_TYPES, VITAL_SIGNS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const hypertension: PayloadRow = {
  name: 'hypertension',
  title: 'Hypertension',
  basis: 'BSeR, request section HRSI',
  purposes: ['TREAT'],
  section: 'HRSI',
  types: { ...REFERRAL_TYPES, Condition: {}, Observation: { codes: VITAL_SIGNS } },
};
