/**
 * Posts one message from a local address: by the own security agent, which finds the recipient's certificate, signs and
 * encrypts (direct-xdm 2 to 5), or by submission to the HISP of its domain. One recipient for each mail: trust and
 * notifications are each recipient's own.
 */
import type { Clock } from '../../ports/clock.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { DirectTrust } from '../../delivery/direct-trust.ts';
import { domainOfAddress } from '../../direct/address.ts';
import { protectMail } from '../../direct/cms/protect.ts';
import { localDomain, type LocalDomain } from './domains.ts';
import type { Discovery } from './discovery/index.ts';
import type { Relay, RelayAnswer } from './relay.ts';

/** A message before it is signed and encrypted. */
interface MessageToPost {
  readonly from: DirectAddress;
  readonly to: DirectAddress;
  /** Without angle brackets; also in the header of the message. */
  readonly messageId: string;
  readonly bytes: Uint8Array;
  /** The envelope has no sender: nobody is told when a notification does not arrive. */
  readonly isOfNobody: boolean;
}

export type PostAnswer =
  | RelayAnswer
  /** No certificate was found, or none that is trusted; RFC 3463 codes as peers use them (direct-xdm 6). */
  | { readonly kind: 'untrusted'; readonly why: string }
  | { readonly kind: 'too-large'; readonly why: string };

export type Post = (message: MessageToPost, signal: AbortSignal) => Promise<PostAnswer>;

interface PostParts {
  readonly domains: readonly LocalDomain[];
  /** Of the own security agent; undefined where none is configured. */
  readonly relay: () => Relay | undefined;
  /** Of the domains at a HISP, by domain. */
  readonly submissions: ReadonlyMap<string, Relay>;
  /** Undefined where only the settings are examined. */
  readonly trust: DirectTrust | undefined;
  readonly discovery: Discovery | undefined;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly settings: { readonly mailBytesMax: number };
}

/** Codes of a search that found nothing, in words. */
const UNTRUSTED_WORDS = {
  '5.7.31': '5.7.31: no certificate of the recipient was found',
  '5.7.11': '5.7.11: no certificate of the recipient is trusted',
} as const;

export function createPost(parts: PostParts): Post {
  return async (message, signal) => {
    const own = localDomain(parts.domains, message.from);
    if (own === undefined) return { kind: 'refused', why: 'the sender has no Direct domain of this server' };
    const relay = own.way === 'sta' ? parts.relay() : parts.submissions.get(own.domain);
    if (relay === undefined) return { kind: 'again', why: 'no relay is configured' };
    const mail = own.way === 'sta' ? await protect(parts, message, own.oaep, signal) : message.bytes;
    if (!(mail instanceof Uint8Array)) return mail;
    const { mailBytesMax } = parts.settings;
    if (mail.length > mailBytesMax) return { kind: 'too-large', why: tooLarge(mail.length, mailBytesMax) };
    const { from, to, isOfNobody } = message;
    // A HISP takes mail of its account alone, so not of nobody.
    return relay.send({ from: isOfNobody && own.way === 'sta' ? undefined : from, to, bytes: mail }, signal);
  };
}

async function protect(
  { trust, discovery, clock, random }: PostParts,
  { from, to, messageId, bytes }: MessageToPost,
  oaep: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Uint8Array | PostAnswer> {
  if (trust === undefined || discovery === undefined) return { kind: 'again', why: 'no trust is configured' };
  const at = clock.now();
  const signer = await trust.signerFor(from, at);
  if (signer === undefined) return { kind: 'again', why: 'our own certificate is missing or has expired' };
  const anchors = await trust.anchorsFor(from, 'out');
  const found = await discovery.find(to, anchors, await trust.intermediatesFor(from), at, signal);
  if ('failure' in found) {
    const why = UNTRUSTED_WORDS[found.failure];
    return { kind: found.isTemporary ? 'again' : 'untrusted', why };
  }
  return protectMail(bytes, {
    headers: { from, to, messageId, date: at },
    signer,
    recipient: found.certificate,
    keyTransport: oaep?.includes(domainOfAddress(to)) === true ? 'oaep' : 'pkcs1',
    at,
    random,
  });
}

const tooLarge = (bytes: number, most: number): string =>
  `the mail has ${megabytes(bytes)} MB, and a Direct mail may have ${megabytes(most)} MB`;

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1);
