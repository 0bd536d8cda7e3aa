/** Rights beyond resources, which roles give beside the scopes of this server (identity 4; compliance S4). */
import type { Role } from './roles.ts';

export const SERVER_RIGHTS: Readonly<Record<string, readonly Role[]>> = {
  'closeloop/break-glass': ['clinician'],
  'closeloop/compliance': ['compliance'],
  'closeloop/privacy': ['compliance'],
  'closeloop/label-downgrade': ['compliance'],
};
