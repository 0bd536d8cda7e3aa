/** Small functions that read the elements of a Consent. */
import type {
  CodeableConcept,
  Coding,
  Consent,
  ConsentProvisionActor,
  Extension,
  Ref,
  Resource,
} from '../../fhir/types.ts';
import { ACT_CODE } from '../labels/confidentiality.ts';

const OURS = 'https://closeloop.dev/fhir/StructureDefinition';

/** The extensions of a Consent that the rules read. */
export const CONSENT_EXTENSIONS = {
  statements: `${OURS}/consent-statements`,
  information: `${OURS}/information-description`,
  expirationEvent: `${OURS}/expiration-event`,
  authority: `${OURS}/authority-to-sign`,
  revocation: `${OURS}/revocation`,
  refusalReason: `${OURS}/refusal-reason`,
} as const;

/** The structure is valid where a rule reads it. */
export const asConsent = (consent: Resource): Consent => consent as unknown as Consent;

export const extensionsOf = (consent: Resource, url: string): readonly Extension[] =>
  (asConsent(consent).extension ?? []).filter((extension) => extension.url === url);

export const isEmpty = (list: readonly unknown[] | undefined): list is undefined => (list?.length ?? 0) === 0;

export const hasCode = (codings: readonly Coding[] | undefined, codes: ReadonlySet<string>): boolean =>
  (codings ?? []).some(({ code }) => code !== undefined && codes.has(code));

/** A scope that says something other than privacy (research, an advance directive) neither permits nor denies. */
export const isAboutPrivacy = ({ coding }: CodeableConcept): boolean =>
  isEmpty(coding) || coding.some(({ code }) => code === 'patient-privacy');

/** It opts out by its policy (BSeR), whatever else it says. */
export const isOptOut = (rule: CodeableConcept | undefined): boolean => hasCode(rule?.coding, OPT_OUT);

const OPT_OUT: ReadonlySet<string> = new Set(['OPTOUT']);

/** A reference without its version. */
export const referenceIn = ({ reference }: { readonly reference?: string | undefined }): string | undefined =>
  reference?.replace(/\/_history\/[^/]+$/, '');

const LOCAL = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/** A local reference without its version; undefined for any other. */
export function localIn(element: { readonly reference?: string | undefined }): Ref | undefined {
  const named = referenceIn(element);
  return named !== undefined && LOCAL.test(named) ? (named as Ref) : undefined;
}

/** Roles of actors in a Consent that permits (PCF 1.1): who discloses, and who is told. */
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
export type PermitRole = 'CST' | 'IRCP';

export const isInRole = ({ role }: ConsentProvisionActor, code: PermitRole): boolean =>
  (role.coding ?? []).some((one) => one.system === PARTICIPATION && one.code === code);

/** "My treating providers, health plans, third-party payers, and people helping to operate this program" (42 CFR 2.31(a)(4)(i)). */
export const TPO_RECIPIENTS = 'Group/tpo-recipients';

export const isTreatingClass = ({ reference }: ConsentProvisionActor): boolean =>
  referenceIn(reference) === TPO_RECIPIENTS;

/** A label as the rules name it: a code of ActCode, or `system|code`. */
export const labelName = ({ system, code = '' }: Coding): string =>
  system === undefined || system === ACT_CODE ? code : `${system}|${code}`;

export const COUNSELING_NOTE = 'https://closeloop.dev/fhir/CodeSystem/label|sud-counseling-note';

/** Actions that a Consent about disclosures speaks of (http://terminology.hl7.org/CodeSystem/consentaction). */
export const DISCLOSING: ReadonlySet<string> = new Set(['disclose', 'access']);
