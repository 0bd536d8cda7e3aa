/**
 * AIP, appointment information, personnel resource (HL7 v2.5.1, 10.6.7):
 *
 *     1 set ID SI · 2 segment action code ID 0206 · 3 personnel resource ID XCN* · 4 resource type CE ·
 *     5 resource group CE · 6 start date/time TS · 7 start date/time offset NM · 8 offset units CE · 9 duration NM ·
 *     10 duration units CE · 11 allow substitution code IS 0279 · 12 filler status code CE 0278
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CWE, DTM, ID, IS, NM, SI, XCN } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  segmentActionCode: [2, ID],
  personnelResourceId: [3, XCN, '*'],
  resourceType: [4, CWE],
  resourceGroup: [5, CWE],
  startDateTime: [6, DTM],
  startDateTimeOffset: [7, NM],
  startDateTimeOffsetUnits: [8, CWE],
  duration: [9, NM],
  durationUnits: [10, CWE],
  allowSubstitutionCode: [11, IS],
  fillerStatusCode: [12, CWE],
} as const;

export type Aip = SegmentOf<typeof LAYOUT>;
export const { read: readAip, build: buildAip } = segment('AIP', LAYOUT);
