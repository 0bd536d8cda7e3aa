/**
 * Each quarter somebody looks at who holds which role (identity ID-18; 45 CFR 164.308(a)(4)(ii)(C)): a work item for the
 * administrators of every organization in which people have roles.
 */
import type { Ref } from '../fhir/types.ts';
import { allRecords } from '../ports/record.ts';
import { MEMBER_KIND } from '../resources/parties/standing.ts';
import { membershipsIn } from './accounts.ts';
import type { AccountParts } from './acting.ts';
import { askOnce } from './ask-once.ts';

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
    if (!memberships.some(({ status }) => status === 'active')) continue;
    await askOnce(parts, {
      kind: KIND,
      key: `${organization} ${quarter.name}`,
      says: `Review of ${quarter.name}: look with $access-review who holds which role, and take away what nobody needs.`,
      organization,
      due: Math.max(parts.clock.now(), quarter.start) + DUE_MS,
      knownUntil: quarter.start + KEPT_MS,
    });
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
