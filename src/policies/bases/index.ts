/** The policies of the bases that a referral may claim, one line each, and of those that are found where it claims none. */
import type { Policy } from '../policy.ts';
import { abuseNeglect } from './abuse-neglect.ts';
import { authorization } from './authorization.ts';
import { businessAssociate } from './business-associate.ts';
import { childAbuse } from './child-abuse.ts';
import { foundOn } from './claimed.ts';
import { correctional } from './correctional.ts';
import { emergency } from './emergency.ts';
import { individual } from './individual.ts';
import { involvedPerson } from './involved-person.ts';
import { judicialOrder } from './judicial-order.ts';
import { judicialProcess } from './judicial-process.ts';
import { operations } from './operations.ts';
import { oversight } from './oversight.ts';
import { claimedAsOwn } from './own.ts';
import { payment } from './payment.ts';
import { notesAuthorization } from './psychotherapy-notes.ts';
import { publicHealth } from './public-health.ts';
import { requiredByLaw } from './required-by-law.ts';
import { secretary } from './secretary.ts';
import { seriousThreat } from './serious-threat.ts';
import { treatment } from './treatment.ts';
import { treatmentOwn } from './treatment-own.ts';
import { workersCompensation } from './workers-compensation.ts';

export const CLAIMED: readonly Policy[] = [
  claimedAsOwn,
  treatment,
  treatmentOwn,
  payment,
  operations,
  businessAssociate,
  individual,
  authorization,
  involvedPerson,
  requiredByLaw,
  publicHealth,
  childAbuse,
  abuseNeglect,
  oversight,
  notesAuthorization,
  judicialOrder,
  judicialProcess,
  seriousThreat,
  correctional,
  workersCompensation,
  emergency,
  secretary,
];

export const FOUND: readonly Policy[] = [
  foundOn(treatment),
  foundOn(treatmentOwn),
  foundOn(businessAssociate),
];
