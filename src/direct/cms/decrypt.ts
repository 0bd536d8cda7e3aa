/**
 * Decrypts: CMS EnvelopedData (RFC 5652, 6) and AuthEnvelopedData (RFC 5083).
 *
 * Whoever can tell one fault of decrypting from another can decrypt (Bleichenbacher, Vaudenay). So a content key that
 * cannot be had is replaced by another that nobody knows (RFC 3218, 2.3.2), and a broken padding is only noted: all the
 * work that a good mail makes is done, and the caller gives the one answer after it.
 */
import { createDecipheriv } from 'node:crypto';
import type { SigningKey } from '../certificates/signing-key.ts';
import type { MailLimits } from '../mime/limits.ts';
import { CIPHERS, CONTENT } from './algorithms.ts';
import { contextTag, octetsIn, readAsn1, smallInteger, TAG, type Asn1 } from './asn1.ts';
import { contentKeyOf } from './content-key.ts';

/** What came out. Where it is not sound, it is read like any other and then not used. */
export interface Decrypted {
  readonly content: Uint8Array;
  readonly isSound: boolean;
}

/** Undefined for what anybody sees from outside: it is no envelope, not for these keys, or of a cipher that is not taken. */
export function decryptEnvelope(
  bytes: Uint8Array,
  keys: readonly SigningKey[],
  limits: MailLimits,
): Decrypted | undefined {
  const info = readAsn1(bytes, limits);
  const type = info?.children[0]?.oid ?? '';
  const fields = info?.children[1]?.children[0]?.children ?? [];
  const recipients = fields.findIndex(({ tag }) => tag === TAG.set);
  const encrypted = fields[recipients + 1]?.children ?? [];
  const cipher = CIPHERS[encrypted[1]?.children[0]?.oid ?? ''];
  const isGcm = type === CONTENT.authEnveloped;
  if ((!isGcm && type !== CONTENT.enveloped) || cipher === undefined || cipher.isGcm !== isGcm)
    return undefined;
  const infos = fields[recipients]?.children ?? [];
  if (infos.length > limits.recipientsMax) return undefined;
  const key = contentKeyOf(infos, keys, cipher.keyBytes);
  if (key === undefined) return undefined;
  const sealed = { cipher: cipher.name, key: key.bytes, encrypted: octetsIn(encrypted[2]) };
  const parameters = encrypted[1]?.children[1];
  const opened = isGcm
    ? openGcm({ ...sealed, parameters, after: fields.slice(recipients + 2) })
    : openCbc({ ...sealed, iv: octetsIn(parameters) });
  return opened && { content: opened.content, isSound: opened.isSound && key.isSound };
}

const BLOCK = 16;

interface Sealed {
  readonly cipher: string;
  readonly key: Uint8Array;
  readonly encrypted: Uint8Array;
}

function openCbc({
  cipher,
  key,
  iv,
  encrypted,
}: Sealed & { readonly iv: Uint8Array }): Decrypted | undefined {
  if (iv.length !== BLOCK || encrypted.length === 0 || encrypted.length % BLOCK !== 0) return undefined;
  const decipher = createDecipheriv(cipher, key, iv).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(encrypted), decipher.final()]);
  const count = paddingOf(padded);
  return { content: padded.subarray(0, padded.length - count), isSound: count > 0 };
}

/** How many octets of padding there are (RFC 5652, 6.3); 0 when it is broken. Takes the same time for every content. */
function paddingOf(padded: Uint8Array): number {
  const last = padded[padded.length - 1] ?? 0;
  let wrong = ((last - 1) >>> 31) | ((BLOCK - last) >>> 31);
  for (let at = 0; at < BLOCK; at += 1) {
    const isPadding = (at - last) >>> 31; // 1 while `at` is less than `last`
    const differs = (padded[padded.length - 1 - at] ?? 0) ^ last;
    wrong |= differs & -isPadding;
  }
  const isRight = (((wrong & 0xff) - 1) >>> 31) & 1;
  return last & -isRight;
}

/** Bytes of the tag that are accepted (RFC 5084, 3.2). */
const TAG_BYTES = { min: 12, max: 16 } as const;

function openGcm({
  cipher,
  key,
  encrypted,
  parameters,
  after,
}: Sealed & {
  readonly parameters: Asn1 | undefined;
  readonly after: readonly Asn1[];
}): Decrypted | undefined {
  const nonce = octetsIn(parameters?.children[0]);
  const tagBytes = smallInteger(parameters?.children[1]) ?? TAG_BYTES.min;
  const attributes = after.find(({ tag }) => tag === contextTag(1))?.whole;
  const mac = octetsIn(after.find(({ tag }) => tag === TAG.octets));
  const fits = tagBytes >= TAG_BYTES.min && tagBytes <= TAG_BYTES.max && mac.length === tagBytes;
  if (!fits || nonce.length === 0 || nonce.length > BLOCK) return undefined;
  // The cast names the mode, which the table of ciphers has: only then are there tags.
  const decipher = createDecipheriv(cipher as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(mac);
  if (attributes !== undefined) decipher.setAAD(asSet(attributes));
  const content = decipher.update(encrypted);
  try {
    decipher.final();
    return { content, isSound: true };
  } catch {
    return { content: new Uint8Array(), isSound: false };
  }
}

/** Attributes are authenticated as the SET that they are, not under their implicit tag (RFC 5083, 2.2). */
function asSet(attributes: Uint8Array): Uint8Array {
  const set = Buffer.from(attributes);
  set[0] = TAG.set | 0x20;
  return set;
}
