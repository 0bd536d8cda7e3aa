/**
 * Notifications that came back: each belongs to a mail that was sent, or it changes nothing (direct-xdm 6; routing RL13). A
 * forged one would keep the server from asking a person, so only the recipient of the mail is believed.
 */
import { hash } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { domainOfAddress } from '../../direct/address.ts';
import { coversAddress } from '../../direct/certificates/check-certificate.ts';
import type { DispositionReading } from '../../direct/mdn/read.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  DELIVERY_RECORD,
  type DeliveryRecord,
  type EvidenceKind,
  type NoteEvidence,
} from '../../ports/delivered.ts';
import { DIRECT, type DirectAddress } from '../../ports/direct.ts';
import { readMessageKey } from '../../operations/packages/message-key.ts';
import { allRecords } from '../../ports/record.ts';
import type { Snapshot, Store } from '../../ports/store.ts';
import { dueAfter, readHabits, waitsForDispatched, type ExpectedTimes } from './expect.ts';
import { entryOfMessageId } from '../../direct/message-id.ts';
import { DIRECT_SENT, readSent } from './sent.ts';

/** Who notifies: a signer whose signature was verified; a mailbox at the HISP that did so; or our own relay, unsigned. */
export type DispositionVoice =
  | { readonly kind: 'signed'; readonly signers: readonly X509Certificate[] }
  | { readonly kind: 'mailbox' }
  | { readonly kind: 'relay' };

/** A mail that tells what became of others. */
interface DispositionMail {
  readonly readings: readonly DispositionReading[];
  readonly from: DirectAddress;
  /** The local address that sent what it is about. */
  readonly to: DirectAddress;
  readonly messageId: string | undefined;
  readonly bytes: Uint8Array;
  readonly voice: DispositionVoice;
}

export interface DispositionParts {
  readonly store: Pick<Store, 'snapshot'>;
  readonly noteEvidence: NoteEvidence;
  readonly clock: Clock;
  readonly times: ExpectedTimes;
}

/** What became of one notification: `forged` is of somebody who does not speak for the recipient. */
type DispositionFate = 'noted' | 'known' | 'unmatched' | 'forged' | 'says-nothing';

/** One fate for each recipient that the mail is about. Throws what kept the evidence from being written. */
export async function noteDispositions(
  parts: DispositionParts,
  mail: DispositionMail,
): Promise<readonly DispositionFate[]> {
  const fates: DispositionFate[] = [];
  for (const reading of mail.readings) fates.push(await noteDisposition(parts, mail, reading));
  return fates;
}

async function noteDisposition(
  { store, noteEvidence, clock, times }: DispositionParts,
  mail: DispositionMail,
  reading: DispositionReading,
): Promise<DispositionFate> {
  const kind = evidenceOf(reading);
  if (kind === undefined) return 'says-nothing';
  const recipient = reading.finalRecipient ?? (reading.kind === 'mdn' ? mail.from : undefined);
  if (recipient === undefined) return 'unmatched';
  if (!speaksFor(mail, reading, recipient)) return 'forged';
  const snapshot = store.snapshot();
  const entry = await entryOf(snapshot, { mail, reading, recipient, kind });
  if (entry === undefined) return 'unmatched';
  const now = clock.now();
  const source = mail.messageId ?? `about ${reading.originalMessageId ?? 'a mail'}`;
  const evidence = { kind, at: new Date(now).toISOString(), source, hash: hash('sha256', mail.bytes) };
  const waits = kind === 'mdn-processed' && waitsForDispatched(await readHabits(snapshot, recipient));
  const dueBy = waits ? new Date(dueAfter('dispatched', now, times)).toISOString() : undefined;
  const noted = await noteEvidence(entry, evidence, { rail: DIRECT }, dueBy);
  return noted === 'unknown' ? 'unmatched' : noted;
}

/** What it shows of the delivery; undefined: nothing. */
function evidenceOf({ kind, outcome }: DispositionReading): EvidenceKind | undefined {
  if (outcome !== 'failed') return SHOWN[outcome];
  return kind === 'mdn' ? 'mdn-failed' : 'dsn-failed';
}

const SHOWN: Readonly<Partial<Record<DispositionReading['outcome'], EvidenceKind>>> = {
  processed: 'mdn-processed',
  dispatched: 'mdn-dispatched',
  displayed: 'mdn-displayed',
};

/** Whether the notifier may speak for this recipient. */
function speaksFor(
  { voice, from }: DispositionMail,
  { kind, outcome }: DispositionReading,
  recipient: DirectAddress,
): boolean {
  if (voice.kind === 'signed') return voice.signers.some((signer) => coversAddress(signer, recipient));
  // Reports of failed delivery are unsigned, and believed where our own relay or HISP brings them (direct-xdm 11).
  if (kind === 'dsn') return outcome === 'failed';
  return voice.kind === 'mailbox' && domainOfAddress(from) === domainOfAddress(recipient);
}

interface Belonging {
  readonly mail: DispositionMail;
  readonly reading: DispositionReading;
  readonly recipient: DirectAddress;
  readonly kind: EvidenceKind;
}

/** By the id it names, by the ids it refers to, or (an MDN) the one mail to this recipient for which it is still due. */
async function entryOf(
  snapshot: Snapshot,
  { mail, reading, recipient, kind }: Belonging,
): Promise<string | undefined> {
  const { originalMessageId, references } = reading;
  const ids = originalMessageId === undefined ? references : [originalMessageId];
  const key = ids.length === 0 ? undefined : await readMessageKey(snapshot);
  for (const id of ids) {
    const entry = key && entryOfMessageId(key, id, { from: mail.to, to: recipient });
    if (entry !== undefined) return entry;
  }
  // Nobody signs a DSN: without an id that left, it may be anybody's.
  if (ids.length > 0 || reading.kind === 'dsn') return undefined;
  const open = (await allRecords(snapshot, DIRECT_SENT, 'to', recipient)).map(readSent);
  const due: string[] = [];
  for (const { entry, from } of open) {
    if (from !== mail.to) continue;
    const record = await snapshot.record(DELIVERY_RECORD, entry);
    const { evidence = [] } = (record?.body ?? {}) as Partial<DeliveryRecord>; // of its kind
    if (!evidence.some((piece) => piece.kind === kind)) due.push(entry);
  }
  return due.length === 1 ? due[0] : undefined;
}
