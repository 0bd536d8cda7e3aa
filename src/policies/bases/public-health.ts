/** Public health: which of its activities decides who is told, and what has to be on record. */
import type { Disclosure } from '../policy.ts';
import { claimedOn } from './claimed.ts';
import { onFile, recipientIs, type BasisCondition } from './conditions.ts';

const authority = recipientIs('public-health-authority');

/** Codes of https://closeloop.dev/fhir/CodeSystem/public-health-activity (45 CFR 164.512(b)(1)), and what each asks for. */
const PUBLIC_HEALTH_ACTIVITIES: Readonly<
  Record<string, { readonly law: string; readonly asks: readonly BasisCondition[] }>
> = {
  'disease-or-injury': { law: '45 CFR 164.512(b)(1)(i)', asks: [authority] },
  'vital-event': { law: '45 CFR 164.512(b)(1)(i)', asks: [authority] },
  // A person subject to the FDA, whose kind nothing here says.
  'regulated-product': { law: '45 CFR 164.512(b)(1)(iii)', asks: [] },
  'exposed-person': { law: '45 CFR 164.512(b)(1)(iv)', asks: [] },
  'work-related': {
    law: '45 CFR 164.512(b)(1)(v)',
    asks: [recipientIs('employer'), onFile('patient-notice', 'the notice to the patient')],
  },
  'school-immunization': {
    law: '45 CFR 164.512(b)(1)(vi)',
    asks: [recipientIs('school'), onFile('patient-agreement', 'the agreement of parent or patient')],
  },
};

const activityKnown: BasisCondition = ({ evidence: { activity = '' } }) =>
  Object.hasOwn(PUBLIC_HEALTH_ACTIVITIES, activity)
    ? undefined
    : { part: 'activity', says: 'the activity of public health' };

const lackInActivity =
  (at: number): BasisCondition =>
  (disclosure: Disclosure) => {
    const { activity = '' } = disclosure.evidence;
    const asked = Object.hasOwn(PUBLIC_HEALTH_ACTIVITIES, activity)
      ? PUBLIC_HEALTH_ACTIVITIES[activity]
      : undefined;
    return asked?.asks[at]?.(disclosure);
  };

export const publicHealth = claimedOn('public-health', '45 CFR 164.512(b)(1)', [
  activityKnown,
  lackInActivity(0),
  lackInActivity(1),
]);
