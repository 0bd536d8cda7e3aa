/**
 * Consents themselves: a denial reveals what is denied, so that its keeper and the patient alone see it; a Consent of a kind
 * that permits is seen by those whom it names (compliance C13). A general OPTIN goes where its referral takes it.
 */
import type { ConsentProvision, Resource } from '../../fhir/types.ts';
import { kindOf, kindRow } from '../consent/kinds.ts';
import { namesRecipient } from '../consent/permit.ts';
import { asConsent, isOptOut } from '../consent/read-consent.ts';
import type { ContentGuard } from './guard.ts';

/** Marks of a Consent; no label of a resource is named so. */
const OF_DENIAL = 'consent that denies';
const OF_PERMIT = 'consent that permits';

export const consentsThemselves: ContentGuard = {
  name: 'consents-themselves',
  law: '45 CFR 164.522(a); 42 CFR 2.13(c)',
  need: 'authorization',
  save: 'whom a Consent that permits names',
  quiet: true,
  lasting: true,
  guards: ({ facts }) => isConsentMarked(facts.labels),
  isPermitted: ({ facts, ref, to, recipientKinds }, permits) =>
    !facts.labels.has(OF_DENIAL) &&
    permits.some((permit) => permit.source === ref && namesRecipient(permit, to, recipientKinds)),
};

export const isConsentMarked = (marks: ReadonlySet<string>): boolean =>
  marks.has(OF_DENIAL) || marks.has(OF_PERMIT);

/** What the store keeps of a Consent, beside its labels. */
export function consentMarksOf(resource: Resource): readonly string[] {
  if (resource.resourceType !== 'Consent') return [];
  const { policyRule, provision } = asConsent(resource);
  const { effect } = kindRow(kindOf(resource));
  if (effect === 'deny' || isOptOut(policyRule) || deniesSomething(provision)) return [OF_DENIAL];
  return effect === 'permit' ? [OF_PERMIT] : [];
}

const deniesSomething = (provision: ConsentProvision | undefined): boolean =>
  provision !== undefined &&
  (provision.type === 'deny' || (provision.provision ?? []).some((one) => deniesSomething(one)));
