/** Help with obesity. */
import { REFERRAL_TYPES, VITAL_SIGNS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const obesity: PayloadRow = {
  name: 'obesity',
  title: 'Obesity',
  basis: 'BSeR, request section ORSI',
  purposes: ['TREAT'],
  section: 'ORSI',
  types: { ...REFERRAL_TYPES, AllergyIntolerance: {}, Observation: { codes: VITAL_SIGNS } },
};
