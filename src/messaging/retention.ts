/**
 * How long the content of messages is kept (baa-messaging MS40). Six years are the floor for documentation (45 CFR
 * 164.316(b)(2)(i), 164.530(j)); how long records of care are kept is the law of the states, and set by settings.
 */
import { yearsAfter } from '../fhir/datetime.ts';
import type { Resource } from '../fhir/types.ts';
import type { MessageKind } from './kinds.ts';

/** Years below which no setting goes. */
export const RETENTION_YEARS_MIN = 6;

/** Settings, in years after the last message of a thread; drafts in days. */
export interface RetentionSettings {
  readonly retentionReferralYears: number;
  readonly retentionVendorYears: number;
  readonly retentionWorkforceYears: number;
  readonly retentionPatientYears: number;
  readonly retentionDraftDays: number;
}

interface RetentionRow {
  readonly years: (settings: RetentionSettings) => number;
  /** What the years begin with. */
  readonly from: 'last-message' | 'agreement-ended';
}

const RETENTION: Readonly<Record<MessageKind, RetentionRow>> = {
  referral: { years: ({ retentionReferralYears }) => retentionReferralYears, from: 'last-message' },
  vendor: { years: ({ retentionVendorYears }) => retentionVendorYears, from: 'agreement-ended' },
  workforce: { years: ({ retentionWorkforceYears }) => retentionWorkforceYears, from: 'last-message' },
  patient: { years: ({ retentionPatientYears }) => retentionPatientYears, from: 'last-message' },
};

/** A thread as a whole. */
export interface RetainedThread {
  readonly kind: MessageKind;
  /** When its last message was written, in milliseconds since 1970. */
  readonly lastAt: number;
  /** When the last agreement of its parties ended; undefined: one is in force, or nobody knows of an end. */
  readonly agreementEndedAt: number | undefined;
}

/** When the content of a thread is to go, in milliseconds since 1970; undefined: not as long as an agreement is in force. */
export function retainedUntil(thread: RetainedThread, settings: RetentionSettings): number | undefined {
  const { years, from } = RETENTION[thread.kind];
  const { lastAt, agreementEndedAt } = thread;
  if (from === 'last-message') return yearsAfter(lastAt, years(settings));
  return agreementEndedAt === undefined
    ? undefined
    : yearsAfter(Math.max(lastAt, agreementEndedAt), years(settings));
}

/** Drafts are nobody's record: they go days after they were last written. */
export const draftRetainedUntil = (writtenAt: number, { retentionDraftDays }: RetentionSettings): number =>
  writtenAt + retentionDraftDays * DAY;

const DAY = 86_400_000;

/** A draft was sent to nobody. */
export const isDraft = ({ status }: Resource): boolean => status === 'preparation';
