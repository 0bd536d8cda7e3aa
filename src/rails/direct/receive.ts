/**
 * What comes in, from bytes to a fate: opened, its signer judged for each recipient, and handed to the desk; notifications
 * about what was sent are evidence of it (direct-xdm 2 to 6). The sender of a mail learns nothing of how that went.
 */
import type { X509Certificate } from 'node:crypto';
import { openMail, type OpenedMail, type OpenedMessage } from '../../direct/cms/open.ts';
import { judgeSigner } from '../../direct/cms/judge.ts';
import { readDispositions } from '../../direct/mdn/read.ts';
import { MAIL_LIMITS, type MailLimits } from '../../direct/mime/limits.ts';
import { readMail, readMailHead, type MailText } from '../../direct/mime/read.ts';
import type { DirectTrust } from '../../delivery/direct-trust.ts';
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry } from '../../ports/audit.ts';
import { pause, type Clock, type Timers } from '../../ports/clock.ts';
import {
  DIRECT,
  type DirectAddress,
  type DirectMail,
  type Distrust,
  type ReceiveDirect,
} from '../../ports/direct.ts';
import type { Store } from '../../ports/store.ts';
import type { DirectCounters } from './counters.ts';
import { noteDispositions, type DispositionParts, type DispositionVoice } from './dispositions.ts';
import type { MailboxFate } from './mailbox.ts';
import { recipientsIn } from './mailbox-recipients.ts';
import type { Mailbox } from './domains.ts';
import type { Quota } from './quota.ts';
import type { ArrivedMail } from './smtp-port.ts';

export interface ReceiveMailParts extends DispositionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly trust: DirectTrust | undefined;
  /** Whether a host is our own relay, whose reports are believed. */
  readonly isRelay: (host: string) => boolean;
  readonly receive: ReceiveDirect;
  readonly counters: DirectCounters;
  readonly receivedBytesMax: number;
  /** The member whose own verified address it is. */
  readonly memberOf: (address: DirectAddress) => Promise<Ref | undefined>;
  /** Mails that are not believed and are kept nevertheless. */
  readonly apart: Quota;
  /** Something was put on disk that may owe notifications. */
  readonly received: () => void;
}

/** Time for lists of revoked certificates that must be fetched. */
const REVOCATION_TIMEOUT_MS = 10_000;

/** A mail that passed more hosts goes in circles (RFC 5321 6.3). */
const HOPS_MAX = 100;

/** A mail by SMTP, for each of its recipients. False when its sender must send it again. */
export async function takeFromSmtp(parts: ReceiveMailParts, arrived: ArrivedMail): Promise<boolean> {
  const outer = readMailHead(arrived.bytes, limitsOf(parts));
  if (outer.kind === 'mail' && outer.hops > HOPS_MAX) return audit(parts, 'mail-loop', 'hops');
  const began = parts.clock.now();
  let [isKept, isOpened] = [true, true];
  for (const to of arrived.to) {
    const taken = await takeFor(parts, arrived, to);
    isKept &&= taken.isKept;
    isOpened &&= taken.isOpened;
  }
  if (!isOpened) await waitForBeat(parts, began);
  return isKept;
}

/**
 * The reply to a mail that was not opened comes a whole number of seconds after it, however it failed: of a mail that was
 * tampered with, time would tell what its padding was (direct-xdm 3).
 */
async function waitForBeat({ clock, timers }: ReceiveMailParts, began: number): Promise<void> {
  const passed = Math.max(0, clock.now() - began);
  await pause(timers, Math.ceil((passed + 1) / BEAT_MS) * BEAT_MS - passed);
}

const BEAT_MS = 1000;

/** What became of a mail for one recipient: `isOpened` when its signatures are good. */
interface Taken {
  readonly isKept: boolean;
  readonly isOpened: boolean;
}

