/** Help to stop the use of tobacco. */
import { NICOTINE_REPLACEMENT, REFERRAL_TYPES, SMOKING_STATUS } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const tobaccoCessation: PayloadRow = {
  name: 'tobacco-cessation',
  title: 'Tobacco use cessation',
  basis: 'BSeR, request section TUCRSI',
  purposes: ['TREAT'],
  section: 'TUCRSI',
  types: {
    ...REFERRAL_TYPES,
    Procedure: { codes: [NICOTINE_REPLACEMENT] },
    Observation: { codes: [SMOKING_STATUS] },
  },
};
