/**
 * Decrypts: CMS EnvelopedData (RFC 5652, 6) and AuthEnvelopedData (RFC 5083).
 *
 * Whoever can tell one fault of decrypting from another can decrypt (Bleichenbacher, Vaudenay). So a content key that
 * cannot be had is replaced by another that nobody knows (RFC 3218, 2.3.2), and a broken padding is only noted: all the
 * work that a good mail makes is done, and the caller gives the one answer after it.
 */
import { createDecipheriv } from 'node:crypto';
import type { AsnType } from 'asn1js';
import { EncryptedContentInfo, EnvelopedData, RecipientInfo } from 'pkijs';
import { asSet } from '../certificates/der.ts';
import type { SigningKey } from '../certificates/signing-key.ts';
import type { MailLimits } from '../mime/limits.ts';
import { CIPHERS, CONTENT } from './algorithms.ts';
import { nodesIn, isContext, isUniversal, octetsIn, orNothing, smallInteger, TAG } from './asn1.ts';
import { readContentInfo } from './cms-structure.ts';
import { contentKeyOf } from './content-key.ts';

/** What came out. Where it is not sound, it is read like any other and then not used. */
export interface Decrypted {
  readonly content: Uint8Array;
  readonly isSound: boolean;
}

/** Undefined for a fault that anybody sees from outside: it is no envelope, not for these keys, or of a cipher that is not taken. */
export function decryptEnvelope(
  bytes: Uint8Array,
  keys: readonly SigningKey[],
  limits: MailLimits,
): Decrypted | undefined {
  const sealed = readEnvelope(bytes, limits);
  const algorithm = sealed?.contentInfo.contentEncryptionAlgorithm;
  const cipher = CIPHERS[algorithm?.algorithmId ?? ''];
  if (sealed === undefined || cipher?.isGcm !== sealed.isGcm) return undefined;
  const key = contentKeyOf(sealed.recipients, keys, cipher.keyBytes);
  if (key === undefined) return undefined;
  const locked = {
    cipher: cipher.name,
    key: key.bytes,
    encrypted: octetsIn(sealed.contentInfo.encryptedContent),
    // pkijs types the parameters loosely; they are a value of asn1js.
    parameters: algorithm?.algorithmParams as AsnType | undefined,
  };
  const opened = sealed.isGcm ? openGcm(locked, sealed.after) : openCbc(locked);
  return opened && { content: opened.content, isSound: opened.isSound && key.isSound };
}

interface ReadEnvelope {
  readonly isGcm: boolean;
  readonly recipients: readonly RecipientInfo[];
  readonly contentInfo: EncryptedContentInfo;
  /** What follows the content: attributes and tag of an authenticated envelope. */
  readonly after: readonly AsnType[];
}

function readEnvelope(bytes: Uint8Array, limits: MailLimits): ReadEnvelope | undefined {
  const info = readContentInfo(bytes, limits);
  const recipients = nodesIn(info?.content).find((field) => isUniversal(field, TAG.set));
  if (info === undefined || nodesIn(recipients).length > limits.recipientsMax) return undefined;
  if (info.type === CONTENT.authEnveloped) return readAuthEnveloped(info.content);
  const data =
    info.type === CONTENT.enveloped
      ? orNothing(() => new EnvelopedData({ schema: info.content }))
      : undefined;
  return (
    data && {
      isGcm: false,
      recipients: data.recipientInfos,
      contentInfo: data.encryptedContentInfo,
      after: [],
    }
  );
}

/** AuthEnvelopedData (RFC 5083, 2.1), which pkijs does not have; its parts are those of EnvelopedData. */
function readAuthEnveloped(content: AsnType): ReadEnvelope | undefined {
  const fields = nodesIn(content);
  const at = fields.findIndex((field) => isUniversal(field, TAG.set));
  return orNothing(() => ({
    isGcm: true,
    recipients: nodesIn(fields[at]).map((schema) => new RecipientInfo({ schema })),
    contentInfo: new EncryptedContentInfo({ schema: fields[at + 1] }),
    after: fields.slice(at + 2),
  }));
}

const BLOCK = 16;

interface Locked {
  readonly cipher: string;
  readonly key: Uint8Array;
  readonly encrypted: Uint8Array;
  readonly parameters: AsnType | undefined;
}

function openCbc({ cipher, key, encrypted, parameters }: Locked): Decrypted | undefined {
  const iv = octetsIn(parameters);
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

function openGcm(
  { cipher, key, encrypted, parameters }: Locked,
  after: readonly AsnType[],
): Decrypted | undefined {
  const [nonceNode, tagNode] = nodesIn(parameters);
  const nonce = octetsIn(nonceNode);
  const tagBytes = smallInteger(tagNode) ?? TAG_BYTES.min;
  const attributes = after.find((field) => isContext(field, 1))?.valueBeforeDecodeView;
  const mac = octetsIn(after.find((field) => isUniversal(field, TAG.octets)));
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
