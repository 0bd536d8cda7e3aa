/** Nutrition in early childhood: the baby. */
import {
  BLOOD_PRESSURE,
  BODY_HEIGHT,
  BODY_LENGTH,
  BODY_WEIGHT,
  BREAST_FEEDING,
  BODY_MASS_INDEX,
  REFERRAL_TYPES,
} from './codes.ts';
import type { PayloadRow } from './row.ts';

export const nutritionBaby: PayloadRow = {
  name: 'nutrition-baby',
  title: 'Early childhood nutrition, the baby',
  basis: 'BSeR, request section ECNRSIB',
  purposes: ['TREAT'],
  section: 'ECNRSIB',
  types: {
    ...REFERRAL_TYPES,
    Observation: {
      codes: [BREAST_FEEDING, BLOOD_PRESSURE, BODY_HEIGHT, BODY_LENGTH, BODY_WEIGHT, BODY_MASS_INDEX],
    },
  },
};
