/**
 * TQ1, timing/quantity (HL7 v2.5.1, 4.5.4):
 *
 *     1 set ID SI · 2 quantity CQ · 3 repeat pattern RPT* · 4 explicit time TM* · 5 relative time and units CQ* ·
 *     6 service duration CQ · 7 start date/time TS · 8 end date/time TS · 9 priority CWE* 0485 · 10 condition text TX ·
 *     11 text instruction TX · 12 conjunction ID · 13 occurrence duration CQ · 14 total occurrences NM
 *
 * In a 360X request TQ1-8 is the time to perform by; in SIU TQ1-7 and TQ1-8 are the slot.
 */
import { segment, type SegmentOf } from '../layout.ts';
import { CQ, CWE, DTM, NM, SI, TX } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  quantity: [2, CQ],
  serviceDuration: [6, CQ],
  startDateTime: [7, DTM],
  endDateTime: [8, DTM],
  priority: [9, CWE, '*'],
  conditionText: [10, TX],
  textInstruction: [11, TX],
  totalOccurrences: [14, NM],
} as const;

export type Tq1 = SegmentOf<typeof LAYOUT>;
export const { read: readTq1, build: buildTq1 } = segment('TQ1', LAYOUT);
