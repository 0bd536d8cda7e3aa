/**
 * Sessions: one person at one browser. Rules of their end (identity ID-36, harmony Z23), of locking (identity ID-37), and of
 * what needs a recent login (identity 7.3, RFC 9470).
 */
import type { Ref } from '../fhir/types.ts';
import { isFreshLogin, STEP_UP_MS } from './step-up.ts';
import { ACR, acrOf, amrOf, reachesAcr, type Acr, type Amr } from './assurance.ts';

export interface Session {
  /** The id of the account. */
  readonly account: string;
  /** For whom the person works in this session: one of the memberships. */
  readonly organization?: Ref;
  /** The patient in context, of an account of a patient or of somebody close to one. */
  readonly patient?: Ref;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** When the person last proved with two factors who it is; before the second is enrolled, with one. */
  readonly authenticatedAt: number;
  readonly acr: Acr;
  readonly amr: readonly string[];
  /** Since when it is locked; absent: it is not, unless nobody used it for too long. */
  readonly lockedAt?: number;
  /** At a device that several people use. */
  readonly shared: boolean;
  /** The key of the device's record, where it is a known one. */
  readonly device?: string;
  /** The outside provider by which the person came: the key of its record. */
  readonly provider?: string;
  /** The organizations that such a session may be of. */
  readonly organizations?: readonly Ref[];
  /** In a frame of a page of somebody else, which a launch by an EHR may open (smart SM-83). */
  readonly embedded?: true;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long a session lasts at most, used or not; while a factor is still to be enrolled, shorter. */
const ABSOLUTE_MS = 12 * HOUR;
const ENROLMENT_MS = HOUR;
const EMBEDDED_MS = 15 * MINUTE;
/** How long nobody may use a session at a shared device before it locks. */
const SHARED_IDLE_MS = 5 * MINUTE;

/** When a session ends, in milliseconds since 1970. */
export const sessionEnd = ({
  startedAt,
  acr,
  embedded,
}: Pick<Session, 'startedAt' | 'acr' | 'embedded'>): number => {
  if (embedded === true) return startedAt + EMBEDDED_MS;
  return startedAt + (acr === ACR.enrol ? ENROLMENT_MS : ABSOLUTE_MS);
};

/**
 * The state of a session now.
 *
 * @param lastUsedAt when the person last asked for something; what a page asks by itself does not count (identity ID-36)
 */
export function sessionState(
  session: Session,
  lastUsedAt: number,
  { now, idleMs }: { readonly now: number; readonly idleMs: number },
): 'live' | 'locked' | 'ended' {
  if (now >= sessionEnd(session)) return 'ended';
  return session.lockedAt !== undefined || now - lastUsedAt >= idleMsOf(session, idleMs) ? 'locked' : 'live';
}

/** How long nobody may use it before it locks. */
export const idleMsOf = ({ shared }: Pick<Session, 'shared'>, idleMs: number): number =>
  shared ? Math.min(SHARED_IDLE_MS, idleMs) : idleMs;

/** Whether the login is recent enough, and good enough, for what needs step-up. */
export const isFresh = (
  {
    authenticatedAt,
    acr,
  }: { readonly authenticatedAt: number | undefined; readonly acr: string | undefined },
  now: number,
  wanted: Acr = ACR.mfa,
): boolean => isFreshLogin(authenticatedAt, now) && reachesAcr(acr, wanted);

/** WWW-Authenticate of a request that needs a more recent or better login (RFC 9470 section 3). */
export const stepUpChallenge = (wanted: Acr = ACR.mfa): string =>
  `Bearer error="insufficient_user_authentication", error_description="A more recent login is needed", acr_values="${wanted}", max_age=${STEP_UP_MS / 1000}`;

/** A session after its person proved again who it is: with two factors, or with one to unlock it. */
export function provenAgain(session: Session, ways: readonly Amr[], now: number): Session {
  const { lockedAt: _, ...unlocked } = session;
  if (!reachesAcr(acrOf(ways), ACR.mfa)) return unlocked;
  return { ...unlocked, acr: acrOf(ways), amr: amrOf(ways), authenticatedAt: now };
}

/** A session of another organization; undefined where it may not be of that one. */
export const ofOrganization = (session: Session, organization: Ref): Session | undefined =>
  mayBeOf(session, organization) ? { ...session, organization } : undefined;

/**
 * Whether a session may be of an organization. One that a provider outside has opened is of the provider's own alone, and
 * never of the installation (identity ID-45).
 */
export const mayBeOf = (
  { organizations }: Pick<Session, 'organizations'>,
  organization: Ref | undefined,
): boolean =>
  organizations === undefined || (organization !== undefined && organizations.includes(organization));

/** Whether a request counts as its person's: what a page asks by itself says so by X-Closeloop-Background (identity ID-36). */
export const isOwnWish = (background: string | undefined): boolean => background?.trim() !== '1';
