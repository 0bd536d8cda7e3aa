/** The patient's denials as a refusal: which Consents decide, what would end them, and on which exception it rests. */
import type { Ref, Resource } from '../fhir/types.ts';
import type { InformationBlockingException } from './exception.ts';
import { missingNeed } from './need.ts';
import { patientConsent } from './patient-consent.ts';
import type { Disclosure, Policy } from './policy.ts';

export const bindingDenials: Policy = {
  ...patientConsent,
  stops: 'whom the patient denies, by a Consent that the discloser keeps or that the patient wrote',
  refuses: (disclosure) => {
    const { from, to, patient, purpose } = disclosure;
    const denying = disclosure.consents.filter((consent) => denies(disclosure, consent));
    const deciding = denying.flatMap((consent) => refOf(consent) ?? []);
    const exception = exceptionOf(denying);
    return {
      code: 'disclosure-denied',
      by: 'patient',
      deciding,
      ...(exception !== undefined && { exception }),
      needs: [
        missingNeed('restriction-ends', {
          from,
          to,
          patient,
          purposes: [purpose],
          reason: 'does-not-cover',
          existing: deciding[0],
        }),
      ],
    };
  },
};

const denies = (disclosure: Disclosure, consent: Resource): boolean =>
  patientConsent.vote({ ...disclosure, consents: [consent] }) === 'deny';

const refOf = ({ id }: Resource): Ref | undefined => (id === undefined ? undefined : `Consent/${id}`);

/**
 * What the patient asked is an exception of its own if it was documented; what does not say when, by whom and on which
 * record is not enough (45 CFR 171.202(e); compliance I5). One that is documented suffices.
 */
const exceptionOf = (denying: readonly Resource[]): InformationBlockingException | undefined =>
  denying.some(isDocumented) ? undefined : 'none-review';

function isDocumented(consent: Resource): boolean {
  const { dateTime, performer, sourceAttachment, sourceReference, verification } = consent;
  const isRecorded = [sourceAttachment, sourceReference, verification].some((one) => one !== undefined);
  const isOfWhom = Array.isArray(performer) && performer.length > 0;
  return dateTime !== undefined && isOfWhom && isRecorded;
}
