/**
 * AIL, appointment information, location resource (HL7 v2.5.1, 10.6.6):
 *
 *     1 set ID SI · 2 segment action code ID 0206 · 3 location resource ID PL* · 4 location type CE · 5 location group CE ·
 *     6 start date/time TS · 7 start date/time offset NM · 8 offset units CE · 9 duration NM · 10 duration units CE ·
 *     11 allow substitution code IS 0279 · 12 filler status code CE 0278
 */
import { segment } from '../layout.ts';
import { CWE, DTM, ID, IS, NM, PL, SI } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  segmentActionCode: [2, ID],
  locationResourceId: [3, PL, '*'],
  locationType: [4, CWE],
  locationGroup: [5, CWE],
  startDateTime: [6, DTM],
  startDateTimeOffset: [7, NM],
  startDateTimeOffsetUnits: [8, CWE],
  duration: [9, NM],
  durationUnits: [10, CWE],
  allowSubstitutionCode: [11, IS],
  fillerStatusCode: [12, CWE],
} as const;

export const { read: readAil, build: buildAil } = segment('AIL', LAYOUT);
