/**
 * A Direct mail is opened: decrypted, and its signature verified (direct-xdm 2, 3, 12). Whether its signer may be
 * believed is asked afterwards.
 */
import type { Distrust } from '../../ports/direct.ts';
import type { SigningKey } from '../certificates/signing-key.ts';
import { partTypeOf, readMailHeader, valueOf, type HeaderBlock } from '../mime/header.ts';
import type { MailLimits } from '../mime/limits.ts';
import { cutParts, type ByteSpan } from '../mime/multipart.ts';
import { decodeTransfer } from '../mime/transfer.ts';
import { decryptEnvelope, type Decrypted } from './decrypt.ts';
import { verifyDetached, type MailSigner } from './verify.ts';

/** A mail whose signatures are good. */
export interface OpenedMessage {
  readonly kind: 'opened';
  /** What is to be read (RFC 5322): the wrapped message; or the signed entity under the header of the outer mail. */
  readonly message: Uint8Array;
  /** Whether the header was signed along with the content; else it is the one that everybody on the way could change. */
  readonly isWrapped: boolean;
  /** Exactly the bytes that the signature covers, for the archive. */
  readonly signed: Uint8Array;
  /** At least one. */
  readonly signers: readonly MailSigner[];
}

/**
 * What a mail is. `undecryptable` is the one answer to every fault of the envelope, so that nobody learns how decrypting
 * went. Of a `distrusted` mail nothing of the inside comes out (EFAIL). `not-protected`: the mail is no envelope at all,
 * as the reports of one's own relay are.
 */
export type OpenedMail =
  | OpenedMessage
  | { readonly kind: 'distrusted'; readonly distrust: Distrust }
  | { readonly kind: 'undecryptable' }
  | { readonly kind: 'not-protected' };

const ENVELOPES: ReadonlySet<string> = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);

/** Never throws, whatever the bytes. */
export async function openMail(
  mail: Uint8Array,
  keys: readonly SigningKey[],
  limits: MailLimits,
): Promise<OpenedMail> {
  if (mail.length > limits.bytesMax) return { kind: 'not-protected' };
  const outer = readMailHeader(mail, limits);
  if (typeof outer === 'string' || !isEnvelope(outer)) return { kind: 'not-protected' };
  const decrypted = decryptEnvelope(bodyOf(mail, outer), keys, limits);
  if (decrypted === undefined) return { kind: 'undecryptable' };
  // The inside is verified in any case, so that a broken padding takes as long as a broken signature.
  const inside = openInside(outer, decrypted, limits);
  return decrypted.isSound ? inside : { kind: 'undecryptable' };
}

/** A signature that is not within an envelope is none of Direct's. */
function isEnvelope({ fields }: HeaderBlock): boolean {
  const { value, parameters } = partTypeOf(fields);
  const kind = parameters.get('smime-type')?.toLowerCase() ?? 'enveloped-data';
  // Some gateways keep only the name of the file (RFC 8551, 3.2.1).
  const isNamed = value === 'application/octet-stream' && /\.p7m$/i.test(parameters.get('name') ?? '');
  return (ENVELOPES.has(value) || isNamed) && (kind === 'enveloped-data' || kind === 'authenveloped-data');
}

const bodyOf = (bytes: Uint8Array, { fields, bodyStart }: HeaderBlock, end = bytes.length): Uint8Array =>
  decodeTransfer(bytes.subarray(bodyStart, end), valueOf(fields, 'content-transfer-encoding') ?? '').bytes;

/** The signature stands at the root of what was encrypted, and nothing beside it (EFAIL). */
function openInside(outer: HeaderBlock, { content }: Decrypted, limits: MailLimits): OpenedMail {
  const header = readMailHeader(content, limits);
  // What has no type is nothing that was encrypted as a mail: the key was wrong, or the bytes were changed.
  if (typeof header === 'string' || valueOf(header.fields, 'content-type') === undefined)
    return { kind: 'undecryptable' };
  const type = partTypeOf(header.fields);
  if (type.value !== 'multipart/signed') return { kind: 'distrusted', distrust: 'unsigned' };
  const body = { start: header.bodyStart, end: content.length };
  const cut = cutParts(content, type.parameters.get('boundary'), body, 2);
  const [part, signaturePart] = cut?.parts ?? [];
  const signature = signaturePart && readMailHeader(content, limits, signaturePart.start, signaturePart.end);
  if (part === undefined || typeof signature !== 'object' || cut?.isClosed !== true)
    return { kind: 'distrusted', distrust: 'signature-broken' };
  const signed = content.subarray(part.start, part.end);
  const verified = verifyDetached(signed, bodyOf(content, signature, signaturePart?.end), limits);
  if (verified.kind === 'bad') return { kind: 'distrusted', distrust: verified.distrust };
  const message = messageOf(outer, content, part, limits);
  if (message === undefined) return { kind: 'distrusted', distrust: 'signature-broken' };
  return { kind: 'opened', ...message, signed, signers: verified.signers };
}

/**
 * The message that was wrapped; else the signed entity under the outer header, without what that says of the envelope. A
 * field that stands in the signed entity itself, as programs write that protect the header (RFC 9788), counts before the one
 * outside.
 */
function messageOf(
  outer: HeaderBlock,
  content: Uint8Array,
  { start, end }: ByteSpan,
  limits: MailLimits,
): Pick<OpenedMessage, 'message' | 'isWrapped'> | undefined {
  const header = readMailHeader(content, limits, start, end);
  if (typeof header === 'string') return undefined;
  if (partTypeOf(header.fields).value === 'message/rfc822')
    return { message: bodyOf(content, header, end), isWrapped: true };
  const within = new Set(header.fields.map(({ name }) => name));
  const fields = outer.fields
    .filter(({ name }) => !name.startsWith('content-') && !within.has(name))
    .map(({ name, value }) => `${name}: ${value}\r\n`)
    .join('');
  return {
    message: Buffer.concat([Buffer.from(fields, 'latin1'), content.subarray(start, end)]),
    isWrapped: false,
  };
}
