/**
 * A label that the server adds, with the extensions of FHIR Data Segmentation for Privacy (DS4P 1.0.0) that say why, who
 * added it and by which table (compliance S1, S3).
 */
import type { Coding } from '../../fhir/types.ts';
import { ACT_CODE, CONFIDENTIALITY } from './confidentiality.ts';
import { SENSITIVITY_VERSION } from './sensitivity.ts';

/** Data Segmentation for Privacy, 1.0.0. */
export const DS4P = 'http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition';
const BASIS = `${DS4P}/extension-sec-label-basis`;
const CLASSIFIER = `${DS4P}/extension-sec-label-classifier`;
const ARTIFACT = `${DS4P}/extension-sec-label-related-artifact`;

const BY_US = { url: CLASSIFIER, valueReference: { type: 'Device', display: 'Closeloop' } };

const becauseOf = ({ system, code }: Coding) => ({
  url: BASIS,
  valueCoding: { ...(system !== undefined && { system }), ...(code !== undefined && { code }) },
});

const BY_TABLE = {
  url: ARTIFACT,
  valueRelatedArtifact: {
    type: 'derived-from' as const,
    display: `Closeloop's table of sensitive codes, version ${SENSITIVITY_VERSION}`,
  },
};

/** Whether a label says that it follows from this. */
export const isBecauseOf = ({ extension = [] }: Coding, { system, code }: Coding): boolean =>
  extension.some(
    ({ url, valueCoding }) => url === BASIS && valueCoding?.code === code && valueCoding?.system === system,
  );

/** A sensitivity, and the coding or the flag that it follows from. */
export const sensitivityLabel = (code: string, because: Coding): Coding => ({
  system: ACT_CODE,
  code,
  extension: [becauseOf(because), BY_US, BY_TABLE],
});

/** A label that follows from another, or from what is not in the content. */
export const labelBecauseOf = ({ system = '', code = '' }: Coding, because: Coding): Coding => ({
  system,
  code,
  extension: [becauseOf(because), BY_US],
});

/** A confidentiality, and the label that it follows from. */
export const confidentialityLabel = (code: string, because: Coding): Coding => ({
  system: CONFIDENTIALITY,
  code,
  extension: [becauseOf(because), BY_US],
});

/** The label of content of 42 CFR Part 2, because of the notice of section 2.32 that it came with. */
export const part2ByNotice: Coding = {
  system: ACT_CODE,
  code: '42CFRPart2',
  extension: [
    {
      url: BASIS,
      valueCoding: { system: 'https://closeloop.dev/fhir/CodeSystem/message-content', code: 'notice' },
    },
    BY_US,
  ],
};

/** The label of what the patient paid for in full, because of the Consent that says so (compliance R3). */
export const selfPayByConsent: Coding = {
  system: ACT_CODE,
  code: 'HIPAASelfPay',
  extension: [
    becauseOf({ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'hipaa-self-pay' }),
    BY_US,
  ],
};

/** The reason of a change of labels alone (ActReason, metadata management). */
export const METADATA_MANAGEMENT: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  code: 'METAMGT',
};

/** The confidentiality of what a person lowered: by its basis it is known that what is missing was taken out on purpose. */
export const loweredTo = (code: string): Coding => confidentialityLabel(code, METADATA_MANAGEMENT);

/** Whether a person took labels out of what bears these. */
export const wasLowered = (labels: readonly Coding[]): boolean =>
  labels.some(
    ({ system, extension = [] }) =>
      system === CONFIDENTIALITY &&
      extension.some(
        ({ url, valueCoding }) => url === BASIS && valueCoding?.code === METADATA_MANAGEMENT.code,
      ),
  );
