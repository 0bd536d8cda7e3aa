/**
 * The state of an agreement: computed from one version of its Contract and a moment, and stored nowhere (baa-messaging 2,
 * BA5, BA6). A date without a time is a day in UTC, and a date without a day is its whole month or year.
 */
import { END, parseDateTime } from '../fhir/datetime.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { gapsOf } from './checklist.ts';
import {
  asContract,
  associateOf,
  awaitsSecondPerson,
  documentHashOf,
  agreementEventOf,
  kindsOfAgreement,
  principalOf,
  agreementReasonOf,
  servicesOf,
  signaturesOf,
  type Side,
} from './contract.ts';

/** The states on the wire, in the order of an agreement’s life. Only `active` lets health information pass. */
export const AGREEMENT_STATES = ['none', 'staging', 'pending', 'active', 'expired', 'revoked'] as const;
export type AgreementState = (typeof AGREEMENT_STATES)[number];

/** How an agreement stands at a moment. */
export interface AgreementStanding {
  readonly state: AgreementState;
  /** The Contract that decides; absent where there is none. */
  readonly contract?: Ref;
  /** The version of the Contract that was read. */
  readonly version?: number;
  /** Since when the state is as it is, as far as the Contract says: milliseconds since 1970. */
  readonly since?: number;
  /** The first millisecond at which the clock alone changes the state, where one is known. */
  readonly until?: number;
  /** Why an agreement is pending. */
  readonly why?: 'unsigned' | 'not-started' | 'disputed' | 'incomplete';
  /** Whose signature is missing. */
  readonly waitsFor?: Ref;
  /** Required terms that it lacks (codes of the checklist), and `start` where it has no readable period. */
  readonly gaps: readonly string[];
  /** The services that it covers. */
  readonly services: readonly string[];
}

/** No agreement at all. */
export const NO_AGREEMENT: AgreementStanding = { state: 'none', gaps: [], services: [] };

const CONCLUDED: ReadonlySet<unknown> = new Set(['executed', 'amended', 'appended', 'resolved']);
const NEGOTIATED: ReadonlySet<unknown> = new Set(['offered', 'negotiable', 'executable']);
const ENDED: ReadonlySet<unknown> = new Set(['terminated', 'renewed']);
const REVOKED: ReadonlySet<unknown> = new Set(['revoked', 'cancelled']);

/** How one agreement stands at a moment. A Contract of another sort, and one that was rejected, is none. */
export function standingOfAgreement(contract: Resource, now: number): AgreementStanding {
  const known = knownOf(contract);
  if (kindsOfAgreement(contract).length === 0) return NO_AGREEMENT;
  const { status } = asContract(contract);
  if (status === 'policy') return { ...known, state: 'staging' };
  if (NEGOTIATED.has(status)) return pending(contract, known);
  if (status === 'disputed') return { ...known, ...sinceEvent(contract), state: 'pending', why: 'disputed' };
  if (CONCLUDED.has(status)) return concluded(contract, known, now);
  if (ENDED.has(status)) return { ...known, ...sinceEnd(contract, now), state: 'expired' };
  if (REVOKED.has(status)) return revoked(contract, known, now);
  return { ...NO_AGREEMENT, ...identityOf(contract) };
}

/** The period of an agreement in milliseconds: from its first to before its `end`; undefined where none can be read. */
export function agreementPeriodOf(
  contract: Resource,
): { readonly start: number; readonly end: number } | undefined {
  const { applies } = asContract(contract);
  const start = parseDateTime(applies?.start ?? '')?.low;
  const last = applies?.end === undefined ? END : parseDateTime(applies.end)?.high;
  return start === undefined || last === undefined
    ? undefined
    : { start, end: last === END ? END : last + 1 };
}

// — the states

function pending(contract: Resource, known: Known): AgreementStanding {
  return { ...known, ...sinceSigned(contract), state: 'pending', why: 'unsigned', ...waiting(contract) };
}

function concluded(contract: Resource, known: Known, now: number): AgreementStanding {
  const period = agreementPeriodOf(contract);
  if (period !== undefined && now >= period.end) return { ...known, state: 'expired', since: period.end };
  if (unsignedSides(contract).length > 0) return pending(contract, known);
  if (known.gaps.length > 0 || period === undefined)
    return { ...known, ...sinceSigned(contract), state: 'pending', why: 'incomplete' };
  if (now < period.start)
    return { ...known, ...sinceSigned(contract), state: 'pending', why: 'not-started', until: period.start };
  const { since } = sinceSigned(contract);
  return {
    ...known,
    state: 'active',
    since: Math.max(period.start, since ?? period.start),
    ...(period.end !== END && { until: period.end }),
  };
}

/** A revocation with a later effective moment leaves the agreement as it is until then. */
function revoked(contract: Resource, known: Known, now: number): AgreementStanding {
  const { effective } = agreementReasonOf(contract) ?? {};
  const from = effective === undefined ? undefined : parseDateTime(effective)?.low;
  if (from === undefined || from <= now)
    return { ...known, ...(from === undefined ? sinceVersion(contract) : { since: from }), state: 'revoked' };
  const before = concluded(contract, known, now);
  return { ...before, until: Math.min(from, before.until ?? from) };
}

// — since when

type Known = Pick<AgreementStanding, 'contract' | 'version' | 'gaps' | 'services'>;

const knownOf = (contract: Resource): Known => ({
  ...identityOf(contract),
  gaps: gapsOf(contract),
  services: servicesOf(contract),
});

interface Since {
  readonly since?: number;
}

function sinceVersion({ meta }: Resource): Since {
  const written = parseDateTime(meta?.lastUpdated ?? '')?.low;
  return written === undefined ? {} : { since: written };
}

/** The last event; of a version that none wrote, its own time. */
function sinceEvent(contract: Resource): Since {
  const event = agreementEventOf(contract);
  return event === undefined ? sinceVersion(contract) : { since: event.at };
}

/** The last signature; without one, the day on which it was issued. */
function sinceSigned(contract: Resource): Since {
  const times = signaturesOf(contract).flatMap(({ when }) => parseDateTime(when)?.low ?? []);
  if (times.length > 0) return { since: Math.max(...times) };
  const issued = parseDateTime(asContract(contract).issued ?? '')?.low;
  return issued === undefined ? sinceVersion(contract) : { since: issued };
}

function sinceEnd(contract: Resource, now: number): Since {
  const end = agreementPeriodOf(contract)?.end;
  return end === undefined || end > now ? sinceEvent(contract) : { since: end };
}

// — evidence

/** The sides that have not signed the document as it stands. */
export function unsignedSides(contract: Resource): readonly Side[] {
  const hash = documentHashOf(contract);
  const signatures = signaturesOf(contract);
  const hasSigned = (side: Side): boolean =>
    hash !== undefined &&
    signatures.some((one) => one.side === side && one.hash === hash && !awaitsSecondPerson(one));
  return (['associate', 'principal'] as const).filter((side) => !hasSigned(side));
}

function waiting(contract: Resource): { readonly waitsFor?: Ref } {
  const [side] = unsignedSides(contract);
  const party = side === undefined ? undefined : partyOf(contract, side);
  return party === undefined ? {} : { waitsFor: party };
}

const partyOf = (contract: Resource, side: Side): Ref | undefined =>
  side === 'principal' ? principalOf(contract) : associateOf(contract);

function identityOf({ id, meta }: Resource): Pick<AgreementStanding, 'contract' | 'version'> {
  const version = Number(meta?.versionId);
  return {
    ...(id !== undefined && { contract: `Contract/${id}` as const }),
    ...(Number.isSafeInteger(version) && { version }),
  };
}
