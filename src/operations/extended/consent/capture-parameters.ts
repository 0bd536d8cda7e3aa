/** The parameters of `$capture-consent` (compliance K2). */
import { CONSENT_KINDS } from '../../../policies/consent/kinds.ts';
import { CONSENT_STATEMENTS } from '../../../policies/consent/forms.ts';
import type { OperationParameter } from '../operation.ts';

interface More {
  readonly min?: 0 | 1;
  readonly max?: '1' | '*';
  readonly part?: readonly OperationParameter[];
}

const given = (
  name: string,
  type: string | undefined,
  documentation: string,
  { min = 0, max = '1', part }: More = {},
): OperationParameter => ({
  name,
  use: 'in',
  min,
  max,
  ...(type !== undefined && { type }),
  documentation,
  ...(part !== undefined && { part }),
});

const answered = (
  name: string,
  type: string,
  documentation: string,
  min: 0 | 1 = 0,
  max: '1' | '*' = '1',
): OperationParameter => ({ name, use: 'out', min, max, type, documentation });

const MANY: More = { max: '*' };

export const CAPTURE_PARAMETERS: readonly OperationParameter[] = [
  given('kind', 'code', `What is agreed: ${Object.keys(CONSENT_KINDS).join(', ')}.`, { min: 1 }),
  given('from', 'Reference', 'Who may disclose; your organization where nobody is named.', MANY),
  given(
    'to',
    'Reference',
    'Who may be told. A part2-tpo consent that names nobody is for the class of Group/tpo-recipients.',
    MANY,
  ),
  given('purpose', 'code', 'What for: codes of v3-ActReason.', MANY),
  given('information', undefined, 'What may be told.', {
    part: [
      given('label', '*', 'A security label: a Coding, or its code where it is one of ActCode.', MANY),
      given('type', 'code', 'A type of resources.', MANY),
      given(
        'code',
        'CodeableConcept',
        'A code of content. The server cannot evaluate it, so that it widens nothing.',
        MANY,
      ),
      given('data', 'Reference', 'A resource.', MANY),
      given('text', 'string', 'The words of the form.'),
    ],
  }),
  given('until', 'date', 'The last day.'),
  given('event', 'string', 'The event that ends it; `none` where the kind may last until it is revoked.'),
  given(
    'statements',
    'code',
    `Statements of the form, as you attest: ${Object.keys(CONSENT_STATEMENTS).join(', ')}.`,
    MANY,
  ),
  given('form', 'canonical', 'The registered form (Questionnaire) that was signed; its statements count.'),
  given(
    'questionnaireResponse',
    'QuestionnaireResponse',
    'The answers of the form. They fill what the other parameters leave out.',
  ),
  given(
    'signature',
    '*',
    'The Signature (type 1.2.840.10065.1.12.1.7, with data), or the signed document as an Attachment. A patient who is logged in in person signs by the login.',
  ),
  given(
    'signedBy',
    'Reference',
    'Who signed; the patient where nobody is named. Of a minor and who acts for the minor, both.',
    MANY,
  ),
  given('authority', 'string', 'Why one who is not the patient may sign.'),
  given('signedAt', 'dateTime', 'When it was signed; as the signature says, where it is left out.'),
  given('witness', 'Reference', 'Who saw it signed.'),
  given('verbal', 'boolean', 'It was spoken: for kinds that may be oral.'),
  given('supersedes', 'Reference', 'Consents of yours that this one ends.', MANY),
  given('then', 'Bundle', 'A transaction that waited for the consent: it runs in the same commit.'),
  answered('consent', 'Reference', 'The Consent.', 1),
  answered('document', 'Reference', 'The DocumentReference of what was signed.', 1),
  answered('provenance', 'Reference', 'Who recorded it.', 1),
  answered('superseded', 'Reference', 'A Consent that was ended.', 0, '*'),
  answered('response', 'Bundle', 'The response to the transaction.'),
];
