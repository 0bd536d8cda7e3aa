/**
 * A message that was refused, and that its sender corrected: once other content is accepted under its control id, nobody
 * needs to look at what was refused (rules 7.3). Each refusal writes down which message it kept, because every message that
 * is accepted asks, and hardly one finds something.
 */
import type { Ref } from '../fhir/types.ts';
import type { Draft } from '../operations/write/draft.ts';
import type { InboundMessage, MessageKey } from './inbound-message.ts';
import { findAbout, ITEMS_MAX } from './work-items.ts';
import { closeItem } from '../operations/write/close-item.ts';
import { refile, type ArchivedMessage } from './archive.ts';
import { archivedMessageOf } from './read-archive.ts';

/** Records of what was refused under a control id, by the key under which messages are known again. */
const KIND = 'refused-message';

interface Refused {
  /** The kept messages, the latest first. */
  readonly documents: readonly Ref[];
}

/** Notes that a message is refused under its control id, for as long as the control id is known again. */
export async function noteRefused(
  draft: Draft,
  { receivedAt }: InboundMessage,
  { scope, id }: MessageKey,
  { document }: ArchivedMessage,
  knownMs: number,
): Promise<void> {
  if (!isNumbered(id) || !draft.planned.has(document)) return;
  const key = keyOf(scope, id);
  const known = await draft.snapshot.record(KIND, key);
  const { documents } = (known?.body ?? { documents: [] }) as Refused; // this file writes it
  const body: Refused = { documents: [document, ...documents].slice(0, ITEMS_MAX) };
  const expect = known?.version ?? 'absent';
  draft.records.push({ kind: KIND, key, expect, body, expiresAt: receivedAt + knownMs });
}

/** Closes the work items of what was refused under the control id of a message that is accepted now. */
export async function closeCorrected(
  draft: Draft,
  { receivedAt }: InboundMessage,
  { scope, id }: MessageKey,
  knownMs: number,
): Promise<void> {
  if (!isNumbered(id)) return;
  const key = keyOf(scope, id);
  const known = await draft.snapshot.record(KIND, key);
  // A record that is newer than the snapshot names what the snapshot does not show: then all is planned again.
  if (known === undefined || known.version > draft.snapshot.seq) {
    draft.recordPreconditions.set(`${KIND} ${key}`, { kind: KIND, key, version: 0 });
    return;
  }
  draft.records.push({ kind: KIND, key, expect: known.version, body: undefined });
  const { documents } = known.body as Refused; // this file writes it
  for (const item of await findAbout(draft.snapshot, documents)) {
    if (item.receivedAt < receivedAt - knownMs) continue;
    await refile(draft, await archivedMessageOf(draft.snapshot, item), { fate: 'corrected', custodian: '' });
    await closeItem(
      draft,
      item.ref,
      'its sender corrected it: other content was accepted under its control id',
    );
  }
}

/** Whether the sender numbered the message. The server knows others by their content, which nobody corrects under the same key. */
const isNumbered = (id: string): boolean => id.startsWith('id:');

const keyOf = (scope: string, id: string): string => `${scope}\n${id}`;
