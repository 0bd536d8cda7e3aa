/**
 * A party that writes Direct mail from outside of the server, with a key of its own: the other side of the demonstration,
 * of benchmarks and of tests. It speaks by the functions of src/direct; programs of others do so in test/judges/direct.
 */
import { randomBytes, randomUUID, X509Certificate, createPrivateKey } from 'node:crypto';
import type { SigningKey } from '../../src/direct/certificates/signing-key.ts';
import { openMail } from '../../src/direct/cms/open.ts';
import { protectMail } from '../../src/direct/cms/protect.ts';
import { readDispositions, type DispositionReading } from '../../src/direct/mdn/read.ts';
import { writeDisposition } from '../../src/direct/mdn/write.ts';
import { composeMail, PACKAGE_SUBJECT, type MailFile } from '../../src/direct/mime/compose.ts';
import { MAIL_LIMITS } from '../../src/direct/mime/limits.ts';
import { readMail, type MailText } from '../../src/direct/mime/read.ts';
import { domainOfAddress } from '../../src/direct/address.ts';
import { readXdm } from '../../src/direct/xdm/read-package.ts';
import type { DirectAddress, DirectPart, Disposition } from '../../src/ports/direct.ts';

/** Who writes: an address with its certificate and key (PEM). */
export interface Correspondent {
  readonly address: DirectAddress;
  readonly certificate: string;
  readonly privateKey: string;
}

export const signingKeyOf = ({ certificate, privateKey }: Omit<Correspondent, 'address'>): SigningKey => ({
  certificate: new X509Certificate(certificate),
  privateKey: createPrivateKey(privateKey),
  intermediates: [],
});

export interface WrittenMail {
  readonly messageId: string;
  /** As it goes over SMTP. */
  readonly bytes: Uint8Array;
}

/** Signs and encrypts a message of a correspondent. */
export async function protect(
  from: Correspondent,
  to: { readonly address: DirectAddress; readonly certificate: string },
  message: Uint8Array,
  { messageId, at = Date.now() }: { readonly messageId: string; readonly at?: number },
): Promise<Uint8Array> {
  return protectMail(message, {
    headers: { from: from.address, to: to.address, messageId, date: at },
    signer: signingKeyOf(from),
    recipient: new X509Certificate(to.certificate),
    keyTransport: 'pkcs1',
    at,
    random: (bytes) => randomBytes(bytes),
  });
}

/** A mail with a package (XDM), or with other files. */
export async function writeMail(
  from: Correspondent,
  to: { readonly address: DirectAddress; readonly certificate: string },
  files: readonly MailFile[],
  about: { readonly subject?: string; readonly text?: string; readonly messageId?: string } = {},
): Promise<WrittenMail> {
  const messageId = about.messageId ?? `${randomUUID()}@${domainOfAddress(from.address)}`;
  const at = Date.now();
  const message = await composeMail({
    from: from.address,
    to: to.address,
    subject: about.subject ?? PACKAGE_SUBJECT,
    messageId,
    date: at,
    text: about.text ?? 'A referral is attached.',
    files,
    asks: 'dispatched',
  });
  return { messageId, bytes: await protect(from, to, message, { messageId, at }) };
}

export interface OpenedLetter {
  readonly mail: MailText;
  /** What it says about mails of ours; empty when it is no notification. */
  readonly dispositions: readonly DispositionReading[];
  /** Certificate of the signer, PEM. */
  readonly signer: string;
}

/** Opens a mail with the correspondent's key. Throws for what cannot be opened or read. */
export async function openLetter(to: Correspondent, bytes: Uint8Array): Promise<OpenedLetter> {
  const opened = await openMail(bytes, [signingKeyOf(to)], MAIL_LIMITS);
  if (opened.kind !== 'opened') throw new Error(`the mail is ${opened.kind}`);
  const mail = readMail(opened.message, MAIL_LIMITS);
  if (mail.kind !== 'mail') throw new Error(`the message cannot be read: ${mail.fault}`);
  const [signer] = opened.signers;
  return {
    mail,
    dispositions: readDispositions(mail),
    signer: String(signer?.certificate.toString() ?? ''),
  };
}

/** The segments of the message in a package; of one that cannot be read, the code of its fault alone. */
export async function segmentsIn(zip: Uint8Array): Promise<readonly string[]> {
  const reading = await readXdm(zip);
  if (reading.kind === 'fault') return [reading.fault.code];
  const [message] = reading.submission.documents;
  return Buffer.from(message?.bytes ?? new Uint8Array())
    .toString()
    .split('\r');
}

export const isPackage = ({ contentType }: Pick<DirectPart, 'contentType'>): boolean =>
  contentType === 'application/zip';

/** The notification of a correspondent about a mail that came to it, protected for whom it came from. */
export async function writeNotification(
  by: Correspondent,
  to: { readonly address: DirectAddress; readonly certificate: string },
  about: { readonly messageId: string; readonly disposition: Disposition },
): Promise<WrittenMail> {
  const at = Date.now();
  const domain = domainOfAddress(by.address);
  const messageId = `${randomUUID()}@${domain}`;
  const message = writeDisposition(
    { by: by.address, to: to.address, ...about, at: new Date(at).toISOString(), attempts: 0, dueAt: at },
    { reportingUa: `${domain}; Demonstration`, at, messageId },
  );
  return { messageId, bytes: await protect(by, to, message, { messageId, at }) };
}
