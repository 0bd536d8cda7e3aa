/**
 * A need: what is missing for something to be told, so that the same request passes once it is on record. The refusal is
 * the form: a client can draw a dialog from it (compliance K1).
 */
import { formOf } from './consent/forms.ts';
import type { ConsentKind } from './consent/kinds.ts';
import type { IssueDetail } from '../fhir/issue.ts';
import type { Extension, Ref } from '../fhir/types.ts';

interface NeedRow {
  readonly law: string;
  /** In the words of the refusal: "Telling Elm Street Family Medicine needs …". */
  readonly asks: string;
  /** The kind of Consent whose form captures it; absent where no form does. */
  readonly form?: ConsentKind;
}

/** Codes of https://closeloop.dev/fhir/CodeSystem/need. */
// prettier-ignore
export const NEEDS = {
  'part2-disclosure':            { law: '42 CFR 2.31',          asks: "the patient's written consent", form: 'part2-tpo' },
  'authorization':               { law: '45 CFR 164.508',       asks: "the patient's written authorization", form: 'hipaa-auth' },
  'psychotherapy-authorization': { law: '45 CFR 164.508(a)(2)', asks: "the patient's written authorization for psychotherapy notes alone", form: 'hipaa-auth' },
  'community-authorization':     { law: '45 CFR 164.508',       asks: "the patient's written authorization for a community organization", form: 'hipaa-auth' },
  'patient-messaging':           { law: '45 CFR 164.522(b)',    asks: "the patient's agreement to be sent messages", form: 'patient-messaging' },
  'restriction-ends':            { law: '45 CFR 164.522(a)(2)', asks: 'an end of the restriction that was agreed with the patient' },
  'agreement':                   { law: '45 CFR 164.502(e)',    asks: 'an agreement in force between the two' },
  'identity':                    { law: '45 CFR 164.514(h)',    asks: 'proof of who asks' },
} as const satisfies Record<string, NeedRow>;

export type NeedKind = keyof typeof NEEDS;

/** Why what is on file does not do. */
type NeedReason = 'missing' | 'expired' | 'revoked' | 'incomplete' | 'does-not-cover';

export interface Need {
  readonly kind: NeedKind;
  readonly reason: NeedReason;
  readonly from: Ref;
  readonly to: Ref;
  readonly patient: Ref | undefined;
  /** Codes of v3-ActReason. */
  readonly purposes: readonly string[];
  /** Codes of the labels that the consent has to cover. */
  readonly labels: readonly string[];
  /** The canonical URL of a form that captures it. */
  readonly form: string | undefined;
  /** Elements that what is on file lacks. */
  readonly missing: readonly string[];
  /** What is on file. */
  readonly existing: Ref | undefined;
  readonly law: string;
}

/** A need for which nothing is on file. */
export const missingNeed = (
  kind: NeedKind,
  about: Pick<Need, 'from' | 'to' | 'patient'> & Partial<Need>,
): Need => ({
  kind,
  reason: 'missing',
  purposes: [],
  labels: [],
  form: formOfNeed(kind),
  missing: [],
  existing: undefined,
  law: NEEDS[kind].law,
  ...about,
});

function formOfNeed(kind: NeedKind): string | undefined {
  const { form }: NeedRow = NEEDS[kind];
  return form === undefined ? undefined : formOf(form);
}

export const NEED_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/need';
export const NEED_URL = 'https://closeloop.dev/fhir/StructureDefinition/need';

/** Beside the need. */
interface Saying {
  /** The recipient's name, or its reference. */
  readonly recipient: string;
  readonly expression?: readonly string[];
}

/** The refusal for want of what a need names (compliance K1). Its reader is the discloser. */
export function issueOfNeed(need: Need, { recipient, expression }: Saying): IssueDetail {
  return {
    code: need.reason === 'incomplete' ? 'consent-incomplete' : 'consent-needed',
    codings: [{ system: NEED_SYSTEM, code: need.kind }],
    diagnostics: sayNeed(need, recipient),
    extension: [needExtension(need)],
    captureFor: need.patient,
    ...(expression !== undefined && { expression }),
  };
}

/** A need in words, without anything a patient could be known by. */
export const sayNeed = ({ kind, law, existing, reason, missing }: Need, recipient: string): string =>
  `Telling ${recipient} needs ${NEEDS[kind].asks} under ${law}. On file: ${
    existing === undefined ? 'none' : `${existing}, ${SAID[reason]}`
  }${missing.length > 0 ? `; it lacks: ${missing.join(', ')}` : ''}.`;

const SAID: Readonly<Record<NeedReason, string>> = {
  missing: 'which is none',
  expired: 'expired',
  revoked: 'revoked',
  incomplete: 'incomplete',
  'does-not-cover': 'which does not cover this',
};

/** A need as an extension of the issue that names it. */
export function needExtension(need: Need): Extension {
  const { reason, from, to, purposes, labels, form, missing, existing } = need;
  return {
    url: NEED_URL,
    extension: [
      { url: 'reason', valueCode: reason },
      { url: 'from', valueReference: { reference: from } },
      { url: 'to', valueReference: { reference: to } },
      ...purposes.map((purpose) => ({ url: 'purpose', valueCode: purpose })),
      ...labels.map((label) => ({ url: 'label', valueCode: label })),
      ...(form === undefined ? [] : [{ url: 'form', valueCanonical: form }]),
      ...missing.map((element) => ({ url: 'missingElement', valueString: element })),
      ...(existing === undefined ? [] : [{ url: 'existing', valueReference: { reference: existing } }]),
    ],
  };
}
