/** The words that stand in a cell of the table of permissions: what of a type a right is limited to. */

export const RIGHT_LIMITS = {
  own: 'what is about that patient, or was written by that person',
  ownReports: 'reports about the person',
  team: 'what is assigned to the person, to the organization, or to nobody yet',
  referral: 'the Tasks of referrals',
  moves: 'Tasks of referrals, by the moves that the role may make (below)',
  draft: 'what is still a draft',
  private: 'parties that the organization keeps for itself alone',
  scheduling: 'what is of category, or a Task of code, `scheduling`',
  administrative: 'what is of category `administrative`',
  complianceWork: 'work items for compliance',
  administrationWork: 'work items for administrators',
  work: 'Tasks that are no referral’s',
  referrals: 'events about records, and none about logins, rights and the server',
  security: 'logins, rights and what else concerns the safety of the installation',
  reason: 'with a stated reason (header `X-Access-Reason`), which the audit keeps',
  published: 'what is active',
} as const;

export type Limit = keyof typeof RIGHT_LIMITS;

/** Kinds of work items (CodeSystem work-item) of whoever does them, beside coordinators, who do all. */
export const WORK_KINDS = {
  complianceWork: [
    'consent-needed',
    'agreement-notice',
    'agreement-ended',
    'agreement-quarantine',
    'carrier-agreement',
    'part2-patient-notice',
    'part2-notice-missing',
    'rail-cannot-carry',
    'denial-review',
    'break-glass-review',
    'activity-review',
    'emergency-login',
    'factors-reset',
    'incident',
    'incident-clock',
  ],
  administrationWork: [
    'delivery-failed',
    'delivery-unconfirmed',
    'message-unmatched',
    'message-unaddressed',
    'message-unfit',
    'message-quarantined',
    'message-parked',
    'message-incomplete',
    'mail-unsorted',
    'code-unmapped',
    'party-unresolved',
    'party-check',
    'identifier-claim',
    'login-failures',
    'access-review',
    'client-expiry',
    'direct-expiry',
  ],
} as const satisfies Partial<Record<Limit, readonly string[]>>;
