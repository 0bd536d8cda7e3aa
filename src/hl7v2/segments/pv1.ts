/**
 * PV1, patient visit (HL7 v2.5.1, 3.4.3), of which a referral's messages need:
 *
 *     1 set ID SI · 2 patient class IS 0004 · 3 assigned patient location PL · 4 admission type IS · 5 preadmit number CX ·
 *     6 prior patient location PL · 7 attending doctor XCN* · 8 referring doctor XCN* · 9 consulting doctor XCN* ·
 *     10 hospital service IS · … · 19 visit number CX · … · 44 admit date/time TS · 45 discharge date/time TS* · … 52
 */
import { segment } from '../layout.ts';
import { CX, DTM, IS, PL, SI, XCN } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  patientClass: [2, IS],
  assignedPatientLocation: [3, PL],
  attendingDoctor: [7, XCN, '*'],
  referringDoctor: [8, XCN, '*'],
  consultingDoctor: [9, XCN, '*'],
  hospitalService: [10, IS],
  visitNumber: [19, CX],
  admitDateTime: [44, DTM],
  dischargeDateTime: [45, DTM],
} as const;

export const { read: readPv1, build: buildPv1 } = segment('PV1', LAYOUT);
