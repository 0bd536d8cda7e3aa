/** Nutrition in early childhood: the mother. */
import { REFERRAL_TYPES, VITAL_SIGNS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const nutritionMother: PayloadRow = {
  name: 'nutrition-mother',
  title: 'Early childhood nutrition, the mother',
  basis: 'BSeR, request section ECNRSIM',
  purposes: ['TREAT'],
  section: 'ECNRSIM',
  types: { ...REFERRAL_TYPES, Observation: { codes: VITAL_SIGNS } },
};
