/**
 * What comes with this server for consents: the forms, by the ids of their kinds, and the class of recipients that a single
 * consent under 42 CFR 2.31(a)(4)(i) names.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import { TPO_RECIPIENTS } from '../policies/consent/read-consent.ts';
import { consentQuestionnaire, FORM_KINDS } from '../policies/consent/forms.ts';

const RECIPIENTS: Resource = {
  resourceType: 'Group',
  id: TPO_RECIPIENTS.slice('Group/'.length),
  active: true,
  // R4 has no type for organizations; the kind of its members is in its code.
  type: 'practitioner',
  actual: false,
  code: {
    text: 'Organizations: treating providers, health plans, payers, and who helps to operate the program',
  },
  name: 'My treating providers, health plans, third-party payers, and people helping to operate this program',
};

const FORMS: ReadonlyMap<Ref, Resource> = new Map<Ref, Resource>([
  ...FORM_KINDS.map((kind) => [`Questionnaire/${kind}`, consentQuestionnaire(kind)] as const),
  [TPO_RECIPIENTS, RECIPIENTS],
]);

/** @returns undefined for what is not one of them */
export const packagedConsent = (ref: Ref): Resource | undefined => FORMS.get(ref);
