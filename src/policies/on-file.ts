/** What a disclosure needs from the patient, with what is on file that does not do, and why not (compliance K1, A11, P8). */
import type { Ref, Resource } from '../fhir/types.ts';
import { lacksOf } from './consent/elements.ts';
import { formOf } from './consent/forms.ts';
import { kindOf, type ConsentKind } from './consent/kinds.ts';
import type { Permit } from './consent/permit.ts';
import { missingNeed, type Need, type NeedKind } from './need.ts';
import type { Disclosure, Refusing } from './policy.ts';

/** The refusal for want of a signed word of one of these kinds; the form of the first one captures it. */
export function wanting(
  need: NeedKind,
  kinds: readonly [ConsentKind, ...ConsentKind[]],
  disclosure: Disclosure,
): Refusing {
  const { from, to, patient, purpose } = disclosure;
  const found = onFile(kinds, disclosure);
  return {
    code: found.reason === 'incomplete' ? 'consent-incomplete' : 'consent-needed',
    needs: [missingNeed(need, { from, to, patient, purposes: [purpose], form: formOf(kinds[0]), ...found })],
    ...(found.existing !== undefined && { deciding: [found.existing] }),
  };
}

/** Why what is on file of these kinds does not do: first what is complete, then what lacks something. */
function onFile(
  kinds: readonly ConsentKind[],
  { permits, consents, now }: Disclosure,
): Partial<Pick<Need, 'reason' | 'existing' | 'missing'>> {
  const permit = permits.find(({ kind }) => kinds.includes(kind));
  if (permit !== undefined) return { reason: reasonOf(permit, now), existing: permit.source };
  for (const consent of consents) {
    const lacks = kinds.includes(kindOf(consent)) ? lacksOf(consent) : [];
    if (lacks.length > 0)
      return {
        reason: 'incomplete',
        existing: refIn(consent),
        missing: lacks.map(({ id, says }) => `${says} (${id})`),
      };
  }
  return {};
}

const reasonOf = ({ until }: Permit, now: number): 'expired' | 'does-not-cover' =>
  until !== undefined && until <= now ? 'expired' : 'does-not-cover';

const refIn = ({ id }: Resource): Ref | undefined => (id === undefined ? undefined : `Consent/${id}`);
