/**
 * The keys by which the server knows a mail again (direct-xdm 8): the sender's domain with the number of the submission,
 * whichever mail brings it, then the number of the message in it (MSH-10, MSH-4).
 */
import { createHash } from 'node:crypto';
import { domainOfAddress } from '../../direct/address.ts';
import type { Draft } from '../../operations/write/draft.ts';
import type { MessageKey } from '../inbound-message.ts';
import { fingerprintOf } from '../hl7v2/fingerprint.ts';
import type { Incoming } from '../hl7v2/incoming.ts';
import type { TakenMail } from './incoming-mail.ts';

export function mailKeyOf({ mail, content }: TakenMail): MessageKey {
  const { from, to, messageId, bytes, distrust } = mail;
  // The domain of a mail that is not believed is anybody's word.
  const whose = distrust === undefined ? domainOfAddress(from) : '';
  const scope = ['direct', whose, to].map(encodeURIComponent).join(':');
  if (content.kind === 'message') {
    const digest = createHash('sha256').update(fingerprintOf(content.message.bytes));
    for (const document of content.documents) digest.update(digestOf(document.bytes));
    // A package may be kept apart for these numbers: a sender who corrects one sends other content.
    const { uniqueId, referralId, patientId, sourcePatientId } = content.submission;
    digest.update(JSON.stringify([referralId, patientId, sourcePatientId]));
    return { scope, id: `id:set ${uniqueId}`, fingerprint: digest.digest('hex') };
  }
  const fingerprint = digestOf(bytes);
  const isNamed = messageId !== undefined && distrust === undefined;
  return { scope, id: isNamed ? `id:mail ${messageId}` : `content:${fingerprint}`, fingerprint };
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Records of the messages that came, by the sender's number of the message. */
const KIND = 'direct-message';

interface KnownMessage {
  readonly fingerprint: string;
}

/** What is known of a message under its number: nothing, the same under another submission, or another message. */
type Known = 'new' | 'same' | 'other';

/** Undefined for a mail without a message, or a message without a number. */
function keyOfMessage({ mail: { from, to } }: TakenMail, { header }: Incoming): string | undefined {
  if (header === undefined || header.controlId === '') return undefined;
  const parts = [domainOfAddress(from), to, header.sendingFacility ?? '', header.controlId];
  return parts.map(encodeURIComponent).join(':');
}

export async function findKnownMessage(
  draft: Pick<Draft, 'snapshot'>,
  arrived: TakenMail,
  incoming: Incoming,
): Promise<Known> {
  const key = keyOfMessage(arrived, incoming);
  const record = key === undefined ? undefined : await draft.snapshot.record(KIND, key);
  if (record === undefined) return 'new';
  const { fingerprint } = record.body as KnownMessage; // this file writes it
  return fingerprint === fingerprintOf(incoming.bytes) ? 'same' : 'other';
}

/** Notes that a message came under its number; the commit fails when another came meanwhile. */
export function noteMessage(draft: Draft, arrived: TakenMail, incoming: Incoming, knownMs: number): void {
  const key = keyOfMessage(arrived, incoming);
  if (key === undefined) return;
  const body: KnownMessage = { fingerprint: fingerprintOf(incoming.bytes) };
  draft.records.push({
    kind: KIND,
    key,
    expect: 'absent',
    body,
    expiresAt: incoming.receivedAt + knownMs,
  });
}
