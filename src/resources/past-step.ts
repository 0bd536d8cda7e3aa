/** A step of a referral that happened before an import brought the referral here, and the mark of its Provenance. */
import type { Coding, Resource } from '../fhir/types.ts';
import { valuesAt } from './element.ts';

/** A coding in `Provenance.activity` of a step that an import recorded. */
export const PAST_STEP = {
  system: 'https://closeloop.dev/fhir/CodeSystem/timeline-step',
  code: 'past',
} as const satisfies Coding;

export const isPastStepMark = ({ system, code }: Coding): boolean =>
  system === PAST_STEP.system && code === PAST_STEP.code;

export const isPastStep = (resource: Resource | undefined): boolean =>
  (valuesAt(resource, 'activity.coding') as readonly Coding[]).some(isPastStepMark);
