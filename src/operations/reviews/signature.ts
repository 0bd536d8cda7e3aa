/** Who signed what a review or an assessment came to. */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Draft } from '../write/draft.ts';

/** Verification, by the code of ASTM E1762 that FHIR uses, in the name of the person who asks. */
export const reviewSignature = ({ caller, now }: Draft, task: Ref): Resource => ({
  resourceType: 'Provenance',
  target: [{ reference: task }],
  recorded: now,
  agent: [{ who: { identifier: { value: caller.user } }, onBehalfOf: { reference: caller.organization } }],
  signature: [
    {
      type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.5' }],
      when: now,
      who: { identifier: { value: caller.user } },
    },
  ],
});
