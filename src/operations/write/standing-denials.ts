/**
 * Says, when a permit is written, which earlier restriction it does not lift (compliance C7): a denial wins whatever the
 * dates, and the patient says which of two wishes stands.
 */
import { findConsents } from '../../delivery/consents.ts';
import { findActors, withNotedActors } from '../../delivery/denials.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Permit } from '../../policies/consent/permit.ts';
import { REFERRAL_PURPOSE, restrictionOf } from '../../policies/index.ts';
import { deniesAt } from '../../policies/restriction.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { partyWorldIn } from './rule-context.ts';

export async function tellStandingDenials(draft: Draft, planned: Planned, permit: Permit): Promise<void> {
  const [from] = permit.from.named;
  if (from === undefined) return;
  for (const { ref, consent } of await findConsents(draft.snapshot, permit.patient, from)) {
    const written = draft.planned.get(ref);
    if (ref === planned.ref || written?.after?.plain['status'] === 'inactive') continue;
    if (!(await deniesRecipient(draft, consent, permit, from))) continue;
    draft.notes.push({
      code: 'consent-rule',
      severity: 'warning',
      diagnostics: `An earlier restriction stands (${ref}): end it, or let this Consent replace it.`,
      expression: placesIn(planned, ['Consent.provision']),
    });
  }
}

/** Whether it denies somebody whom the permit names, as far as that can be said of content that is not there yet. */
async function deniesRecipient(draft: Draft, consent: Resource, permit: Permit, from: Ref): Promise<boolean> {
  const noted = withNotedActors(consent);
  const actors = await findActors([noted], partyWorldIn(draft));
  const restriction = restrictionOf(noted, REFERRAL_PURPOSE, actors);
  if (restriction === undefined) return false;
  const [type = 'Observation'] = permit.types ?? [];
  const labels = new Set(permit.labels);
  const at = Date.parse(draft.now);
  return permit.to.named.some((to) =>
    deniesAt(restriction, { ref: `${type}/-`, type, from, to, labels }, at),
  );
}
