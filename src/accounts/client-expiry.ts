/**
 * The registration of a machine ends after a year (identity ID-60): thirty days before, a work item asks the administrators of
 * its organization, once, to renew it or to let it end.
 */
import type { Client } from '../identity/client.ts';
import { allRecords } from '../ports/record.ts';
import type { AccountParts } from './acting.ts';
import { askOnce } from './ask-once.ts';

/** The record by which it is asked once for each time a registration ends. */
const KIND = 'client-expiry';

const NOTICE_MS = 30 * 86_400_000;
/** How long after the end it is known that it was asked for. */
const KEPT_MS = 30 * 86_400_000;

/** Asks about the registrations that end within thirty days, where it was not asked for. */
export async function askAboutExpiry(parts: AccountParts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  const now = parts.clock.now();
  for (const { key, body } of await allRecords(snapshot, 'client', 'status', 'active')) {
    if (signal.aborted) return;
    const { expiresAt, organization, name } = body as Client; // of this kind
    if (expiresAt === undefined || expiresAt <= now || expiresAt - now > NOTICE_MS) continue;
    const asked = `${key} ${expiresAt}`;
    if ((await snapshot.record(KIND, asked)) !== undefined) continue;
    await askOnce(parts, {
      kind: KIND,
      key: asked,
      says: `The registration of ${name} (${key}) ends on ${new Date(expiresAt).toISOString().slice(0, 10)}: activate it again with $client-state for another year, or let it end.`,
      organization: organization ?? '',
      due: expiresAt,
      knownUntil: expiresAt + KEPT_MS,
    });
  }
}
