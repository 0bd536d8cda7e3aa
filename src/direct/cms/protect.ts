/** A message becomes a Direct mail: signed, then encrypted for its one recipient (direct-xdm 2, 3). */
import type { X509Certificate } from 'node:crypto';
import type { DirectAddress } from '../../ports/direct.ts';
import type { SigningKey } from '../certificates/signing-key.ts';
import { addressFields } from '../mime/compose.ts';
import { writeBase64 } from '../mime/transfer.ts';
import { writeFields } from '../mime/write.ts';
import { encryptFor } from './encrypt.ts';
import { signDetached } from './sign.ts';

/** What everybody on the way can read: nothing about a patient. The subject outside is always neutral. */
export interface OuterHeaders {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Without angle brackets; the one of the message inside, because notifications quote it (direct-xdm 2). */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly date: number;
}

export interface Protection {
  readonly headers: OuterHeaders;
  readonly signer: SigningKey;
  readonly recipient: X509Certificate;
  /** For a recipient with an RSA key. `oaep` only for a peer that is known to read it: most do not (direct-xdm 3). */
  readonly keyTransport: 'pkcs1' | 'oaep';
  /** The signing time, in milliseconds since 1970. */
  readonly at: number;
  readonly random: (bytes: number) => Uint8Array;
}

/** Tells the servers on the way nothing; the recipient finds the subject inside. */
const OUTER_SUBJECT = 'Secure message';

const BOUNDARY_BYTES = 20;

/**
 * The mail, ready for SMTP: lines end with CR LF, and all bytes are ASCII.
 *
 * @param message the message inside, in ASCII, as composeMail writes it
 * @throws TypeError for a key that is neither RSA nor EC
 */
export async function protectMail(message: Uint8Array, protection: Protection): Promise<Uint8Array> {
  const envelope = encryptFor(signedEntity(message, protection), protection);
  const head = writeFields([
    ...addressFields(protection.headers),
    ['Subject', OUTER_SUBJECT],
    ['MIME-Version', '1.0'],
    ['Content-Type', 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'],
    ['Content-Transfer-Encoding', 'base64'],
    ['Content-Disposition', 'attachment; filename="smime.p7m"'],
  ]);
  return Buffer.from(`${head}\r\n${writeBase64(envelope)}`, 'latin1');
}

/** multipart/signed (RFC 1847, 2.1) around the message, whose own header is signed along with it. */
function signedEntity(message: Uint8Array, { signer, at, random }: Protection): Uint8Array {
  const wrapped = Buffer.concat([Buffer.from('Content-Type: message/rfc822\r\n\r\n'), message]);
  const signature = signDetached(wrapped, signer, at);
  const boundary = `=_${Buffer.from(random(BOUNDARY_BYTES)).toString('hex')}`;
  const head = writeFields([
    [
      'Content-Type',
      `multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="${boundary}"`,
    ],
  ]);
  const signatureHead = writeFields([
    ['Content-Type', 'application/pkcs7-signature; name="smime.p7s"'],
    ['Content-Transfer-Encoding', 'base64'],
    ['Content-Disposition', 'attachment; filename="smime.p7s"'],
  ]);
  return Buffer.concat([
    Buffer.from(`${head}\r\n--${boundary}\r\n`, 'latin1'),
    wrapped,
    Buffer.from(
      `\r\n--${boundary}\r\n${signatureHead}\r\n${writeBase64(signature)}\r\n--${boundary}--\r\n`,
      'latin1',
    ),
  ]);
}
