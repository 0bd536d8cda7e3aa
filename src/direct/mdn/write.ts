/** A notification about a mail (RFC 8098; Implementation Guide for Delivery Notification in Direct 1.0), as a message. */
import type { Disposition, OwedDisposition } from '../../ports/direct.ts';
import { addressFields } from '../mime/compose.ts';
import { boundaryOf, textEntity, writeFields, writeMultipart, type WrittenField } from '../mime/write.ts';

interface DispositionAbout {
  /** Names the server in Reporting-UA: `direct.tarn.example.org; Closeloop`. */
  readonly reportingUa: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the notification itself, without angle brackets. */
  readonly messageId: string;
}

/** What people read of each notification. */
const WORDS: Readonly<Record<Disposition, { readonly subject: string; readonly text: string }>> = {
  processed: {
    subject: 'Message processed',
    text: 'Your message was decrypted, and its signature is trusted.',
  },
  dispatched: {
    subject: 'Message delivered',
    text: 'Your message reached its final destination.',
  },
  failed: {
    subject: 'Message not delivered',
    text: 'Your message could not be delivered.',
  },
};

/**
 * The message to sign and encrypt for `owed.to`. It asks for no notification itself, and says that a machine wrote it, so
 * that nobody answers it.
 */
export function writeDisposition(owed: OwedDisposition, about: DispositionAbout): Uint8Array {
  const { subject, text } = WORDS[owed.disposition];
  const boundary = boundaryOf(about.messageId);
  const fields: readonly WrittenField[] = [
    ...addressFields({ from: owed.by, to: owed.to, date: about.at, messageId: about.messageId }),
    ['Subject', subject],
    ['In-Reply-To', `<${owed.messageId}>`],
    ['References', `<${owed.messageId}>`],
    ['Auto-Submitted', 'auto-replied'],
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/report; report-type=disposition-notification; boundary="${boundary}"`],
  ];
  const parts = [
    textEntity(owed.why === undefined ? text : `${text}\n${owed.why}`),
    {
      fields: [['Content-Type', 'message/disposition-notification'] as const],
      body: writeFields(reportFields(owed, about)),
    },
  ];
  return Buffer.from(`${writeFields(fields)}\r\n${writeMultipart(boundary, parts)}`, 'latin1');
}

/** The fields of RFC 8098, 3.1, and of the guide. */
function reportFields(
  { by, messageId, disposition, why = 'not delivered' }: OwedDisposition,
  { reportingUa }: DispositionAbout,
): readonly WrittenField[] {
  return [
    ['Reporting-UA', reportingUa],
    ['Final-Recipient', `rfc822; ${by}`],
    ['Original-Message-ID', `<${messageId}>`],
    ['Disposition', `automatic-action/MDN-sent-automatically; ${disposition}`],
    ...(disposition === 'dispatched' ? [['X-DIRECT-FINAL-DESTINATION-DELIVERY', ''] as const] : []),
    ...(disposition === 'failed'
      ? ([
          ['Failure', why],
          ['Error', why],
        ] as const)
      : []),
  ];
}
