/**
 * What a Consent lacks to be valid (compliance A1–A13, P6–P10, P16, P17): its kind's checklist, element by element. One that
 * lacks something is stored, and permits nothing.
 */
import type { ConsentProvision, ConsentProvisionActor, Extension, Ref, Resource } from '../../fhir/types.ts';
import { isWithin, type Purpose } from '../purpose.ts';
import { kindOf, kindRow, type ConsentElement } from './kinds.ts';
import {
  asConsent,
  CONSENT_EXTENSIONS,
  COUNSELING_NOTE,
  extensionsOf,
  isEmpty,
  isInRole,
  isTreatingClass,
  labelName,
  localIn,
} from './read-consent.ts';

export interface Lack {
  /** The rule or the paragraph that asks for it: `A5`, `2.31(a)(7)`. */
  readonly id: string;
  /** What is missing, in words. */
  readonly says: string;
  readonly path: string;
}

/** What is known of those whom a Consent names, beside its text. */
export interface ConsentAbout {
  /** Both the patient and who acts for the patient must sign (42 CFR 2.14). */
  readonly minor?: boolean;
  /** Actors that are intermediaries (42 CFR 2.11). */
  readonly intermediaries?: readonly Ref[];
  /** The recipient is neither a covered entity nor a business associate. */
  readonly uncovered?: boolean;
  /** The document that is said to be its signed form is not there, or not about its patient. */
  readonly foreignForm?: boolean;
}

/** What the Consent lacks by its kind's checklist, in its order; nothing: it is complete. */
export function lacksOf(consent: Resource, about: ConsentAbout = {}): readonly Lack[] {
  const read = readingOf(consent, about);
  const asked = Object.entries(kindRow(read.kind).elements) as [ConsentElement, string][]; // its keys
  return asked.flatMap(([element, id]) => {
    const { says, path, has } = ELEMENTS[element];
    return has(read) ? [] : [{ id, says, path }];
  });
}

type Reading = ReturnType<typeof readingOf>;

function readingOf(resource: Resource, about: ConsentAbout) {
  const consent = asConsent(resource);
  const provision: ConsentProvision = consent.provision ?? {};
  const actors = provision.actor ?? [];
  return {
    kind: kindOf(resource),
    about,
    consent,
    provision,
    disclosers: actors.filter((actor) => isInRole(actor, 'CST')),
    recipients: actors.filter((actor) => isInRole(actor, 'IRCP')),
    purposes: (provision.purpose ?? []).flatMap(({ code }) => code ?? []),
    labels: (provision.securityLabel ?? []).map(labelName),
    statements: new Set(extensionsOf(resource, CONSENT_EXTENSIONS.statements).map((one) => one.valueCode)),
    information: textIn(extensionsOf(resource, CONSENT_EXTENSIONS.information)),
    event: textIn(extensionsOf(resource, CONSENT_EXTENSIONS.expirationEvent)),
    authority: extensionsOf(resource, CONSENT_EXTENSIONS.authority),
    signers: signersOf(resource),
  };
}

const textIn = (extensions: readonly Extension[]): string => extensions[0]?.valueString?.trim() ?? '';

/** Who signed: those who agreed, and whom `authority-to-sign` names beside them. */
function signersOf(resource: Resource): readonly Ref[] {
  const agreed = (asConsent(resource).performer ?? []).flatMap((one) => localIn(one) ?? []);
  const beside = extensionsOf(resource, CONSENT_EXTENSIONS.authority)
    .flatMap(({ extension = [] }) => extension)
    .flatMap(({ url, valueReference }) => (url === 'signer' ? (localIn(valueReference ?? {}) ?? []) : []));
  return [...agreed, ...beside];
}

interface ElementRow {
  readonly says: string;
  readonly path: string;
  readonly has: (read: Reading) => boolean;
}

const STATEMENTS_PATH = 'Consent.extension';

const statement = (code: string, says: string, unless: ElementRow['has'] = () => false): ElementRow => ({
  says,
  path: STATEMENTS_PATH,
  has: (read) => read.statements.has(code) || unless(read),
});

const actorsPath = 'Consent.provision.actor';