/** A mail of a mailbox, whose HISP has decrypted it and judged its signer. */
export async function takeFromMailbox(
  parts: ReceiveMailParts,
  bytes: Uint8Array,
  mailbox: Pick<Mailbox, 'addresses' | 'user'>,
): Promise<MailboxFate> {
  const reading = readMail(bytes, limitsOf(parts));
  if (reading.kind === 'fault') {
    await audit(parts, 'mail-unreadable', reading.fault);
    return 'taken';
  }
  const recipients = await recipientsIn(mailbox, reading, parts.memberOf);
  if (recipients.length === 0) {
    await audit(parts, 'mail-for-nobody', 'header');
    return 'for-nobody';
  }
  const voice = { kind: 'mailbox' } as const;
  let isKept = true;
  for (const to of recipients) {
    const told = await takeDisposition(parts, { reading, to, bytes, voice });
    const about = { to, bytes, through: 'edge', distrust: undefined } as const;
    isKept = (told ?? (await handOver(parts, mailOf(parts, reading, about)))) && isKept;
  }
  return isKept ? 'taken' : 'again';
}

async function takeFor(parts: ReceiveMailParts, arrived: ArrivedMail, to: DirectAddress): Promise<Taken> {
  const { trust } = parts;
  if (trust === undefined) return { isKept: false, isOpened: true };
  const opened = await openMail(arrived.bytes, await trust.keysFor(to), limitsOf(parts));
  if (opened.kind === 'opened')
    return { isKept: await takeOpened(parts, opened, arrived, to), isOpened: true };
  return { isKept: await takeUnopened(parts, opened, arrived, to), isOpened: false };
}

async function takeUnopened(
  parts: ReceiveMailParts,
  opened: Exclude<OpenedMail, OpenedMessage>,
  { bytes, isOfNobody, host }: ArrivedMail,
  to: DirectAddress,
): Promise<boolean> {
  if (opened.kind === 'distrusted') return takeDistrusted(parts, opened.distrust, bytes, to);
  if (opened.kind === 'not-protected' && isOfNobody && parts.isRelay(host)) {
    const reading = readMail(bytes, limitsOf(parts));
    const voice = { kind: 'relay' } as const;
    const told =
      reading.kind === 'mail' ? await takeDisposition(parts, { reading, to, bytes, voice }) : undefined;
    if (told !== undefined) return told;
  }
  return audit(parts, UNOPENED[opened.kind], opened.kind);
}

const UNOPENED: Readonly<Record<Exclude<OpenedMail['kind'], 'opened' | 'distrusted'>, string>> = {
  undecryptable: 'mail-undecryptable',
  'not-protected': 'mail-not-protected',
};

async function takeOpened(
  parts: ReceiveMailParts,
  opened: OpenedMessage,
  { bytes, isOfNobody }: ArrivedMail,
  to: DirectAddress,
): Promise<boolean> {
  const limits = limitsOf(parts);
  const [outer, inner] = [readMailHead(bytes, limits), readMail(opened.message, limits)];
  if (inner.kind === 'fault' || outer.kind === 'fault')
    return takeDistrusted(parts, 'sender-differs', bytes, to);
  const judged = await judge(parts, opened, { outer: outer.from, inner: inner.from }, to);
  const distrust = 'distrust' in judged ? judged.distrust : undefined;
  if ('signer' in judged) {
    const voice = { kind: 'signed', signers: [judged.signer] } as const;
    const told = await takeDisposition(parts, { reading: inner, to, bytes: opened.signed, voice });
    if (told !== undefined) return told;
  }
  const writtenTo = opened.isWrapped ? { writtenTo: inner.to } : {};
  const about = { to, bytes: opened.signed, through: 'sta', distrust, ...writtenTo } as const;
  // The envelope alone may say that the mail is nobody's (direct-xdm 11: loops).
  const reading = { ...inner, isAutomatic: inner.isAutomatic || isOfNobody };
  return distrust === undefined
    ? handOver(parts, mailOf(parts, reading, about))
    : keepApart(parts, mailOf(parts, reading, about));
}

/** The signer who is believed, or why none is. */
type Judged = { readonly signer: X509Certificate } | { readonly distrust: Distrust };

