/** Work items of jobs that ask an organization once: the item and the record that it was asked for are one commit. */
import type { Ref } from '../fhir/types.ts';
import { planWorkItem, type WorkItem } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { jobEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { CommitRefused } from '../ports/store.ts';
import type { AccountParts } from './acting.ts';

/** What is asked. The kind of the work item is that of the record as well, and the name of the job in the audit. */
interface Asking extends Pick<WorkItem, 'says'> {
  readonly kind: 'access-review' | 'client-expiry';
  /** The key of the record by which it is asked once. */
  readonly key: string;
  /** Who is asked; '' for the administrators of the installation. */
  readonly organization: Ref | '';
  /** When the answer is due, in milliseconds since 1970. */
  readonly due: number;
  /** Until when it is known that it was asked, in milliseconds since 1970. */
  readonly knownUntil: number;
}

/** Opens the work item, unless another node has asked at the same moment. */
export async function askOnce(
  { store, clock, newId, selectRecipients, committed }: AccountParts,
  { kind, key, says, organization, due, knownUntil }: Asking,
): Promise<void> {
  const now = clock.now();
  const planned = planWorkItem(newId(), {
    kind,
    says,
    ...(organization !== '' && { focus: organization }),
    authoredOn: new Date(now).toISOString(),
    owner: organization,
    due: new Date(due).toISOString(),
  });
  const record = {
    kind,
    key,
    expect: 'absent',
    body: { task: planned.ref },
    expiresAt: knownUntil,
  } as const;
  const row = jobEntry(kind, {
    entities: [`${planned.ref}/_history/0`],
    origin: 'server',
    viewers: organization === '' ? [] : [organization],
  });
  const outbox = await selectRecipients([planned], [], now);
  try {
    await store.commit(auditedCommit([row], { writes: [buildWrite(planned)], records: [record], outbox }));
    committed([planned.ref]);
  } catch (error) {
    if (!(error instanceof CommitRefused && error.reason === 'unexpected')) throw error;
  }
}
