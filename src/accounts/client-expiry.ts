/**
 * The registration of a machine ends after a year (identity ID-60): thirty days before, a work item asks the administrators of
 * its organization, once, to renew it or to let it end.
 */
import type { Ref } from '../fhir/types.ts';
import type { Client } from '../identity/client.ts';
import { planWorkItem } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { jobEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { allRecords } from '../ports/record.ts';
import { CommitRefused } from '../ports/store.ts';
import type { AccountParts } from './acting.ts';

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
    await ask(parts, asked, { client: key, name, organization: organization ?? '', expiresAt });
  }
}

interface Expiring {
  readonly client: string;
  readonly name: string;
  /** '' for the operator's. */
  readonly organization: Ref | '';
  readonly expiresAt: number;
}

async function ask(
  { store, clock, newId, selectRecipients, committed }: AccountParts,
  key: string,
  { client, name, organization, expiresAt }: Expiring,
): Promise<void> {
  const now = clock.now();
  const due = new Date(expiresAt).toISOString();
  const planned = planWorkItem(newId(), {
    kind: 'client-expiry',
    says: `The registration of ${name} (${client}) ends on ${due.slice(0, 10)}: activate it again with $client-state for another year, or let it end.`,
    ...(organization !== '' && { focus: organization }),
    authoredOn: new Date(now).toISOString(),
    owner: organization,
    due,
  });
  const record = {
    kind: KIND,
    key,
    expect: 'absent',
    body: { task: planned.ref },
    expiresAt: expiresAt + KEPT_MS,
  } as const;
  const row = jobEntry('client-expiry', {
    entities: [`${planned.ref}/_history/0`],
    origin: 'server',
    viewers: organization === '' ? [] : [organization],
  });
  const outbox = await selectRecipients([planned], [], now);
  try {
    await store.commit(auditedCommit([row], { writes: [buildWrite(planned)], records: [record], outbox }));
    committed([planned.ref]);
  } catch (error) {
    // Another node asked at the same moment.
    if (!(error instanceof CommitRefused && error.reason === 'unexpected')) throw error;
  }
}
