/**
 * Consents of a kind as they are written: what may not be written is refused, and what is incomplete is stored with a
 * warning that names what it lacks (compliance A11), and a permit that an earlier restriction outweighs with another (C7).
 */
import { findConsentAbout } from '../../delivery/consent-about.ts';
import { findActors, withNotedActors } from '../../delivery/denials.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Resource } from '../../fhir/types.ts';
import { lacksOf, type Lack } from '../../policies/consent/elements.ts';
import { kindOf, kindRow, type ConsentKind } from '../../policies/consent/kinds.ts';
import { permitOf } from '../../policies/consent/permit.ts';
import { consentFaultOf } from '../../policies/consent/write-rules.ts';
import { typeOf } from '../../resources/element.ts';
import { hasServerScope } from '../scope.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { partyWorldIn } from './rule-context.ts';
import { tellStandingDenials } from './standing-denials.ts';

/** @throws OperationOutcomeError `consent-rule`, `field-frozen`, `deletion-refused` */
export async function ruleConsents(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    if (typeOf(planned.ref) !== 'Consent' || planned.origin === 'server') continue;
    checkRules(draft, planned);
    if (planned.after !== undefined) await warnOf(draft, planned, planned.after.plain);
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

async function warnOf(draft: Draft, planned: Planned, consent: Resource): Promise<void> {
  if (consent['status'] !== 'active' || kindOf(consent) === 'general') return;
  const world = partyWorldIn(draft);
  const noted = withNotedActors(consent);
  const actors = await findActors([noted], world);
  const about = await findConsentAbout(noted, actors, world);
  const lacks = lacksOf(consent, about);
  if (lacks.length > 0) {
    draft.notes.push({
      code: 'consent-incomplete',
      severity: 'warning',
      diagnostics: saysLacks(lacks, kindOf(consent)),
      expression: placesIn(planned, [...new Set(lacks.map(({ path }) => path))]),
    });
    return;
  }
  const permit = permitOf(noted, planned.ref, planned.custodian, actors, about);
  if (permit !== undefined) await tellStandingDenials(draft, planned, permit);
}

/** `This Consent lacks: expiry, right to revoke (A5, A7).` */
function saysLacks(lacks: readonly Lack[], kind: ConsentKind): string {
  const ids = [...new Set(lacks.map(({ id }) => id))];
  const lacking = `This Consent lacks: ${lacks.map(({ says }) => says).join(', ')} (${ids.join(', ')}).`;
  return kindRow(kind).effect === 'permit' ? `${lacking} Until it is complete it permits nothing.` : lacking;
}
