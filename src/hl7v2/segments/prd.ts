/**
 * PRD, provider data (HL7 v2.5.1, 11.6.3):
 *
 *     1 provider role CE* 0286 · 2 provider name XPN* · 3 provider address XAD* · 4 provider location PL ·
 *     5 provider communication information XTN* · 6 preferred method of contact CE · 7 provider identifiers PLN* ·
 *     8 effective start date of provider role TS · 9 effective end date of provider role TS*
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, PL, PLN, XAD, XPN, XTN } from '../datatypes.ts';

const LAYOUT = {
  providerRole: [1, CWE, '*'],
  providerName: [2, XPN, '*'],
  providerAddress: [3, XAD, '*'],
  providerLocation: [4, PL],
  providerCommunicationInformation: [5, XTN, '*'],
  providerIdentifiers: [7, PLN, '*'],
} as const;

export type Prd = SegmentOf<typeof LAYOUT>;
export const { read: readPrd, build: buildPrd } = segment('PRD', LAYOUT);
