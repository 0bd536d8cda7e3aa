/**
 * MRG, merge patient information (HL7 v2.5.1, 3.4.9):
 *
 *     1 prior patient identifier list CX* · 2 prior alternate patient ID CX* · 3 prior patient account number CX ·
 *     4 prior patient ID CX · 5 prior visit number CX · 6 prior alternate visit ID CX · 7 prior patient name XPN*
 */
import { segment } from '../layout.ts';
import { CX, XPN } from '../datatypes.ts';

const LAYOUT = {
  priorPatientIdentifierList: [1, CX, '*'],
  priorPatientAccountNumber: [3, CX],
  priorPatientName: [7, XPN, '*'],
} as const;

export const { read: readMrg, build: buildMrg } = segment('MRG', LAYOUT);
