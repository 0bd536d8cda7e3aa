/**
 * ERR, error (HL7 v2.5.1, 2.15.5):
 *
 *     1 error code and location ELD* · 2 error location ERL* · 3 HL7 error code CWE 0357 · 4 severity ID 0516 ·
 *     5 application error code CWE · 6 application error parameter ST* · 7 diagnostic information TX · 8 user message TX ·
 *     9 inform person indicator IS* · 10 override type CWE · 11 override reason code CWE* · 12 help desk contact point XTN*
 *
 * ERR-1 is of earlier versions and not built.
 */
import { segment } from '../layout.ts';
import { CWE, ERL, ID, ST, TX, XTN } from '../datatypes.ts';

const LAYOUT = {
  errorLocation: [2, ERL, '*'],
  hl7ErrorCode: [3, CWE],
  severity: [4, ID],
  applicationErrorCode: [5, CWE],
  applicationErrorParameter: [6, ST, '*'],
  diagnosticInformation: [7, TX],
  userMessage: [8, TX],
  helpDeskContactPoint: [12, XTN, '*'],
} as const;

export const { read: readErr, build: buildErr } = segment('ERR', LAYOUT);
