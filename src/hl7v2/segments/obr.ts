/**
 * OBR, observation request (HL7 v2.5.1, 4.5.3), of which a referral uses:
 *
 *     1 set ID SI · 2 placer order number EI · 3 filler order number EI · 4 universal service identifier CE ·
 *     5 priority ID · 6 requested date/time TS · 7 observation date/time TS · 8 observation end date/time TS ·
 *     9 … 15 the specimen · 16 ordering provider XCN* · 17 order callback phone number XTN* · 18 … 21 local fields ·
 *     22 results report/status change TS · 23 charge to practice MOC · 24 diagnostic service section ID ·
 *     25 result status ID · 26 parent result PRL · 27 quantity/timing TQ* · 28 result copies to XCN* · 29 parent EIP ·
 *     30 transportation mode ID · 31 reason for study CE* · 32 … 43 who interprets, and transport ·
 *     44 procedure code CE · 45 procedure code modifier CE* · 46 placer supplemental service information CE* · … 49
 *
 * In 360X OBR-4 is the kind of document asked for, and OBR-31 the reasons for the referral.
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, DTM, EI, ID, SI, ST, XCN, XTN } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  placerOrderNumber: [2, EI],
  fillerOrderNumber: [3, EI],
  universalServiceIdentifier: [4, CWE],
  priority: [5, ID],
  requestedDateTime: [6, DTM],
  observationDateTime: [7, DTM],
  relevantClinicalInformation: [13, ST],
  orderingProvider: [16, XCN, '*'],
  orderCallbackPhoneNumber: [17, XTN, '*'],
  reasonForStudy: [31, CWE, '*'],
  procedureCode: [44, CWE],
} as const;

export type Obr = SegmentOf<typeof LAYOUT>;
export const { read: readObr, build: buildObr } = segment('OBR', LAYOUT);
