/** What the clock brings to an agreement: the moves that nobody writes, and the days on which its principal is reminded (BA9). */
import { parseDateTime } from '../fhir/datetime.ts';
import type { Resource } from '../fhir/types.ts';
import { AGREEMENT_EXTENSIONS, asContract, signaturesOf, valueOf } from './contract.ts';
import { agreementPeriodOf, standingOfAgreement, type AgreementState } from './state.ts';

/** Days before its end, or its review, on which the principal is reminded. */
const REMINDER_DAYS = [90, 60, 30, 7] as const;

const DAY_MS = 86_400_000;

/** What is coming, and when. */
export interface AgreementDue {
  readonly what: 'end' | 'review';
  /** Milliseconds since 1970: the first moment after the end, or the beginning of the day of review. */
  readonly at: number;
}

/** What is coming for an agreement that both have signed; undefined where nothing is. */
export function dueOf(contract: Resource): AgreementDue | undefined {
  const { applies, extension } = asContract(contract);
  if (applies?.end !== undefined) {
    const end = agreementPeriodOf(contract)?.end;
    return end === undefined ? undefined : { what: 'end', at: end };
  }
  const at = parseDateTime(valueOf(extension, AGREEMENT_EXTENSIONS.reviewBy) ?? '')?.low;
  return at === undefined ? undefined : { what: 'review', at };
}

/**
 * The reminders whose day has come, as days ahead, the earliest first. One whose day was over before the last signature is
 * none: whoever signs an agreement of twenty days knows that it ends.
 */
export function remindersDue(contract: Resource, now: number): readonly number[] {
  const due = dueOf(contract);
  if (due === undefined || now >= due.at) return [];
  const signed = Math.max(0, ...signaturesOf(contract).map(({ when }) => parseDateTime(when)?.low ?? 0));
  return REMINDER_DAYS.filter((days) => {
    const day = due.at - days * DAY_MS;
    return day <= now && day > signed;
  });
}

/** A move that the clock has made between two looks at one version of an agreement. */
export interface ClockMove {
  readonly tid: 'BT07' | 'BT10' | 'BT11';
  readonly from: AgreementState;
  readonly to: AgreementState;
}

/**
 * What the clock has done since an agreement was in a state: its start was reached, a revocation took effect, its end was
 * reached. Both start and end where a look comes late. An end that is not written yet is always one.
 */
export function clockMoves(contract: Resource, before: AgreementState, now: number): readonly ClockMove[] {
  const { state } = standingOfAgreement(contract, now);
  const isRevoked = asContract(contract).status === 'revoked';
  if (isRevoked)
    return state === 'revoked' && before !== state ? [{ tid: 'BT11', from: before, to: state }] : [];
  const hasStarted = before === 'pending' && (state === 'active' || state === 'expired');
  return [
    ...(hasStarted ? ([{ tid: 'BT07', from: 'pending', to: 'active' }] as const) : []),
    ...(state === 'expired' ? ([{ tid: 'BT10', from: 'active', to: 'expired' }] as const) : []),
  ];
}
