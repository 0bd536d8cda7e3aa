/**
 * Consents of a kind as they are written: what may not be written is refused, and what is incomplete is stored with a
 * warning that names what it lacks (compliance A11).
 */
import { findConsentAbout } from '../../delivery/consent-about.ts';
import { findActors, withNotedActors } from '../../delivery/denials.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import { lacksOf, type Lack } from '../../policies/consent/elements.ts';
import { consentFaultOf } from '../../policies/consent/write-rules.ts';
import { typeOf } from '../../resources/element.ts';
import { hasServerScope } from '../scope.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { partyWorldIn } from './rule-context.ts';

/** @throws OperationOutcomeError `consent-rule`, `field-frozen`, `deletion-refused` */
export async function ruleConsents(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    if (typeOf(planned.ref) !== 'Consent' || planned.origin === 'server') continue;
    checkRules(draft, planned);
    if (planned.after !== undefined) await warnOfLacks(draft, planned, planned.after.plain);
  }
}

function checkRules(draft: Draft, planned: Planned): void {
  const { before, after, custodian } = planned;
  const fault = consentFaultOf({
    before,
    after: after?.plain,
    byPrivacyOfficer:
      hasServerScope(draft.caller, 'closeloop/privacy') && custodian === draft.caller.organization,
    now: Date.parse(draft.now),
  });
  if (fault === undefined) return;
  throw new OperationOutcomeError(fault.code, {
    diagnostics: fault.says,
    expression: placesIn(planned, [fault.path]),
  });
}

async function warnOfLacks(draft: Draft, planned: Planned, consent: Resource): Promise<void> {
  if (consent['status'] !== 'active') return;
  const world = partyWorldIn(draft);
  const actors = await findActors([withNotedActors(consent)], world);
  const lacks = lacksOf(consent, await findConsentAbout(consent, actors, world));
  if (lacks.length === 0) return;
  draft.notes.push({
    code: 'consent-incomplete',
    severity: 'warning',
    diagnostics: saysLacks(lacks),
    expression: placesIn(planned, [...new Set(lacks.map(({ path }) => path))]),
  });
}

/** `This Consent lacks: expiry, right to revoke (A5, A7).` */
const saysLacks = (lacks: readonly Lack[]): string => {
  const ids = [...new Set(lacks.map(({ id }) => id))];
  return `This Consent lacks: ${lacks.map(({ says }) => says).join(', ')} (${ids.join(', ')}). Until it is complete it permits nothing.`;
};
