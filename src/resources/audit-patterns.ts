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

/** The type and subtype of a kind of event, and the role of each side. */
export interface AuditPattern {
  readonly type: Coding;
  readonly subtype: Coding;
  readonly client: Coding;
  readonly server: Coding;
  readonly user: Coding;
  /** The BALP profile, without `Patient`, and the action it fixes. */
  readonly profile?: readonly [name: string, action: AuditEntry['action']];
}

const rest = (code: string, sides: Sides, profile?: AuditPattern['profile']): AuditPattern => ({
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

const DISCLOSING: AuditPattern = {
  type: { system: DCM, code: '110106', display: 'Export' },
  subtype: {
    system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
    code: 'disclose',
    display: 'Disclose Record Lifecycle Event',
  },
  ...READING,
};

export const PATTERNS: Readonly<Record<string, AuditPattern>> = {
  read: rest('read', READING, ['Read', 'R']),
  vread: rest('vread', READING, ['Read', 'R']),
  'history-instance': rest('history-instance', READING),
  'history-type': rest('history-type', READING),
  'history-system': rest('history-system', READING),
  'search-type': rest('search-type', ASKING, ['Query', 'E']),
  'search-system': rest('search-system', ASKING, ['Query', 'E']),
  create: rest('create', WRITING, ['Create', 'C']),
  update: rest('update', WRITING, ['Update', 'U']),
  patch: rest('patch', WRITING, ['Update', 'U']),
  delete: rest('delete', DELETING, ['Delete', 'D']),
  batch: rest('batch', WRITING),
  transaction: rest('transaction', WRITING),
  operation: rest('operation', WRITING),
  move: rest('update', WRITING, ['Update', 'U']),
  login: {
    type: { system: DCM, code: '110114', display: 'User Authentication' },
    subtype: { system: DCM, code: '110122', display: 'Login' },
    ...ENTERING,
  },
  deliver: DISCLOSING,
  'disclose-elsewhere': DISCLOSING,
  job: {
    type: { system: DCM, code: '110100', display: 'Application Activity' },
    subtype: {
      system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
      code: 'amend',
      display: 'Amend (Update) Record Lifecycle Event',
    },
    ...ENTERING,
  },
  admin: {
    type: { system: DCM, code: '110113', display: 'Security Alert' },
    subtype: { system: DCM, code: '110137', display: 'Use of Restricted Function' },
    ...ENTERING,
  },
};

/** The rendering of an event that has no pattern of its own. */
export const OTHER: AuditPattern = rest('operation', WRITING);
