/**
 * ORC, common order (HL7 v2.5.1, 4.5.1):
 *
 *     1 order control ID 0119 · 2 placer order number EI · 3 filler order number EI · 4 placer group number EI ·
 *     5 order status ID 0038 · 6 response flag ID · 7 quantity/timing TQ* · 8 parent EIP · 9 date/time of transaction TS ·
 *     10 entered by XCN* · 11 verified by XCN* · 12 ordering provider XCN* · 13 enterer's location PL ·
 *     14 call back phone number XTN* · 15 order effective date/time TS · 16 order control code reason CE ·
 *     17 entering organization CE · 18 entering device CE · 19 action by XCN* · 20 advanced beneficiary notice code CE ·
 *     21 ordering facility name XON* · 22 ordering facility address XAD* · 23 ordering facility phone number XTN* ·
 *     24 ordering provider address XAD* · 25 order status modifier CWE · 26 notice override reason CWE ·
 *     27 filler's expected availability TS · 28 confidentiality code CWE · 29 order type CWE ·
 *     30 enterer authorization mode CNE
 *
 * In 360X ORC-2 is the referral's id, and ORC-1 with ORC-5 says what became of the referral.
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, DTM, EI, ID, XAD, XCN, XON, XTN } from '../datatypes.ts';

const LAYOUT = {
  orderControl: [1, ID],
  placerOrderNumber: [2, EI],
  fillerOrderNumber: [3, EI],
  placerGroupNumber: [4, EI],
  orderStatus: [5, ID],
  dateTimeOfTransaction: [9, DTM],
  enteredBy: [10, XCN, '*'],
  orderingProvider: [12, XCN, '*'],
  callBackPhoneNumber: [14, XTN, '*'],
  orderEffectiveDateTime: [15, DTM],
  orderControlCodeReason: [16, CWE],
  orderingFacilityName: [21, XON, '*'],
  orderingFacilityAddress: [22, XAD, '*'],
  orderingFacilityPhoneNumber: [23, XTN, '*'],
  orderingProviderAddress: [24, XAD, '*'],
  confidentialityCode: [28, CWE],
} as const;

export type Orc = SegmentOf<typeof LAYOUT>;
export const { read: readOrc, build: buildOrc } = segment('ORC', LAYOUT);
