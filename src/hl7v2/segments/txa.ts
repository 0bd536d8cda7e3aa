/**
 * TXA, transcription document header (HL7 v2.5.1, 9.6.1):
 *
 *     1 set ID SI · 2 document type IS 0270 · 3 document content presentation ID 0191 · 4 activity date/time TS ·
 *     5 primary activity provider XCN* · 6 origination date/time TS · 7 transcription date/time TS · 8 edit date/time TS* ·
 *     9 originator XCN* · 10 assigned document authenticator XCN* · 11 transcriptionist XCN* ·
 *     12 unique document number EI · 13 parent document number EI · 14 placer order number EI* ·
 *     15 filler order number EI · 16 unique document file name ST · 17 document completion status ID 0271 ·
 *     18 document confidentiality status ID 0272 · 19 document availability status ID 0273 ·
 *     20 document storage status ID 0275 · 21 document change reason ST · 22 authentication person, time stamp PPN* ·
 *     23 distributed copies XCN*; from v2.8 also 24 folder assignment CWE* · 25 document title ST*
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, DTM, EI, ID, SI, ST, XCN } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  documentType: [2, CWE],
  documentContentPresentation: [3, ID],
  activityDateTime: [4, DTM],
  primaryActivityProvider: [5, XCN, '*'],
  originationDateTime: [6, DTM],
  transcriptionDateTime: [7, DTM],
  originator: [9, XCN, '*'],
  assignedDocumentAuthenticator: [10, XCN, '*'],
  uniqueDocumentNumber: [12, EI],
  parentDocumentNumber: [13, EI],
  placerOrderNumber: [14, EI, '*'],
  fillerOrderNumber: [15, EI],
  uniqueDocumentFileName: [16, ST],
  documentCompletionStatus: [17, ID],
  documentConfidentialityStatus: [18, ID],
  documentAvailabilityStatus: [19, ID],
  documentTitle: [25, ST, '*'],
} as const;

export type Txa = SegmentOf<typeof LAYOUT>;
export const { read: readTxa, build: buildTxa } = segment('TXA', LAYOUT);
