/** The settings of how long the content of messages is kept (baa-messaging MS40). Below six years the server does not start. */
import { RETENTION_YEARS_MIN } from '../messaging/retention.ts';
import { integer } from './setting.ts';

const YEARS = [RETENTION_YEARS_MIN, 100] as const;

export const RETENTION_SETTINGS = {
  retentionReferralYears: integer(
    10,
    YEARS,
    'Years after its last message for which the content of a thread of a referral is kept.',
  ),
  retentionVendorYears: integer(
    6,
    YEARS,
    'Years after the last message, and after the end of the agreement, for which the content of a thread with a vendor is kept.',
  ),
  retentionWorkforceYears: integer(
    6,
    YEARS,
    'Years after its last message for which the content of a thread of the workforce is kept.',
  ),
  retentionPatientYears: integer(
    10,
    YEARS,
    'Years after its last message for which the content of a thread with a patient is kept.',
  ),
  retentionDraftDays: integer(30, [1, 3650], 'Days after its last change for which a draft is kept.'),
};
