/** Family and others whom the patient wants involved are told in person, with what concerns them. */
import { claimedOn } from './claimed.ts';

export const involvedPerson = claimedOn('involved-person', '45 CFR 164.510(b)');
