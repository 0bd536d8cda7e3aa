/**
 * MSH, message header (HL7 v2.5.1, 2.15.9):
 *
 *     1 field separator ST · 2 encoding characters ST · 3 sending application HD · 4 sending facility HD ·
 *     5 receiving application HD · 6 receiving facility HD · 7 date/time of message TS · 8 security ST ·
 *     9 message type MSG · 10 message control ID ST · 11 processing ID PT · 12 version ID VID · 13 sequence number NM ·
 *     14 continuation pointer ST · 15 accept acknowledgment type ID 0155 · 16 application acknowledgment type ID 0155 ·
 *     17 country code ID · 18 character set ID* 0211 · 19 principal language of message CE ·
 *     20 alternate character set handling scheme ID · 21 message profile identifier EI*
 *
 * MSH-1 and MSH-2 are the message's syntax, and no fields to build.
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, DTM, EI, HD, ID, MSG, NM, PT, ST, VID } from '../datatypes.ts';

const LAYOUT = {
  sendingApplication: [3, HD],
  sendingFacility: [4, HD],
  receivingApplication: [5, HD],
  receivingFacility: [6, HD],
  dateTimeOfMessage: [7, DTM],
  security: [8, ST],
  messageType: [9, MSG],
  messageControlId: [10, ST],
  processingId: [11, PT],
  versionId: [12, VID],
  sequenceNumber: [13, NM],
  continuationPointer: [14, ST],
  acceptAcknowledgmentType: [15, ID],
  applicationAcknowledgmentType: [16, ID],
  countryCode: [17, ID],
  characterSet: [18, ID, '*'],
  principalLanguageOfMessage: [19, CWE],
  messageProfileIdentifier: [21, EI, '*'],
} as const;

export type Msh = SegmentOf<typeof LAYOUT>;
export const { read: readMsh, build: buildMsh } = segment('MSH', LAYOUT);
