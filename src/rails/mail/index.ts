/**
 * The rail `mail`: a text to a patient by ordinary mail of the internet, through the relay of the settings. What it says is
 * known by heart; nothing of a message leaves by it.
 */
import { hash } from 'node:crypto';
import { outreachAddress } from '../../delivery/outreach/address.ts';
import { addressFields } from '../../direct/mime/compose.ts';
import { textEntity, writeFields } from '../../direct/mime/write.ts';
import type { Language } from '../../messaging/templates.ts';
import { NOTICE_PLACES } from '../../policies/part2/places.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectAddress } from '../../ports/direct.ts';
import type { Rail, Receipt } from '../../ports/rail.ts';
import type { ClaimedEntry, Finding, Snapshot } from '../../ports/store.ts';
import { outgoingText } from '../../delivery/outreach/text.ts';

/** What a relay answers to a mail. */
type MailAnswer = { readonly kind: 'taken' } | { readonly kind: 'again' | 'refused'; readonly why: string };

export interface MailRailParts {
  readonly relay: {
    send(
      mail: { readonly from: DirectAddress; readonly to: DirectAddress; readonly bytes: Uint8Array },
      signal: AbortSignal,
    ): Promise<MailAnswer>;
    verify(): Promise<Finding>;
  };
  readonly from: DirectAddress;
  /** Where patients sign in. */
  readonly portal: string;
  readonly clock: Clock;
}

const SUBJECTS: Readonly<Record<Language, string>> = { en: 'A message for you', es: 'Un mensaje para usted' };

export function createMailRail(parts: MailRailParts): Rail {
  return {
    name: 'mail',
    carriesNotice: NOTICE_PLACES.mail,
    deliver: (entry, asOf, now, signal) => deliver(parts, { entry, asOf, now, signal }),
    verify: async () => [await parts.relay.verify()],
    close: async () => undefined,
  };
}

interface Delivery {
  readonly entry: ClaimedEntry;
  readonly asOf: Snapshot;
  readonly now: Snapshot;
  readonly signal: AbortSignal;
}

async function deliver(
  { relay, from, portal, clock }: MailRailParts,
  { entry, asOf, now, signal }: Delivery,
): Promise<Receipt> {
  const outgoing = await outgoingText(entry, asOf, now, portal);
  if (typeof outgoing === 'string') return { outcome: 'refused', why: outgoing };
  const { person, text, language } = outgoing;
  const to = outreachAddress(person, 'mail', clock.now());
  if (to === undefined) return { outcome: 'refused', why: 'no address' };
  // The same at every attempt, so that a relay and its mailbox know a repetition.
  const messageId = `${entry.id}.outreach@${from.slice(from.indexOf('@') + 1)}`;
  const bytes = compose(
    { from, to: to as DirectAddress, messageId, date: Date.parse(entry.at) },
    text,
    language,
  );
  const answer = await relay.send({ from, to: to as DirectAddress, bytes }, signal);
  if (answer.kind === 'again') return { outcome: 'retry', why: answer.why };
  const evidence = {
    at: new Date(clock.now()).toISOString(),
    source: messageId,
    hash: hash('sha256', bytes, 'hex'),
  };
  if (answer.kind === 'refused')
    return { outcome: 'refused', why: answer.why, evidence: [{ ...evidence, kind: 'smtp-refused' }] };
  return {
    outcome: 'accepted',
    says: 'the relay has it',
    bytesHash: evidence.hash,
    evidence: [{ ...evidence, kind: 'smtp-accepted' }],
  };
}

function compose(head: Parameters<typeof addressFields>[0], text: string, language: Language): Uint8Array {
  const { fields, body } = textEntity(text);
  const written = writeFields([
    ...addressFields(head),
    ['Subject', SUBJECTS[language]],
    ['Auto-Submitted', 'auto-generated'],
    ['MIME-Version', '1.0'],
    ['Content-Language', language],
    ...fields,
  ]);
  return Buffer.from(`${written}\r\n${body}`, 'latin1');
}
