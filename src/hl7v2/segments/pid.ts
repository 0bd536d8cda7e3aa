/**
 * PID, patient identification (HL7 v2.5.1, 3.4.2):
 *
 *     1 set ID SI · 2 patient ID CX · 3 patient identifier list CX* · 4 alternate patient ID CX* · 5 patient name XPN* ·
 *     6 mother's maiden name XPN* · 7 date/time of birth TS · 8 administrative sex IS 0001 · 9 patient alias XPN* ·
 *     10 race CE* · 11 patient address XAD* · 12 county code IS · 13 phone number, home XTN* ·
 *     14 phone number, business XTN* · 15 primary language CE · 16 marital status CE · 17 religion CE ·
 *     18 patient account number CX · 19 SSN ST · 20 driver's license number DLN · 21 mother's identifier CX* ·
 *     22 ethnic group CE* · 23 birth place ST · 24 multiple birth indicator ID · 25 birth order NM · 26 citizenship CE* ·
 *     27 veterans military status CE · 28 nationality CE · 29 patient death date and time TS ·
 *     30 patient death indicator ID · 31 identity unknown indicator ID · 32 identity reliability code IS* ·
 *     33 last update date/time TS · 34 last update facility HD · 35 species CE · 36 breed CE · 37 strain ST ·
 *     38 production class code CE · 39 tribal citizenship CWE*
 *
 * In 360X the first PID-3 is the initiator's number of the patient, and stays so in the recipient's answers.
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, CX, DTM, ID, IS, SI, XAD, XPN, XTN } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  patientIdentifierList: [3, CX, '*'],
  patientName: [5, XPN, '*'],
  dateTimeOfBirth: [7, DTM],
  administrativeSex: [8, IS],
  race: [10, CWE, '*'],
  patientAddress: [11, XAD, '*'],
  phoneNumberHome: [13, XTN, '*'],
  phoneNumberBusiness: [14, XTN, '*'],
  primaryLanguage: [15, CWE],
  maritalStatus: [16, CWE],
  patientAccountNumber: [18, CX],
  ethnicGroup: [22, CWE, '*'],
  patientDeathDateAndTime: [29, DTM],
  patientDeathIndicator: [30, ID],
  identityUnknownIndicator: [31, ID],
  lastUpdateDateTime: [33, DTM],
} as const;

export type Pid = SegmentOf<typeof LAYOUT>;
export const { read: readPid, build: buildPid } = segment('PID', LAYOUT);
