/** The entities of an AuditEvent: what it was about, what decided, and the details of a disclosure (IHE BALP, compliance V2). */
import type { AuditEventEntity, Coding, Ref } from '../fhir/types.ts';
import type { AuditEntry, AuditRow } from '../ports/store.ts';
import { entitiesElsewhere } from './audit-elsewhere.ts';
import { isWrite } from './audit-writes.ts';
import { BALP, ENTITY_TYPE, OBJECT_ROLE, SITTING_SYSTEMS } from './audit-patterns.ts';
import type { AuditSeeing } from './audit-viewer.ts';
import { typeOf } from './element.ts';

const DOMAIN_RESOURCE: Coding = { system: OBJECT_ROLE, code: '4', display: 'Domain Resource' };
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
/** BALP's type of what a request is about. */
export const SYSTEM_OBJECT: Coding = { system: ENTITY_TYPE, code: '2', display: 'System Object' };

const PERSON: Coding = { system: ENTITY_TYPE, code: '1', display: 'Person' };

export function auditEntities({ seq, entry }: AuditRow, seeing: AuditSeeing): AuditEventEntity[] {
  const { knows, keeps } = seeing;
  const known = (reference: string) => knows === undefined || knows(unversioned(reference));
  const kept = (reference: string) => keeps === undefined || keeps(unversioned(reference));
  const { deciding = [], patients, delivery } = entry;
  return [
    ...queryOf(entry, seeing.own),
    ...entry.entities
      .filter((reference) => known(reference) && reference !== delivery?.receiver)
      .map((reference) => objectOf(entry, reference.replace(/\/_history\/0$/, `/_history/${seq}`))),
    ...patients.filter(known).map(patientOf),
    ...deciding.filter(kept).map(deciderOf),
    ...identityOf(entry, seeing),
    ...deliveryOf(entry, seeing),
    ...(seeing.own ? entitiesElsewhere(entry) : []),
    ...requestOf(entry, seeing),
  ];
}

/** A Consent or a Contract that decided. */
function deciderOf(reference: string): AuditEventEntity {
  const type = typeOf(reference);
  const role = type === 'Consent' ? 'consent' : 'agreement';
  return {
    what: { reference },
    type: { system: 'http://hl7.org/fhir/resource-types', code: type },
    role: { system: 'https://closeloop.dev/fhir/CodeSystem/audit-entity-role', code: role },
  };
}

/** The systems of what an event of identity is about. */
export const IDENTITY_SYSTEMS = {
  account: 'https://closeloop.dev/fhir/sid/account',
  client: 'https://closeloop.dev/fhir/sid/client',
  session: SITTING_SYSTEMS.session,
} as const;

/** R4's roles of an object: who has rights, and what they are proved with. */
const SECURITY_USER: Coding = { system: OBJECT_ROLE, code: '11', display: 'Security User Entity' };
const SECURITY_RESOURCE: Coding = { system: OBJECT_ROLE, code: '13', display: 'Security Resource' };

/**
 * The account, the client and the session of an event of identity (identity 10). Sittings are told to the agent's own
 * organization alone (rules 2.8); what changed stands with the first of them.
 */
function identityOf({ identity }: AuditEntry, { own }: AuditSeeing): AuditEventEntity[] {
  if (identity === undefined) return [];
  const { account, client, session, detail = {} } = identity;
  const about = [
    { system: IDENTITY_SYSTEMS.account, value: account, type: PERSON, role: SECURITY_USER },
    { system: IDENTITY_SYSTEMS.client, value: client, type: SYSTEM_OBJECT, role: SECURITY_USER },
    {
      system: IDENTITY_SYSTEMS.session,
      value: own ? session : undefined,
      type: SYSTEM_OBJECT,
      role: SECURITY_RESOURCE,
    },
  ].filter(({ value }) => value !== undefined);
  const changed = Object.entries(detail).map(([type, valueString]): Detail => ({ type, valueString }));
  return about.map(({ system, value, type, role }, position) => ({
    what: { identifier: { system, ...(value !== undefined && { value }) } },
    type,
    role,
    ...(position === 0 && changed.length > 0 && { detail: changed }),
  }));
}

type Detail = NonNullable<AuditEventEntity['detail']>[number];

