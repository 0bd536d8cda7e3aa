/**
 * Which role may invoke which operation (identity 4.4), by the id of its OperationDefinition. An operation without a row is
 * refused to everybody who has roles. Rights of the operation's own still hold: who keeps the patient, what it reads.
 */
import { columnOf, type Cells } from './permissions.ts';
import type { Role } from './roles.ts';

/**
 * `yes`; `own`: of the own record; `raise`: may add, never weaken or take away; `reason`: with a stated reason, which
 * the audit keeps; `step-up`: after a fresh login; –: no.
 */
export type OperationCell = 'yes' | 'own' | 'raise' | 'reason' | 'step-up' | '–';

// prettier-ignore
export const OPERATION_PERMISSIONS: Readonly<Record<string, Cells>> = {
  //                              coordinator clinician  front-desk compliance executive biller org-admin  sys-admin  patient
  'convert':                     ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     '–'],
  'validate':                    ['yes',     'yes',     'yes',     'yes',     '–',      'yes', 'yes',     'yes',     '–'],
  'Resource-meta':               ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     'own'],
  'Resource-meta-add':           ['–',       'raise',   '–',       'reason',  '–',      '–',   '–',       '–',       '–'],
  'Resource-meta-delete':        ['–',       '–',       '–',       'reason',  '–',      '–',   '–',       '–',       '–'],
  'ValueSet-expand':             ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     '–'],
  'ValueSet-validate-code':      ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     '–'],
  'CodeSystem-validate-code':    ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     '–'],
  'CodeSystem-lookup':           ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     '–'],
  'CodeSystem-subsumes':         ['yes',     'yes',     'yes',     'yes',     'yes',    'yes', 'yes',     'yes',     '–'],
  // — referrals and their documents
  'timeline':                    ['yes',     'yes',     'yes',     'yes',     '–',      '–',   '–',       '–',       'own'],
  'deliveries':                  ['yes',     'yes',     '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'can-send':                    ['yes',     'yes',     'yes',     'yes',     '–',      'yes', '–',       '–',       'own'],
  'Patient-everything':          ['reason',  'yes',     '–',       'reason',  '–',      '–',   '–',       '–',       'own'],
  'ServiceRequest-ccda':         ['yes',     'yes',     '–',       'reason',  '–',      '–',   '–',       '–',       'own'],
  'Patient-ccda':                ['reason',  'yes',     '–',       'reason',  '–',      '–',   '–',       '–',       'own'],
  'Bundle-ccda':                 ['yes',     'yes',     '–',       'reason',  '–',      '–',   '–',       '–',       'own'],
  'DocumentReference-render':    ['yes',     'yes',     '–',       'reason',  '–',      '–',   '–',       '–',       'own'],
  'import-ccda':                 ['yes',     'yes',     '–',       '–',       '–',      '–',   '–',       '–',       '–'],
  'import-xdm':                  ['yes',     'yes',     '–',       '–',       '–',      '–',   '–',       '–',       '–'],
  // — emergencies
  'break-glass':                 ['–',       'step-up', '–',       '–',       '–',      '–',   '–',       '–',       '–'],
  'confirm-break-glass':         ['–',       'step-up', '–',       '–',       '–',      '–',   '–',       '–',       '–'],
  'break-glass-report':          ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'review':                      ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  // — what patients and auditors ask
  'accounting-of-disclosures':   ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       'own'],
  'access-report':               ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'record-disclosure':           ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'intermediary-disclosures':    ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       'own'],
  'audit-package':               ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'audit-package-status':        ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'audit-package-file':          ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'audit-package-cancel':        ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'evidence':                    ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'incident-sheet':              ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'report-incident':             ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'assess-incident':             ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'vendor-register':             ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'information-blocking-report': ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'policy-as-of':                ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       'yes',     '–'],
  'hold':                        ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  'unhold':                      ['–',       '–',       '–',       'step-up', '–',      '–',   '–',       '–',       '–'],
  'holds':                       ['–',       '–',       '–',       'yes',     '–',      '–',   '–',       '–',       '–'],
  // — consents
  'capture-consent':             ['yes',     'yes',     'yes',     '–',       '–',      '–',   '–',       '–',       'own'],
  'Consent-revoke':              ['step-up', 'step-up', 'step-up', '–',       '–',      '–',   '–',       '–',       'own'],
  // — parties and their addresses
  'admit':                       ['–',       '–',       '–',       '–',       '–',      '–',   '–',       'step-up', '–'],
  'verify':                      ['–',       '–',       '–',       '–',       '–',      '–',   '–',       'step-up', '–'],
  // — clients and keys
  'clients':                     ['–',       '–',       '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
  'register-client':             ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'client-state':                ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'rotate-keys':                 ['–',       '–',       '–',       '–',       '–',      '–',   '–',       'step-up', '–'],
  // — accounts
  'users':                       ['–',       '–',       '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
  'identity-providers':          ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'invite-user':                 ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'user-state':                  ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'membership':                  ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'reset-factors':               ['–',       '–',       '–',       '–',       '–',      '–',   'step-up', 'step-up', '–'],
  'access-review':               ['–',       '–',       '–',       'step-up', '–',      '–',   'step-up', 'step-up', '–'],
  // — messages of threads
  'Communication-read':          ['yes',     'yes',     'yes',     'yes',     '–',      '–',   '–',       '–',       'own'],
  // — messages; administrators mend them without their content
  'link-message':                ['yes',     'yes',     '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
  'correct-message':             ['yes',     'yes',     '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
  'replay-message':              ['yes',     'yes',     '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
  'discard-message':             ['yes',     'yes',     '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
  'map-code':                    ['yes',     'yes',     '–',       '–',       '–',      '–',   'yes',     'yes',     '–'],
};

/** What a role may do of an operation; – for one that has no row. */
export const operationCellOf = (role: Role, definition: string): OperationCell =>
  (OPERATION_PERMISSIONS[definition]?.[columnOf(role)] ?? '–') as OperationCell; // a test reads every cell
