/**
 * Grants of emergency access, as records (kind `grant`; ADR 0021): bound to the user, the session and the client that broke
 * the glass (compliance E1), and kept for their review.
 */
import { hash } from 'node:crypto';
import type { Ref } from '../../fhir/types.ts';
import type { EmergencyReason } from '../../policies/emergency.ts';
import { allRecords, type RecordWrite, type StoredRecord } from '../../ports/record.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { Caller, RunningGrant } from '../request.ts';
import { hasServerScope } from '../scope.ts';

export const GRANT_KIND = 'grant';

/** The body of the record. */
export interface EmergencyGrant {
  readonly patient: Ref;
  /** One of each organization that may keep what it opens. */
  readonly reviews: readonly [GrantReview, ...GrantReview[]];
  readonly organization: Ref;
  /** The token's fhirUser. */
  readonly user: string;
  readonly subject: string;
  readonly client: string;
  /** `sittingOf` the caller. */
  readonly sitting: string;
  readonly reason: EmergencyReason;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly until: number;
  readonly referral?: Ref;
  /** The second person, where the day had seen too many grants (E8). */
  readonly confirmedBy?: string;
}

/** The review of one organization that was told of a grant. */
export interface GrantReview {
  readonly discloser: Ref;
  /** The Task of its review, which holds the facts of 42 CFR 2.51(c). */
  readonly review: Ref;
  readonly result?: ReviewResult;
}

/** As earlier programs wrote it: who keeps the patient alone was told. */
type EarlierGrant = Omit<EmergencyGrant, 'reviews'> & GrantReview;

interface ReviewResult {
  readonly code: 'justified' | 'not-justified';
  readonly by: string;
  readonly at: number;
}

export interface StoredGrant extends EmergencyGrant {
  readonly key: string;
  readonly version: number;
}

const digest = (parts: readonly (string | undefined)[]): string =>
  hash('sha256', JSON.stringify(parts), 'base64url');

/** Who sits where: a grant is nobody else's, and no other session's of the same person. */
export const sittingOf = ({ organization, client, user, session }: Caller): string =>
  digest([organization, client, user, session]);

/** One person of one organization, whatever the client. */
export const personOf = ({ organization, user }: Pick<Caller, 'organization' | 'user'>): string =>
  digest([organization, user]);

export const writeGrant = (
  key: string,
  grant: EmergencyGrant,
  expect: RecordWrite['expect'],
): RecordWrite => ({
  kind: GRANT_KIND,
  key,
  expect,
  body: grant,
  index: [
    ['sitting', grant.sitting],
    ['person', personOf(grant)],
    ['organization', grant.organization],
    ...grant.reviews.flatMap(({ discloser, review }) => [
      ['discloser', discloser] as const,
      ['review', review] as const,
    ]),
  ],
});

type GrantIndex = 'sitting' | 'person' | 'organization' | 'discloser' | 'review';

export async function findGrants(
  snapshot: Snapshot,
  name: GrantIndex,
  value: string,
): Promise<readonly StoredGrant[]> {
  return (await allRecords(snapshot, GRANT_KIND, name, value)).map(toGrant);
}

// `writeGrant` alone writes this kind.
const toGrant = ({ key, version, body }: StoredRecord): StoredGrant => ({
  ...withReviews(body as EmergencyGrant | EarlierGrant),
  key,
  version,
});

function withReviews(grant: EmergencyGrant | EarlierGrant): EmergencyGrant {
  if ('reviews' in grant) return grant;
  const { discloser, review, result, ...rest } = grant;
  return { ...rest, reviews: [{ discloser, review, ...(result !== undefined && { result }) }] };
}

/** Grants of one sitting that are honoured at a time: more than anybody opens within their time. */
const RUNNING_MAX = 20;

/** The grants of this very sitting that run now, newest first. Without the scope there are none, and nothing is looked up. */
export async function runningGrants(
  snapshot: Snapshot,
  caller: Caller,
  now: number,
): Promise<readonly RunningGrant[]> {
  if (!hasServerScope(caller, 'closeloop/break-glass') || caller.session === undefined) return [];
  const grants = await findGrants(snapshot, 'sitting', sittingOf(caller));
  return grants
    .filter(({ until }) => until > now)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, RUNNING_MAX)
    .map(({ key, patient }) => ({ key, patient }));
}
