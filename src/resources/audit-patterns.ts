/**
 * The rendering of each kind of audited event: the codes of R4's AuditEvent and the patterns of IHE BALP
 * (https://profiles.ihe.net/ITI/BALP/).
 */
import type { Coding } from '../fhir/types.ts';
import { PURPOSE_SYSTEM } from '../policies/purpose.ts';
import type { AuditEntry } from '../ports/store.ts';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const INTERACTION = 'http://hl7.org/fhir/restful-interaction';
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
export const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
export const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
export const BALP = 'https://profiles.ihe.net/ITI/BALP';

/** Rows of the BSeR table, as subtypes of the writes that made the moves. */
export const TRANSITION_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/referral-transition';

/** Rows of the table of agreements, as subtypes of the events that they are. */
export const AGREEMENT_TRANSITION_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/agreement-transition';

const REST: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
  display: 'RESTful Operation',
};
const APPLICATION: Coding = { system: DCM, code: '110150', display: 'Application' };
export const DESTINATION: Coding = { system: DCM, code: '110152', display: 'Destination Role ID' };
const SOURCE: Coding = { system: DCM, code: '110153', display: 'Source Role ID' };
const CUSTODIAN: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  code: 'custodian',
  display: 'Custodian',
};
const AUTHOR: Coding = { system: PARTICIPATION, code: 'AUT', display: 'author (originator)' };
const RECIPIENT: Coding = { system: PARTICIPATION, code: 'IRCP', display: 'information recipient' };
export const PROVIDER: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-RoleClass',
  code: 'PROV',
  display: 'healthcare provider',
};
export const TREATMENT: Coding = {
  system: PURPOSE_SYSTEM,
  code: 'TREAT',
  display: 'treatment',
};

/** `agent.policy` of a disclosure is this and the code of its basis (harmony Z35). */
export const BASIS_POLICY = 'https://closeloop.dev/fhir/basis/';

/** Under which the identifiers of a sitting stand, as BALP's `ihe-otherId` of the requesting agent (harmony Z35). */
export const OTHER_ID = `${BALP}/StructureDefinition/ihe-otherId`;
export const SITTING_SYSTEMS = {
  session: 'https://closeloop.dev/fhir/sid/audit-session',
  tab: 'https://closeloop.dev/fhir/sid/audit-tab',
  amr: 'https://closeloop.dev/fhir/sid/audit-amr',
  authTime: 'https://closeloop.dev/fhir/sid/audit-auth-time',
} as const;

/** Roles of people in a disclosure (BALP, PrivacyDisclosure). */
export const KEEPER: Coding = {
  system: 'http://snomed.info/sct',
  code: '159541003',
  display: 'Record keeping/library clerk',
};
export const AUTHORIZER: Coding = {
  system: 'http://snomed.info/sct',
  code: '429577009',
  display: 'Patient Advocate',
};

/** BALP's AuthZconsent: a Consent decided. */
export const BY_CONSENT: Coding = {
  system: `${BALP}/CodeSystem/AuthZsubType`,
  code: 'AuthZ-Consent',
  display: 'Authorization Decision using Roles and Consent',
};

/** The type and subtype of a kind of event, and the role of each side. */
export interface AuditPattern {
  /** What happened, in a few words. */
  readonly says: string;
  readonly type: Coding;
  readonly subtype: Coding;
  readonly client: Coding;
  readonly server: Coding;
  readonly user: Coding;
  /** The BALP profile, without `Patient`, and the action it fixes. */
  readonly profile?: readonly [name: string, action: AuditEntry['action']];
}

const rest = (says: string, code: string, sides: Sides, profile?: AuditPattern['profile']): AuditPattern => ({
  says,
  type: REST,
  subtype: { system: INTERACTION, code, display: code },
  ...sides,
  ...(profile && { profile }),
});

type Sides = Pick<AuditPattern, 'client' | 'server' | 'user'>;
/** DICOM names the sides by the direction of the content; a query goes from the client to the server. */
const READING: Sides = { client: DESTINATION, server: SOURCE, user: RECIPIENT };
const ASKING: Sides = { client: SOURCE, server: DESTINATION, user: RECIPIENT };
const WRITING: Sides = { client: SOURCE, server: DESTINATION, user: AUTHOR };
const DELETING: Sides = { client: APPLICATION, server: CUSTODIAN, user: AUTHOR };
const ENTERING: Sides = { client: APPLICATION, server: DESTINATION, user: AUTHOR };

const dcm = (code: string, display: string): Coding => ({ system: DCM, code, display });
const lifecycle = (code: string, name: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
  code,
  display: `${name} Record Lifecycle Event`,
});

