/**
 * Each quarter somebody looks at who holds which role (identity ID-18; 45 CFR 164.308(a)(4)(ii)(C)): a work item for the
 * administrators of every organization in which people have roles.
 */
import type { Ref } from '../fhir/types.ts';
import { planWorkItem } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { jobEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { allRecords } from '../ports/record.ts';
import { CommitRefused } from '../ports/store.ts';
import { MEMBER_KIND } from '../resources/parties/standing.ts';
import { membershipsIn } from './accounts.ts';
import type { AccountParts } from './acting.ts';

/** The record by which an organization is asked once a quarter. */
const KIND = 'access-review';

/** How long after the beginning of a quarter the review is due, and how long it is known that it was asked for. */
const DUE_MS = 30 * 86_400_000;
const KEPT_MS = 200 * 86_400_000;

/** Asks for the review of the quarter that has begun, where it was not asked for. */
export async function askForAccessReviews(parts: AccountParts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  const quarter = quarterOf(parts.clock.now());
  for (const { key } of await allRecords(snapshot, MEMBER_KIND, 'all', '')) {
    if (signal.aborted) return;
    const organization = key as Ref; // the key of a member
    if ((await snapshot.record(KIND, `${organization} ${quarter.name}`)) !== undefined) continue;
    const memberships = await membershipsIn(snapshot, organization);
    if (memberships.some(({ status }) => status === 'active')) await ask(parts, organization, quarter);
  }
}

interface Quarter {
  /** `2026-Q2`. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly start: number;
}

function quarterOf(now: number): Quarter {
  const date = new Date(now);
  const first = Math.floor(date.getUTCMonth() / 3);
  return {
    name: `${date.getUTCFullYear()}-Q${first + 1}`,
    start: Date.UTC(date.getUTCFullYear(), first * 3, 1),
  };
}

async function ask(
  { store, clock, newId, selectRecipients, committed }: AccountParts,
  organization: Ref,
  { name, start }: Quarter,
): Promise<void> {
  const now = clock.now();
  const planned = planWorkItem(newId(), {
    kind: 'access-review',
    says: `Review of ${name}: look with $access-review who holds which role, and take away what nobody needs.`,
    focus: organization,
    authoredOn: new Date(now).toISOString(),
    owner: organization,
    due: new Date(Math.max(now, start) + DUE_MS).toISOString(),
  });
  const record = {
    kind: KIND,
    key: `${organization} ${name}`,
    expect: 'absent',
    body: { task: planned.ref },
    expiresAt: start + KEPT_MS,
  } as const;
  const row = jobEntry('access-review', {
    entities: [`${planned.ref}/_history/0`],
    origin: 'server',
    viewers: [organization],
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
