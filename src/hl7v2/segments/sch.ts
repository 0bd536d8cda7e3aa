/**
 * SCH, scheduling activity information (HL7 v2.5.1, 10.6.2):
 *
 *     1 placer appointment ID EI · 2 filler appointment ID EI · 3 occurrence number NM · 4 placer group number EI ·
 *     5 schedule ID CE · 6 event reason CE · 7 appointment reason CE 0276 · 8 appointment type CE 0277 ·
 *     9 appointment duration NM · 10 appointment duration units CE · 11 appointment timing quantity TQ* ·
 *     12 placer contact person XCN* · 13 placer contact phone number XTN · 14 placer contact address XAD* ·
 *     15 placer contact location PL · 16 filler contact person XCN* · 17 filler contact phone number XTN ·
 *     18 filler contact address XAD* · 19 filler contact location PL · 20 entered by person XCN* ·
 *     21 entered by phone number XTN* · 22 entered by location PL · 23 parent placer appointment ID EI ·
 *     24 parent filler appointment ID EI · 25 filler status code CE 0278 · 26 placer order number EI* ·
 *     27 filler order number EI*
 *
 * In 360X SCH-26 is the referral's id, and SCH-2 one appointment in all that is said of it.
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, EI, NM, PL, TQ, XAD, XCN, XTN } from '../datatypes.ts';

const LAYOUT = {
  placerAppointmentId: [1, EI],
  fillerAppointmentId: [2, EI],
  occurrenceNumber: [3, NM],
  eventReason: [6, CWE],
  appointmentReason: [7, CWE],
  appointmentType: [8, CWE],
  appointmentDuration: [9, NM],
  appointmentDurationUnits: [10, CWE],
  appointmentTimingQuantity: [11, TQ, '*'],
  placerContactPerson: [12, XCN, '*'],
  placerContactPhoneNumber: [13, XTN],
  fillerContactPerson: [16, XCN, '*'],
  fillerContactPhoneNumber: [17, XTN],
  fillerContactAddress: [18, XAD, '*'],
  fillerContactLocation: [19, PL],
  enteredByPerson: [20, XCN, '*'],
  enteredByPhoneNumber: [21, XTN, '*'],
  fillerStatusCode: [25, CWE],
  placerOrderNumber: [26, EI, '*'],
  fillerOrderNumber: [27, EI, '*'],
} as const;

export type Sch = SegmentOf<typeof LAYOUT>;
export const { read: readSch, build: buildSch } = segment('SCH', LAYOUT);