const EXPORT = dcm('110106', 'Export');
const IMPORT = dcm('110107', 'Import');
const ACTIVITY = dcm('110100', 'Application Activity');
const ALERT = dcm('110113', 'Security Alert');
const AUTHENTICATION = dcm('110114', 'User Authentication');
const RESTRICTED = dcm('110132', 'Use of Restricted Function');
/** IHE's code of a transaction among its events (ITI-32: direct-xdm 7). */
export const MEDIA: Coding = {
  system: 'urn:ihe:event-type-code',
  code: 'ITI-32',
  display: 'Distribute Document Set on Media',
};
const DISCLOSE = lifecycle('disclose', 'Disclose');

/** What became of a delivery that disclosed nothing (baa-messaging MS51, MS52). */
export const ATTEMPT_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/delivery-attempt';
export const WITHHELD = {
  system: ATTEMPT_SYSTEM,
  code: 'withheld',
  display: 'Withheld',
} as const satisfies Coding;
export const NOT_DELIVERED = {
  system: ATTEMPT_SYSTEM,
  code: 'not-delivered',
  display: 'Not delivered',
} as const satisfies Coding;

/**
 * The first subtype of an event. A delivery is a disclosure where bytes reached the receiver, whatever it said to them;
 * what was withheld, or found nobody, is none.
 */
export function subtypeOf({ event, outcome, bytesHash }: AuditEntry, { subtype }: AuditPattern): Coding {
  if (event !== 'deliver' || outcome === '0') return subtype;
  if (outcome === '4') return WITHHELD;
  return bytesHash === undefined ? NOT_DELIVERED : subtype;
}

/** Requests by which an organization comes to have what another keeps. */
export const TAKING: ReadonlySet<string> = new Set([
  'read',
  'vread',
  'history-instance',
  'history-type',
  'history-system',
  'search-type',
  'search-system',
  'operation',
]);

/**
 * A read is a disclosure, too, by whoever keeps what another organization was shown (baa-messaging MS51); not where all of
 * it was masked (MK6). An operation shows other things beside what is masked.
 */
export const disclosedByReading = ({
  event,
  outcome,
  agent,
  viewers,
  origin,
  masked,
}: AuditEntry): readonly Coding[] =>
  TAKING.has(event) &&
  (masked !== true || event === 'operation') &&
  outcome === '0' &&
  origin === undefined &&
  agent.organization !== '' &&
  viewers.some((viewer) => viewer !== agent.organization)
    ? [DISCLOSE]
    : [];

const of = (says: string, type: Coding, subtype: Coding, sides: Sides): AuditPattern => ({
  says,
  type,
  subtype,
  ...sides,
});

