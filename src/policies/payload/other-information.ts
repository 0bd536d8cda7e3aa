/** What any service may ask for. */
import { EDUCATION_LEVEL, EMPLOYMENT_STATUS, REFERRAL_TYPES } from './codes.ts';
import type { PayloadRow } from './row.ts';

export const otherInformation: PayloadRow = {
  name: 'other-information',
  title: 'Any service: education and employment',
  basis: 'BSeR, request section OSI',
  purposes: ['TREAT'],
  section: 'OSI',
  types: { ...REFERRAL_TYPES, Observation: { codes: [EDUCATION_LEVEL, EMPLOYMENT_STATUS] } },
};
