/**
 * EVN, event type (HL7 v2.5.1, 3.4.1):
 *
 *     1 event type code ID 0003 · 2 recorded date/time TS · 3 date/time planned event TS · 4 event reason code IS ·
 *     5 operator ID XCN* · 6 event occurred TS · 7 event facility HD
 */
import { segment } from '../layout.ts';
import { DTM, HD, ID, IS, XCN } from '../datatypes.ts';

const LAYOUT = {
  eventTypeCode: [1, ID],
  recordedDateTime: [2, DTM],
  dateTimePlannedEvent: [3, DTM],
  eventReasonCode: [4, IS],
  operatorId: [5, XCN, '*'],
  eventOccurred: [6, DTM],
  eventFacility: [7, HD],
} as const;

export const { read: readEvn, build: buildEvn } = segment('EVN', LAYOUT);
