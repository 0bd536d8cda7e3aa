/**
 * Forms of consents (compliance C14): what a form must say to be one for its kind, and the forms that come with this server.
 * A form is reviewed once, when it is published, and not for each patient who signs it.
 */
import type { Coding, Extension, Resource } from '../../fhir/types.ts';
import { ACT_CODE } from '../labels/confidentiality.ts';
import { PURPOSE_SYSTEM } from '../purpose.ts';
import { CONSENT_KINDS, kindRow, type ConsentKind } from './kinds.ts';

/** What a form says to who signs it, by the code of https://closeloop.dev/fhir/CodeSystem/consent-statement. The law is that of the elements in `kinds.ts`. */
export const CONSENT_STATEMENTS = {
  revocation:
    'You may revoke this at any time, in writing, where it is kept. What was disclosed in reliance on it before cannot be called back.',
  conditioning:
    'Your treatment, payment, enrollment and eligibility for benefits do not depend on whether you sign this.',
  redisclosure:
    'Whoever receives the information may disclose it again, and it may then no longer be protected.',
  'hipaa-redisclosure':
    'A health care provider, a health plan or a business associate that receives the information for treatment, payment or health care operations may disclose it again as the HIPAA rules permit, except in civil, criminal, administrative and legislative proceedings against you.',
  'refusal-consequences':
    'If you do not sign, those named here are not told, and may have to treat you without this information.',
  'plain-language': 'This form is written in plain language.',
  'copy-given': 'You receive a copy of this form when you have signed it.',
  'fundraising-opt-out': 'You may choose not to be asked for donations.',
} as const;

type ConsentStatement = keyof typeof CONSENT_STATEMENTS;

export const isConsentStatement = (code: string | undefined): code is ConsentStatement =>
  code !== undefined && Object.hasOwn(CONSENT_STATEMENTS, code);

/** The statements that a form of a kind makes. */
export const statementsOf = (kind: ConsentKind): readonly ConsentStatement[] =>
  Object.keys(kindRow(kind).elements).filter(isConsentStatement);

// — a Questionnaire that is a form

export const CONSENT_FORM = 'https://closeloop.dev/fhir/StructureDefinition/consent-form';

export interface ConsentForm {
  /** Undefined where it names none that is known. */
  readonly kind: ConsentKind | undefined;
  readonly statements: readonly string[];
}

/** Undefined for a Questionnaire that is no form of a consent. */
export function consentFormOf(questionnaire: Resource): ConsentForm | undefined {
  const extensions = (questionnaire['extension'] ?? []) as readonly Extension[]; // validated structure
  const form = extensions.find(({ url }) => url === CONSENT_FORM)?.extension;
  if (form === undefined) return undefined;
  const codes = (name: string): readonly string[] =>
    form.flatMap(({ url, valueCode }) => (url === name && valueCode !== undefined ? [valueCode] : []));
  const [kind = ''] = codes('kind');
  return {
    kind: Object.hasOwn(CONSENT_KINDS, kind) ? (kind as ConsentKind) : undefined,
    statements: codes('statements'),
  };
}

/** The statements of its kind that a form does not make; undefined where its kind is not known. */
export function statementsLacking({
  kind,
  statements,
}: ConsentForm): readonly ConsentStatement[] | undefined {
  return kind === undefined ? undefined : statementsOf(kind).filter((one) => !statements.includes(one));
}

// — the forms that come with this server

const QUESTIONNAIRES = 'https://closeloop.dev/fhir/Questionnaire/';

/** The canonical of the form of a kind that comes with this server. */
export const formOf = (kind: ConsentKind): string => `${QUESTIONNAIRES}${kind}`;

/** The kinds for which a form comes: those that say what they are. */
export const FORM_KINDS: readonly ConsentKind[] = (Object.keys(CONSENT_KINDS) as ConsentKind[]).filter(
  (kind) => kind !== 'general',
);

interface FormItem {
  readonly linkId: string;
  readonly text: string;
  readonly type: string;
  readonly repeats?: true;
  readonly answerOption?: readonly { readonly valueCoding: Coding }[];
}

const options = (system: string, rows: readonly (readonly [code: string, display: string])[]) =>
  rows.map(([code, display]) => ({ valueCoding: { system, code, display } }));

/** The questions of every form. Their linkIds are the parameters of $capture-consent that the answers give. */
const QUESTIONS: readonly FormItem[] = [
  { linkId: 'from', text: 'Who may disclose', type: 'reference', repeats: true },
  { linkId: 'to', text: 'Who may be told', type: 'reference', repeats: true },
  { linkId: 'information', text: 'What may be told', type: 'text' },
  {
    linkId: 'label',
    text: 'Specially protected information that is included',
    type: 'choice',
    repeats: true,
    answerOption: options(ACT_CODE, [
      ['42CFRPart2', 'records of a substance use disorder program'],
      ['PSYTHPN', 'psychotherapy notes'],
      ['HIV', 'HIV/AIDS information'],
      ['MH', 'mental health information'],
    ]),
  },
  {
    linkId: 'purpose',
    text: 'What for',
    type: 'choice',
    repeats: true,
    answerOption: options(PURPOSE_SYSTEM, [
      ['TREAT', 'treatment'],
      ['HPAYMT', 'payment'],
      ['HOPERAT', 'health care operations'],
      ['PATRQT', 'at my request'],
    ]),
  },
  { linkId: 'until', text: 'Until which day', type: 'date' },
  { linkId: 'event', text: 'Or until which event', type: 'string' },
];

const SIGNING: readonly FormItem[] = [
  { linkId: 'signedBy', text: 'Signed by', type: 'reference', repeats: true },
  { linkId: 'authority', text: 'Authority to sign for the patient', type: 'string' },
  { linkId: 'signedAt', text: 'Date', type: 'dateTime' },
  { linkId: 'signature', text: 'Signature', type: 'attachment' },
];

/** The form of a kind that comes with this server, as the Questionnaire that everybody may read. */
export function consentQuestionnaire(kind: ConsentKind): Resource {
  const { display, law } = kindRow(kind);
  const statements = statementsOf(kind);
  return {
    resourceType: 'Questionnaire',
    id: kind,
    extension: [
      {
        url: CONSENT_FORM,
        extension: [
          { url: 'kind', valueCode: kind },
          ...statements.map((valueCode) => ({ url: 'statements', valueCode })),
        ],
      },
    ],
    url: formOf(kind),
    version: '1.0.0',
    name: kind.replaceAll(/(?:^|-)([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase()),
    title: display,
    status: 'active',
    subjectType: ['Patient'],
    purpose: law,
    item: [
      ...QUESTIONS,
      ...statements.map((code) => ({
        linkId: `statement-${code}`,
        text: CONSENT_STATEMENTS[code],
        type: 'display',
      })),
      ...SIGNING,
    ],
  };
}