/** How each element is found, and what it is called. */
export const ELEMENTS: Readonly<Record<ConsentElement, ElementRow>> = {
  patient: {
    says: 'patient',
    path: 'Consent.patient',
    has: ({ consent }) => localIn(consent.patient ?? {}) !== undefined,
  },
  discloser: {
    says: 'who may disclose (an actor in role CST)',
    path: actorsPath,
    has: ({ disclosers }) => disclosers.some(isNamed),
  },
  recipient: {
    says: 'who may be told (an actor in role IRCP)',
    path: actorsPath,
    has: ({ recipients }) => recipients.some(isNamed),
  },
  information: {
    says: 'what may be told',
    path: 'Consent.provision',
    has: ({ provision, information }) =>
      information !== '' ||
      [provision.securityLabel, provision.class, provision.code, provision.data].some((one) => !isEmpty(one)),
  },
  purpose: {
    says: 'purpose',
    path: 'Consent.provision.purpose',
    has: ({ purposes }) => purposes.length > 0,
  },
  expiry: {
    says: 'expiry',
    path: 'Consent.provision.period',
    has: ({ kind, provision, event }) =>
      provision.period?.end !== undefined || (event !== '' && (!isNone(event) || mayLast(kind))),
  },
  'signed-form': {
    says: 'signed form',
    path: 'Consent.source',
    has: ({ about, consent: { sourceReference: paper, sourceAttachment: file } }) =>
      (paper?.reference !== undefined && about.foreignForm !== true) ||
      (paper?.reference === undefined && paper?.identifier !== undefined) ||
      [file?.data, file?.url].some((one) => one !== undefined),
  },
  date: {
    says: 'date signed',
    path: 'Consent.dateTime',
    has: ({ consent }) => consent.dateTime !== undefined,
  },
  signer: {
    says: 'who signed',
    path: 'Consent.performer',
    has: ({ consent }) => !isEmpty(consent.performer),
  },
  authority: {
    says: 'authority of who signed for the patient',
    path: STATEMENTS_PATH,
    has: ({ consent, authority }) =>
      isEmpty(consent.performer) ||
      (consent.performer ?? []).some((one) => isPatient(one, consent.patient)) ||
      authority.some(({ extension = [] }) =>
        extension.some(({ url, valueString }) => url === 'authority' && valueString !== undefined),
      ),
  },
  'both-signatures': {
    says: 'signatures of both the minor and who acts for the minor',
    path: 'Consent.performer',
    has: ({ about, consent, signers }) =>
      about.minor !== true ||
      (signers.some((one) => one === localIn(consent.patient ?? {})) &&
        signers.some((one) => one.startsWith('RelatedPerson/'))),
  },
  participants: {
    says: 'participants of the intermediary, or the class of treating providers',
    path: actorsPath,
    has: ({ about, recipients }) => hasParticipants(recipients, about.intermediaries ?? []),
  },
  revocation: statement('revocation', 'right to revoke'),
  conditioning: statement('conditioning', 'whether care depends on it'),
  redisclosure: statement('redisclosure', 'that it may be told on, and is then no longer protected'),
  'hipaa-redisclosure': statement(
    'hipaa-redisclosure',
    'that a covered entity may tell it on under HIPAA, save for proceedings against the patient',
    ({ about, purposes }) => about.uncovered === true || !purposes.some(isForCare),
  ),
  'refusal-consequences': statement('refusal-consequences', 'what follows from refusing'),
  'plain-language': statement('plain-language', 'plain language'),
  'copy-given': statement('copy-given', 'a copy for the patient', ({ purposes }) =>
    // 45 CFR 164.508(c)(4) asks for it where the discloser asked for the authorization
    isWholly(purposes, 'PATRQT'),
  ),
  'notes-alone': {
    says: 'psychotherapy notes alone, without other information',
    path: 'Consent.provision.securityLabel',
    has: ({ labels }) => !labels.includes('PSYTHPN') || labels.every((label) => label === 'PSYTHPN'),
  },
  'counseling-alone': {
    says: 'counseling notes alone, named by their label, without other information',
    path: 'Consent.provision.securityLabel',
    has: ({ labels }) => labels.includes(COUNSELING_NOTE) && labels.every((label) => OF_NOTES.has(label)),
  },
  'proceedings-alone': {
    says: 'proceedings alone, without another purpose',
    path: 'Consent.provision.purpose',
    has: ({ purposes }) => isWholly(purposes, 'HLEGAL'),
  },
  'no-proceedings': {
    says: 'care alone: a consent to use in proceedings stands by itself',
    path: 'Consent.provision.purpose',
    has: ({ purposes }) => !purposes.some((purpose) => isUnder(purpose, 'HLEGAL')),
  },
};

/** A counseling note bears these three (42 CFR 2.11; compliance P9). */
const OF_NOTES: ReadonlySet<string> = new Set([COUNSELING_NOTE, 'PSYTHPN', '42CFRPart2']);

const isNamed = ({ reference }: ConsentProvisionActor): boolean =>
  reference.reference !== undefined || reference.identifier !== undefined || reference.display !== undefined;

const isPatient = (
  one: { readonly reference?: string | undefined },
  patient: { readonly reference?: string | undefined } | undefined,
): boolean => localIn(one) !== undefined && localIn(one) === localIn(patient ?? {});

const isNone = (event: string): boolean => event.toLowerCase() === 'none';

const mayLast = (kind: Parameters<typeof kindRow>[0]): boolean => kindRow(kind).openEnded === true;

/** Whether a purpose that a Consent names is one, or one of its kinds. */
const isUnder = (purpose: string, above: Purpose): boolean => isWithin(purpose as Purpose, above);

const isWholly = (purposes: readonly string[], above: Purpose): boolean =>
  purposes.every((purpose) => isUnder(purpose, above));

const CARE: readonly Purpose[] = ['TREAT', 'HPAYMT', 'HOPERAT'];

const isForCare = (purpose: string): boolean => CARE.some((above) => isUnder(purpose, above));

/** An intermediary is named together with its participants, or with the class of treating providers. */
function hasParticipants(
  recipients: readonly ConsentProvisionActor[],
  intermediaries: readonly Ref[],
): boolean {
  const isBetween = ({ reference }: ConsentProvisionActor): boolean =>
    intermediaries.some((one) => one === localIn(reference));
  return !recipients.some(isBetween) || recipients.some((one) => isTreatingClass(one) || !isBetween(one));
}
