/**
 * NTE, notes and comments (HL7 v2.5.1, 2.15.10): 1 set ID SI · 2 source of comment ID 0105 · 3 comment FT* · 4 comment type CE
 */
import { segment } from '../layout.ts';
import { CWE, FT, ID, SI } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  sourceOfComment: [2, ID],
  comment: [3, FT, '*'],
  commentType: [4, CWE],
} as const;

export const { read: readNte, build: buildNte } = segment('NTE', LAYOUT);
