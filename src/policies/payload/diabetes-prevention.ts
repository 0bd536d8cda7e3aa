/** Prevention of diabetes. */
import { HEMOGLOBIN_A1C, REFERRAL_TYPES, VITAL_SIGNS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const diabetesPrevention: PayloadRow = {
  name: 'diabetes-prevention',
  title: 'Diabetes prevention',
  basis: 'BSeR, request section DPRSI',
  purposes: ['TREAT'],
  section: 'DPRSI',
  types: { ...REFERRAL_TYPES, Observation: { codes: [HEMOGLOBIN_A1C, ...VITAL_SIGNS] } },
};
