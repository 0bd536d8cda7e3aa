/** The guards as policies: content that the law withholds whatever the basis, unless the patient's written word permits it. */
import { asksAgreement, servesProgram } from './bases/business-associate.ts';
import { formOf } from './consent/forms.ts';
import { GUARDS, type ContentGuard, type GuardedTelling } from './guards/index.ts';
import type { ContentFacts } from './facts.ts';
import { isConfidentialityName } from './labels/confidentiality.ts';
import { missingNeed, NEEDS } from './need.ts';
import type { Disclosure, Policy } from './policy.ts';

export const GUARDING: readonly Policy[] = GUARDS.map(policyOf);

function policyOf(guard: ContentGuard): Policy {
  return {
    name: guard.name,
    law: guard.law,
    stops: stopsOf(guard),
    vote: (disclosure) => (withholds(guard, disclosure) ? 'deny' : 'abstain'),
    refuses: (disclosure) => {
      const { from, to, patient, purpose, facts } = disclosure;
      const purposes = [purpose];
      const labels = labelsToCover(facts);
      const existing = disclosure.permits[0]?.source;
      return {
        code: 'consent-needed',
        needs: [
          missingNeed(guard.need, {
            from,
            to,
            patient,
            purposes,
            labels,
            ...(guard.form !== undefined && { form: formOf(guard.form) }),
            ...(existing !== undefined && { existing, reason: reasonOf(disclosure) }),
          }),
        ],
      };
    },
  };
}

/** Labels that say how a record is to be handled, and nothing of what is in it: a patient has nothing to permit there. */
const HANDLING: ReadonlySet<string> = new Set(['PERSISTLABEL', 'NORDSCLCD', 'NORDSLCD', 'MINEC']);

/** The labels that a consent to tell this content has to cover (compliance K1). */
export const labelsToCover = ({ labels }: ContentFacts): readonly string[] =>
  [...labels].filter((label) => !isConfidentialityName(label) && !HANDLING.has(label));

function stopsOf({ need, save, quiet }: ContentGuard): string {
  const rest = save === undefined ? `, until ${NEEDS[need].asks} is on record` : ` and ${save}`;
  return `everybody but the keeper${rest}, whatever the basis${quiet ? '; no reader is told that something is withheld' : ''}`;
}

const withholds = (guard: ContentGuard, disclosure: Disclosure): boolean => {
  const telling = tellingOf(disclosure);
  return guard.guards(telling) && !guard.isPermitted(telling, disclosure.permits, disclosure.now);
};

/** Every guard asks, and no disclosure changes. */
const known = new WeakMap<Disclosure, GuardedTelling>();

/** Guarded content, as the guards ask of it. */
export function tellingOf(disclosure: Disclosure): GuardedTelling {
  const remembered = known.get(disclosure) ?? guardedIn(disclosure);
  known.set(disclosure, remembered);
  return remembered;
}

const guardedIn = (disclosure: Disclosure): GuardedTelling => ({
  ...disclosure.what,
  from: disclosure.from,
  to: disclosure.to,
  recipientKinds: disclosure.recipientKinds,
  discloserKinds: disclosure.discloserKinds,
  facts: disclosure.facts,
  sources: disclosure.sources,
  purpose: disclosure.purpose,
  basis: disclosure.claimed ?? (asksAgreement(disclosure) ? 'business-associate' : 'treatment'),
  serves: servesProgram(disclosure),
});

/** Why the newest permit on file does not do. */
function reasonOf(disclosure: Disclosure): 'expired' | 'does-not-cover' {
  const [permit] = disclosure.permits;
  const { until } = permit ?? {};
  return until !== undefined && until <= disclosure.now ? 'expired' : 'does-not-cover';
}
