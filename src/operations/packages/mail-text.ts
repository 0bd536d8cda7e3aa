/**
 * The text of a mail, which stands inside what is signed and encrypted: the notice of 42 CFR 2.32 first (compliance P30), then
 * what the mail is about. It names the referral and the two organizations; the documents alone speak of the patient.
 */
import type { Submission } from '../../direct/xdm/submission.ts';
import { packageRowOf } from './package-rows.ts';

interface MailAbout {
  readonly event: string;
  readonly submission: Submission;
  /** A text for each notice; empty where none is owed. */
  readonly notice: readonly string[];
}

/** Plain text; lines end with LF. */
export function mailText({ event, submission, notice }: MailAbout): string {
  const { author, intendedRecipient, referralId, documents } = submission;
  const holds = documents.map(({ kind }) => HOLDS[kind]).filter((one) => one !== undefined);
  return [
    ...notice,
    packageRowOf(event)?.says ?? '',
    [
      `Referral: ${referralId.value} (${referralId.assigner})`,
      `From: ${author.institution?.name ?? author.telecom}`,
      `To: ${intendedRecipient.institution?.name ?? intendedRecipient.telecom}`,
    ].join('\n'),
    `The attached file is a package of IHE 360X. It holds ${listed(holds)}.`,
    'Answer with a package of 360X from your record system, or by mail to this address.',
  ]
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
    .concat('\n');
}

const HOLDS: Readonly<Partial<Record<Submission['documents'][number]['kind'], string>>> = {
  message: 'the message of HL7 version 2',
  'clinical-document': 'a clinical document (C-CDA)',
  consent: 'a copy of the consent',
};

const listed = (texts: readonly string[]): string =>
  texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`;
