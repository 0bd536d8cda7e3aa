/** What a request captures: its parameters, what the answers of the form add, and what its kind implies. */
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Attachment, CodeableConcept, Coding, Ref, Reference, Signature } from '../../../fhir/types.ts';
import { CONSENT_KINDS, type ConsentKind } from '../../../policies/consent/kinds.ts';
import { isConsentStatement } from '../../../policies/consent/forms.ts';
import { labelName } from '../../../policies/consent/read-consent.ts';
import { withImplied, type CapturedConsent } from '../../../policies/consent/captured.ts';
import { invalidParameter, isTrueIn, resourceIn, textIn, textsIn, valueIn } from '../input.ts';
import type { Input } from '../operation.ts';
import { answersOf, type Answers } from './answers.ts';
import { findForm } from './find-form.ts';
import type { OperationContext } from '../../context.ts';
import type { Snapshot } from '../../../ports/store.ts';

/** What a capture rests on, beside what it says. */
export interface Capture {
  readonly captured: CapturedConsent;
  readonly signature: Signature | undefined;
  readonly paper: Attachment | undefined;
  readonly witness: Reference | undefined;
  readonly isVerbal: boolean;
  readonly form: string | undefined;
}

/** Parties, labels and the like of one kind, in one capture. */
const MANY_MAX = 50;
const TEXT_MAX = 2000;

/** @throws OperationOutcomeError `parameter-invalid` */
export async function readCapture(
  context: Pick<OperationContext, 'packaged'>,
  snapshot: Snapshot,
  input: Input,
  patient: Ref,
  keeper: Ref,
): Promise<Capture> {
  const kind = kindIn(input);
  const form = textIn(input, 'form');
  const response = resourceIn(input, 'questionnaireResponse')?.plain;
  const answers = answersOf(response);
  const attested = textsIn(input, 'statements');
  const unknown = attested.find((code) => !isConsentStatement(code));
  if (unknown !== undefined)
    throw invalidParameter('statements', 'statements are codes of consent-statement');
  const registered = form === undefined ? undefined : await findForm(context, snapshot, keeper, form);
  if (registered !== undefined && registered.kind !== kind)
    throw invalidParameter('form', 'the form is one of another kind of consent');
  const { signature, paper } = evidenceIn(input, answers);
  const captured = withImplied({
    kind,
    patient,
    keeper,
    ...saidIn(input, answers),
    ...informationIn(input, answers),
    statements: [...new Set([...attested, ...(registered?.statements ?? [])])],
    signers: inOrder(referencesIn(input, answers, 'signedBy'), patient),
    signedAt: firstText(input, answers, 'signedAt') ?? signature?.when,
  });
  return {
    captured,
    signature,
    paper,
    witness: valueIn(input, 'witness') as Reference | undefined, // by its definition
    isVerbal: isTrueIn(input, 'verbal'),
    form,
  };
}

function kindIn(input: Input): ConsentKind {
  const kind = textIn(input, 'kind') ?? '';
  if (!Object.hasOwn(CONSENT_KINDS, kind)) throw invalidParameter('kind', 'kind is a code of consent-kind');
  return kind as ConsentKind; // one of its keys
}

/** The patient first, where the patient signed; the patient alone where nobody is named. */
function inOrder(signers: readonly Reference[], patient: Ref): readonly Reference[] {
  if (signers.length === 0) return [{ reference: patient }];
  const isPatient = ({ reference }: Reference): boolean => reference === patient;
  return [...signers.filter(isPatient), ...signers.filter((one) => !isPatient(one))];
}

function saidIn(input: Input, answers: Answers) {
  return {
    from: referencesIn(input, answers, 'from'),
    to: referencesIn(input, answers, 'to'),
    purposes: bounded('purpose', textsOr(input, answers, 'purpose')),
    until: firstText(input, answers, 'until'),
    event: firstText(input, answers, 'event'),
    authority: firstText(input, answers, 'authority'),
  };
}

function informationIn(input: Input, answers: Answers) {
  const parts: Input = input.get('information')?.[0]?.parts ?? new Map();
  const values = (name: string): readonly unknown[] => (parts.get(name) ?? []).map(({ value }) => value);
  const labels = [...values('label'), ...(values('label').length > 0 ? [] : (answers.get('label') ?? []))];
  return {
    labels: bounded('information', labels).map(labelIn),
    types: bounded('information', textsIn(parts, 'type')),
    codes: bounded('information', values('code')) as readonly CodeableConcept[], // by their definition
    data: bounded('information', values('data')) as readonly Reference[], // by their definition
    text: limited(textIn(parts, 'text') ?? textOf(answers.get('information')?.[0])),
  };
}

function labelIn(value: unknown): string {
  if (typeof value === 'string') return value;
  const { code } = (value ?? {}) as Coding; // any datatype
  if (typeof code !== 'string') throw invalidParameter('information', 'label is a Coding or a code');
  return labelName(value as Coding);
}

const referencesIn = (input: Input, answers: Answers, name: string): readonly Reference[] => {
  const given = (input.get(name) ?? []).map(({ value }) => value);
  return bounded(name, given.length > 0 ? given : (answers.get(name) ?? [])) as readonly Reference[]; // by its definition
};

const textsOr = (input: Input, answers: Answers, name: string): readonly string[] => {
  const given = textsIn(input, name);
  return given.length > 0 ? given : (answers.get(name) ?? []).flatMap((value) => textOf(value) ?? []);
};

const firstText = (input: Input, answers: Answers, name: string): string | undefined =>
  limited(textsOr(input, answers, name)[0]);

/** A primitive, or the code of a Coding. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const { code } = (value ?? {}) as Coding; // any datatype
  return typeof code === 'string' ? code : undefined;
}

function bounded<T>(name: string, values: readonly T[]): readonly T[] {
  if (values.length > MANY_MAX) throw invalidParameter(name, `${name} is given ${MANY_MAX} times at most`);
  return values;
}

function limited(text: string | undefined): string | undefined {
  if (text !== undefined && text.length > TEXT_MAX)
    throw new OperationOutcomeError('parameter-invalid', {
      diagnostics: `a text has ${TEXT_MAX} characters at most`,
    });
  return text;
}

/** A Signature says who and when; an Attachment neither. */
function evidenceIn(input: Input, answers: Answers): Pick<Capture, 'signature' | 'paper'> {
  const value = valueIn(input, 'signature') ?? answers.get('signature')?.[0];
  if (value === undefined) return { signature: undefined, paper: undefined };
  if (typeof value !== 'object' || value === null)
    throw invalidParameter('signature', 'signature is a Signature or an Attachment');
  if ('when' in value && 'who' in value) return { signature: value as Signature, paper: undefined };
  const { data, url } = value as Attachment; // any datatype
  if (data === undefined && url === undefined)
    throw invalidParameter(
      'signature',
      'the signed document is an Attachment with data, or with the url of a Binary',
    );
  return { signature: undefined, paper: value as Attachment };
}