async function judge(
  { trust, clock }: ReceiveMailParts,
  { signers }: OpenedMessage,
  from: { readonly outer: DirectAddress; readonly inner: DirectAddress },
  to: DirectAddress,
): Promise<Judged> {
  let distrust: Distrust = 'untrusted';
  if (trust === undefined) return { distrust };
  const at = clock.now();
  const anchors = await trust.anchorsFor(to, 'in');
  const stored = await trust.intermediatesFor(to);
  const signal = AbortSignal.timeout(REVOCATION_TIMEOUT_MS);
  for (const [index, one] of signers.entries()) {
    const signer = { ...one, chain: [...one.chain, ...stored] };
    const material = { leaf: signer.certificate, intermediates: signer.chain };
    const revocation = await trust.revocationFor(material, anchors, at, signal);
    const judged = judgeSigner(signer, from, anchors, at, revocation);
    if (judged === undefined) return { signer: signer.certificate };
    // A signer who covers the sender says more than one who has nothing to do with it.
    if (index === 0 || judged !== 'signer-not-sender') distrust = judged;
  }
  return { distrust };
}

interface ReadNotification {
  readonly reading: MailText;
  readonly to: DirectAddress;
  readonly bytes: Uint8Array;
  readonly voice: DispositionVoice;
}

/** Undefined: it is no notification. No notification is answered. */
async function takeDisposition(
  parts: ReceiveMailParts,
  { reading, to, bytes, voice }: ReadNotification,
): Promise<boolean | undefined> {
  const readings = readDispositions(reading);
  if (readings.length === 0) return undefined;
  const { from, messageId } = reading;
  const fates = await noteDispositions(parts, { readings, from, to, messageId, bytes, voice });
  for (const [index, fate] of fates.entries()) {
    parts.counters.disposition(readings[index]?.outcome ?? 'other', fate);
    if (fate === 'unmatched' || fate === 'forged') await audit(parts, `disposition-${fate}`, fate);
  }
  return true;
}

type AboutMail = Pick<DirectMail, 'to' | 'writtenTo' | 'bytes' | 'through' | 'distrust'>;

function mailOf({ clock }: Pick<ReceiveMailParts, 'clock'>, reading: MailText, about: AboutMail): DirectMail {
  const { from, messageId, references, subject, sentAt, asksDispatched, isAutomatic, parts, context } =
    reading;
  return {
    from,
    messageId,
    references,
    subject,
    sentAt,
    asksDispatched,
    isAutomatic,
    parts,
    context,
    ...about,
    receivedAt: clock.now(),
  };
}

/** Of a mail that is not believed the server reads the outer header alone, for the person who looks at it. */
function takeDistrusted(
  parts: ReceiveMailParts,
  distrust: Distrust,
  bytes: Uint8Array,
  to: DirectAddress,
): Promise<boolean> {
  const outer = readMailHead(bytes, limitsOf(parts));
  if (outer.kind === 'fault') return audit(parts, 'mail-unreadable', outer.fault);
  return keepApart(parts, mailOf(parts, outer, { to, bytes, through: 'sta', distrust }));
}

/**
 * A mail that is not believed is kept for a person to look at, and never read again: anybody can send one, so only the
 * beginning of a long one is kept, and of many to one address the rest is audited alone.
 */
async function keepApart(parts: ReceiveMailParts, mail: DirectMail): Promise<boolean> {
  if (!parts.apart.enter(mail.to)) return audit(parts, 'mail-not-believed', mail.distrust ?? '');
  return handOver(parts, { ...mail, bytes: mail.bytes.slice(0, APART_BYTES_MAX) });
}

/** Room for the header and what a person needs to know the sender by. */
const APART_BYTES_MAX = 64 * 1024;

async function handOver(parts: ReceiveMailParts, mail: DirectMail): Promise<boolean> {
  const { fate, owed } = await parts.receive(mail);
  parts.counters.received(fate);
  if (owed.length > 0) parts.received();
  return fate !== 'not-kept';
}

/** Nothing of it is kept but that it came: it cannot be read, or nobody vouches for it. */
async function audit({ store, counters }: ReceiveMailParts, issue: string, why: string): Promise<true> {
  counters.received(issue);
  await store.record({ ...RECEIVED_ROW, issue, query: why });
  return true;
}

const RECEIVED_ROW: AuditEntry = {
  event: 'receive',
  action: 'C',
  outcome: '4',
  agent: { organization: '', client: DIRECT, subject: '' },
  requestId: 'direct',
  entities: [],
  patients: [],
  viewers: [],
};

const limitsOf = ({ receivedBytesMax }: ReceiveMailParts): MailLimits => ({
  ...MAIL_LIMITS,
  bytesMax: receivedBytesMax,
});
