/**
 * MSA, message acknowledgment (HL7 v2.5.1, 2.15.8):
 *
 *     1 acknowledgment code ID 0008 · 2 message control ID ST · 3 text message ST · 4 expected sequence number NM ·
 *     5 delayed acknowledgment type ID · 6 error condition CE
 *
 * MSA-3 and MSA-6 are kept for old receivers; what is wrong stands in ERR.
 */
import { segment } from '../layout.ts';
import { CWE, ID, NM, ST } from '../datatypes.ts';

const LAYOUT = {
  acknowledgmentCode: [1, ID],
  messageControlId: [2, ST],
  textMessage: [3, ST],
  expectedSequenceNumber: [4, NM],
  errorCondition: [6, CWE],
} as const;

export const { read: readMsa, build: buildMsa } = segment('MSA', LAYOUT);