/** What a row says of a disclosure beside its parties and objects; of what was not told, to its discloser alone. */
function detailsOf(entry: AuditEntry, { discloses }: AuditSeeing): Detail[] {
  const {
    basis,
    exception,
    masked,
    notice,
    bytesHash,
    fileHashes = [],
    justification,
    reliedOn,
    message,
    bytes,
  } = entry;
  // Of a message its sender's side alone is told what it knows of it.
  const tells = discloses && message?.recipients !== undefined;
  const details = {
    basis,
    exception: discloses ? exception : undefined,
    masked: masked && String(masked),
    notice: notice && String(notice),
    sha256: bytesHash,
    justification: discloses ? justification : undefined,
    'relied-on': reliedOn,
    content: message?.content,
    'content-decided-by': tells ? message?.decidedBy : undefined,
    agreement: tells ? message?.agreement : undefined,
    'agreement-state': message?.state,
    bytes: bytes === undefined ? undefined : String(bytes),
  };
  const said = Object.entries(details).flatMap(([type, valueString]) =>
    valueString === undefined ? [] : [{ type, valueString }],
  );
  return [
    ...said,
    ...(tells ? recipientsOf(message) : []),
    ...(discloses || !isWrite(entry.event) ? fileHashes : []).map((valueString) => ({
      type: 'sha256',
      valueString,
    })),
  ];
}

const recipientsOf = ({ recipients }: NonNullable<AuditEntry['message']> = NO_MESSAGE): Detail[] =>
  [...(recipients?.organizations ?? []), ...(recipients?.persons ?? [])].map((valueString) => ({
    type: 'recipient',
    valueString,
  }));

const NO_MESSAGE = { content: '', decidedBy: '' } as const;

/** `Type/id` of a reference that may carry a version. */
function unversioned(reference: string): Ref {
  const [type = '', id = ''] = reference.split('/');
  return `${type}/${id}`;
}

/** The query as sent, to the last byte. It may identify a patient, so a peer does not see it. */
function queryOf({ query }: AuditEntry, own: boolean): AuditEventEntity[] {
  if (query === undefined || !own) return [];
  const role: Coding = { system: OBJECT_ROLE, code: '24', display: 'Query' };
  return [{ type: SYSTEM_OBJECT, role, query: Buffer.from(query, 'utf8').toString('base64') }];
}

/**
 * An object that a search found is typed by its resource type: in BALP's query pattern the query is the one system
 * object.
 */
function objectOf({ query, transition, labels }: AuditEntry, reference: string): AuditEventEntity {
  const [type = ''] = reference.split('/');
  const found: Coding = { system: 'http://hl7.org/fhir/resource-types', code: type };
  return {
    what: { reference },
    type: query === undefined ? SYSTEM_OBJECT : found,
    role: DOMAIN_RESOURCE,
    ...(labels !== undefined && { securityLabel: [{ system: CONFIDENTIALITY, code: labels }] }),
    ...(transition &&
      type === 'Task' && {
        detail: [
          { type: 'transition', valueString: transition.tid },
          { type: 'from', valueString: transition.from },
          { type: 'to', valueString: transition.to },
        ],
      }),
  };
}

function patientOf(reference: Ref): AuditEventEntity {
  return {
    what: { reference },
    type: PERSON,
    role: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
  };
}

function deliveryOf(entry: AuditEntry, seeing: AuditSeeing): AuditEventEntity[] {
  const { delivery } = entry;
  if (delivery === undefined) return [];
  const { receiver, entry: id, rail, attempts, policy } = delivery;
  return [
    {
      what: { reference: receiver },
      type: { system: ENTITY_TYPE, code: '4', display: 'Other' },
      role: { system: OBJECT_ROLE, code: '16', display: 'Data Destination' },
      detail: [
        { type: 'entry', valueString: id },
        { type: 'rail', valueString: rail },
        { type: 'attempts', valueString: String(attempts) },
        ...(policy ? [{ type: 'policy', valueString: policy }] : []),
        ...detailsOf(entry, seeing),
      ],
    },
  ];
}

function requestOf(entry: AuditEntry, seeing: AuditSeeing): AuditEventEntity[] {
  const { requestId, delivery } = entry;
  if (requestId === '' || delivery !== undefined) return [];
  const type: Coding = { system: `${BALP}/CodeSystem/BasicAuditEntityType`, code: 'XrequestId' };
  const detail = detailsOf(entry, seeing);
  return [{ what: { identifier: { value: requestId } }, type, ...(detail.length > 0 && { detail }) }];
}
