/**
 * RGS, resource group (HL7 v2.5.1, 10.6.3): 1 set ID SI · 2 segment action code ID 0206 · 3 resource group ID CE
 */
import { segment } from '../layout.ts';
import { CWE, ID, SI } from '../datatypes.ts';

const LAYOUT = {
  setId: [1, SI],
  segmentActionCode: [2, ID],
  resourceGroupId: [3, CWE],
} as const;

export const { read: readRgs, build: buildRgs } = segment('RGS', LAYOUT);
