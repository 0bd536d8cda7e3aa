/** A message for Direct: a text that people read, and files (direct-xdm 2, 360x section 7). */
import type { DirectAddress } from '../../ports/direct.ts';
import { writeDate } from './date.ts';
import { writeBase64 } from './transfer.ts';
import {
  boundaryOf,
  textEntity,
  writeFields,
  writeMultipart,
  type Entity,
  type WrittenField,
} from './write.ts';

/** A file of a message. */
export interface MailFile {
  /** Letters, digits, dots, hyphens and underscores. */
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface MailDraft {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Seen by people after decryption; without anything that a patient could be known by (360x section 7). */
  readonly subject: string;
  /** Without angle brackets. */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly text: string;
  readonly files: readonly MailFile[];
  /** Which notifications the recipient is asked for: `dispatched` includes `processed`. */
  readonly asks: 'dispatched' | 'none';
}

/** The subject of a mail with a package (ITI-32, 3.32.4.1.2); more may follow after a plus sign. */
export const PACKAGE_SUBJECT = 'XDM/1.0/DDM';

/** The message inside. The same draft gives the same bytes, all of them ASCII. */
export async function composeMail(draft: MailDraft): Promise<Uint8Array> {
  const boundary = boundaryOf(draft.messageId);
  const fields: readonly WrittenField[] = [
    ...addressFields(draft),
    ['Subject', draft.subject],
    ...askingFields(draft),
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/mixed; boundary="${boundary}"`],
  ];
  const parts = [textEntity(draft.text), ...draft.files.map(fileEntity)];
  return Buffer.from(`${writeFields(fields)}\r\n${writeMultipart(boundary, parts)}`, 'latin1');
}

/** From, To, Date and Message-ID: inside and outside the same. */
export const addressFields = (
  mail: Pick<MailDraft, 'from' | 'to' | 'date' | 'messageId'>,
): readonly WrittenField[] => [
  ['From', `<${mail.from}>`],
  ['To', `<${mail.to}>`],
  ['Date', writeDate(mail.date)],
  ['Message-ID', `<${mail.messageId}>`],
];

/** RFC 8098, 2.1; Implementation Guide for Delivery Notification in Direct 1.0. */
const askingFields = ({ asks, from }: MailDraft): readonly WrittenField[] =>
  asks === 'none'
    ? []
    : [
        ['Disposition-Notification-To', `<${from}>`],
        ['Disposition-Notification-Options', 'X-DIRECT-FINAL-DESTINATION-DELIVERY=optional,true'],
      ];

const CONTENT_TYPE = /^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/i;
const NAME_MAX = 100;

function fileEntity({ fileName, contentType, bytes }: MailFile): Entity {
  const name = fileName.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, NAME_MAX);
  const type = CONTENT_TYPE.test(contentType) ? contentType : 'application/octet-stream';
  return {
    fields: [
      ['Content-Type', `${type}; name="${name}"`],
      ['Content-Transfer-Encoding', 'base64'],
      ['Content-Disposition', `attachment; filename="${name}"`],
    ],
    body: writeBase64(bytes),
  };
}
