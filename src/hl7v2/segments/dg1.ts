/**
 * DG1, diagnosis (HL7 v2.5.1, 6.5.2), of which a referral uses:
 *
 *     1 set ID SI · 2 diagnosis coding method ID · 3 diagnosis code CE · 4 diagnosis description ST ·
 *     5 diagnosis date/time TS · 6 diagnosis type IS 0052 · … 21
 */
import { segment } from '../layout.ts';
import { CWE, DTM, IS, SI, ST } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  diagnosisCode: [3, CWE],
  diagnosisDescription: [4, ST],
  diagnosisDateTime: [5, DTM],
  diagnosisType: [6, IS],
} as const;

export const { read: readDg1, build: buildDg1 } = segment('DG1', LAYOUT);