/** Every event that the server records (audit-compliance AU2). */
// prettier-ignore
export const PATTERNS: Readonly<Record<string, AuditPattern>> = {
  read:                  rest('a resource was read', 'read', READING, ['Read', 'R']),
  vread:                 rest('a version was read', 'vread', READING, ['Read', 'R']),
  'history-instance':    rest('the history of a resource was read', 'history-instance', READING),
  'history-type':        rest('the history of a type was read', 'history-type', READING),
  'history-system':      rest('the history of everything was read', 'history-system', READING),
  'search-type':         rest('a type was searched', 'search-type', ASKING, ['Query', 'E']),
  'search-system':       rest('everything was searched', 'search-system', ASKING, ['Query', 'E']),
  create:                rest('a resource was created', 'create', WRITING, ['Create', 'C']),
  update:                rest('a resource was replaced', 'update', WRITING, ['Update', 'U']),
  patch:                 rest('a resource was changed in part', 'patch', WRITING, ['Update', 'U']),
  delete:                rest('a resource was deleted', 'delete', DELETING, ['Delete', 'D']),
  batch:                 rest('a batch was refused', 'batch', WRITING),
  transaction:           rest('a transaction wrote nothing, or was refused', 'transaction', WRITING),
  operation:             rest('an operation was invoked', 'operation', WRITING),
  preflight:             rest('it was asked whether something might be sent', 'operation', ASKING, ['Query', 'E']),
  move:                  rest('a referral was moved', 'update', WRITING, ['Update', 'U']),
  login:                 of('somebody logged in, or was refused for who it is', AUTHENTICATION, dcm('110122', 'Login'), ENTERING),
  logout:                of('a session ended', AUTHENTICATION, dcm('110123', 'Logout'), ENTERING),
  'step-up':             of('somebody proved again who it is', AUTHENTICATION, dcm('110122', 'Login'), ENTERING),
  'session-changed':     of('a session was locked, unlocked, or went to another organization', AUTHENTICATION, lifecycle('amend', 'Amend (Update)'), ENTERING),
  lockout:               of('too many attempts failed', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'token-issued':        of('a token was issued', AUTHENTICATION, lifecycle('originate', 'Originate/Retain'), ENTERING),
  'token-refreshed':     of('a token was refreshed', AUTHENTICATION, lifecycle('amend', 'Amend (Update)'), ENTERING),
  'token-revoked':       of('a token was revoked', AUTHENTICATION, lifecycle('deprecate', 'Deprecate'), ENTERING),
  'token-reused':        of('a token or a code was shown a second time', ALERT, RESTRICTED, ENTERING),
  launch:                of('an app was launched', AUTHENTICATION, lifecycle('originate', 'Originate/Retain'), ENTERING),
  'app-allowed':         of('a person let an app in', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'app-withdrawn':       of('an app was let in no more', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'client-changed':      of('a client was registered or changed', ALERT, dcm('110129', 'Security Configuration'), ENTERING),
  'issuer-changed':      of('an outside issuer was configured', ALERT, dcm('110129', 'Security Configuration'), ENTERING),
  'key-rotated':         of('a key for signing was made or retired', ALERT, dcm('110129', 'Security Configuration'), ENTERING),
  'account-invited':     of('a person was invited', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'account-changed':     of('an account changed its state', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'permission-changed':  of('roles, links or memberships of an account were changed', ALERT, dcm('110136', 'Security Roles Changed'), ENTERING),
  'factor-enrolled':     of('a factor was enrolled', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'factor-removed':      of('a factor was removed', ALERT, dcm('110137', 'User Security Attributes Changed'), ENTERING),
  'factor-used':         of('a factor proved who somebody is', AUTHENTICATION, lifecycle('verify', 'Verify'), ENTERING),
  receive:               of('a message was received', IMPORT, DISCLOSE, WRITING),
  'import-package':      of('documents came in a package', IMPORT, MEDIA, WRITING),
  deliver:               of('something was delivered, withheld or given up', EXPORT, DISCLOSE, READING),
  'message-sent':        of('a message was sent to an organization', EXPORT, DISCLOSE, READING),
  'message-read':        of('somebody said that a message was read', ACTIVITY, lifecycle('access', 'Access/View'), READING),
  'message-retracted':   of('a message was retracted', ACTIVITY, lifecycle('deprecate', 'Deprecate'), WRITING),
  'message-withdrawn':   of('a message was taken back before anybody had read it', ACTIVITY, lifecycle('deprecate', 'Deprecate'), WRITING),
  'message-blocked':     of('a message that waited was not sent', ACTIVITY, lifecycle('deprecate', 'Deprecate'), WRITING),
  'deliver-attempt':     of('something reached its receiver, who did not take it; it is sent again', EXPORT, DISCLOSE, READING),
  'delivery-evidence':   of('evidence came of a delivery that had ended', ACTIVITY, lifecycle('verify', 'Verify'), ENTERING),
  'disclose-elsewhere':  of('a disclosure outside this server was entered', EXPORT, DISCLOSE, ENTERING),
  export:                of('records were exported', EXPORT, lifecycle('extract', 'Extract'), READING),
  'gate-denied':         of('a Consent or an agreement stopped a disclosure', ALERT, BY_CONSENT, ENTERING),
  'consent-captured':    of('a Consent was captured', ACTIVITY, lifecycle('originate', 'Originate/Retain'), ENTERING),
  'consent-revoked':     of('a Consent was revoked', ACTIVITY, lifecycle('deprecate', 'Deprecate'), ENTERING),
  'agreement-move':      of('an agreement changed its state', ACTIVITY, lifecycle('amend', 'Amend (Update)'), ENTERING),
  'break-glass':         of('emergency access was taken', ALERT, dcm('110127', 'Emergency Override Started'), ENTERING),
  'break-glass-review':  of('emergency access was reviewed', ALERT, lifecycle('verify', 'Verify'), ENTERING),
  'setting-changed':     of('a setting or a table of rules was changed', ALERT, dcm('110131', 'Software Configuration'), ENTERING),
  review:                of('activity was reviewed', ACTIVITY, lifecycle('verify', 'Verify'), ENTERING),
  'incident-reported':   of('an incident was reported', ALERT, lifecycle('originate', 'Originate/Retain'), ENTERING),
  'incident-assessed':   of('an incident was assessed', ALERT, lifecycle('verify', 'Verify'), ENTERING),
  hold:                  of('records were put on hold', ACTIVITY, lifecycle('hold', 'Add Legal Hold'), ENTERING),
  unhold:                of('a hold was lifted', ACTIVITY, lifecycle('unhold', 'Remove Legal Hold'), ENTERING),
  expunge:               of('content was expunged by law', ACTIVITY, lifecycle('destroy', 'Destroy/Delete'), DELETING),
  job:                   of('the server did what was due', ACTIVITY, lifecycle('amend', 'Amend (Update)'), ENTERING),
  admin:                 of('an administrator changed what others may', ALERT, RESTRICTED, ENTERING),
};

/** The rendering of an event that has no pattern of its own. */
export const OTHER: AuditPattern = rest('another event', 'operation', WRITING);
