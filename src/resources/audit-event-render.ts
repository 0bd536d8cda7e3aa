/**
 * Renders a compact audit row as an R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html) by the IHE Basic Audit Log
 * Patterns (https://profiles.ihe.net/ITI/BALP/): the pattern, the agents and the objects (rules 4.2).
 *
 * A viewer who is not of the agent's organization sees that organization, not its user, its client or its search words
 * (rules 2.8). The event claims a BALP profile only where it meets all of it: success, a known address, one data object
 * and at most one patient.
 */
import { ISSUES } from '../fhir/issue.ts';
import type {
  AuditEvent,
  AuditEventAgent,
  AuditEventEntity,
  CodeableConcept,
  Coding,
  Ref,
} from '../fhir/types.ts';
import { BASES, isBasis } from '../policies/basis.ts';
import { PURPOSE_SYSTEM } from '../policies/purpose.ts';
import type { AuditEntry, AuditRow } from '../ports/store.ts';
import { agentsElsewhere, entitiesElsewhere, periodElsewhere, sectionElsewhere } from './audit-elsewhere.ts';
import {
  BALP,
  DESTINATION,
  ENTITY_TYPE,
  OBJECT_ROLE,
  OTHER,
  PATTERNS,
  PROVIDER,
  TRANSITION_SYSTEM,
  TREATMENT,
  type AuditPattern,
} from './audit-patterns.ts';

/** The viewer of the event. */
export interface AuditViewer {
  readonly organization: Ref | undefined;
  readonly everything: boolean;
  /** The resources of the row that the viewer may know of; absent: all of them. */
  readonly knows?: (ref: Ref) => boolean;
}

/** This server as the event names it: the observer. */
export interface AuditSource {
  readonly name: string;
  /** The public base URL. */
  readonly base?: string;
}

/** The id of a row's AuditEvent: `<seq>-<position>`. */
export function auditId({ seq, position }: Pick<AuditRow, 'seq' | 'position'>): string {
  return `${seq}-${position}`;
}

/** The place of a row, from the id of its AuditEvent; undefined when no row can have that id. */
export function parseAuditId(id: string): { readonly seq: number; readonly position: number } | undefined {
  const match = /^([1-9]\d{0,15})-(0|[1-9]\d{0,8})$/.exec(id);
  const seq = Number(match?.[1]);
  return match !== null && Number.isSafeInteger(seq) ? { seq, position: Number(match[2]) } : undefined;
}

/** The row as its viewer may see it. The store decides whether the viewer may see it at all (`AuditQuery.viewer`). */
export function renderAuditEvent(row: AuditRow, viewer: AuditViewer, source: AuditSource): AuditEvent {
  const { entry, at } = row;
  const { agent } = entry;
  const own =
    viewer.everything || (viewer.organization !== undefined && viewer.organization === agent.organization);
  const pattern = PATTERNS[entry.event] ?? OTHER;
  const entities = entitiesOf(row, viewer, own);
  const profile = own ? profileOf(entry, pattern, entities) : undefined;
  const outcomeDesc = describeOutcome(entry);
  return {
    resourceType: 'AuditEvent',
    id: auditId(row),
    meta: { versionId: String(row.seq), lastUpdated: at, ...(profile && { profile: [profile] }) },
    type: pattern.type,
    subtype: [pattern.subtype, ...transitionOf(entry)],
    action: entry.action,
    ...(own ? periodElsewhere(entry) : {}),
    recorded: at,
    outcome: entry.outcome,
    ...(outcomeDesc && { outcomeDesc }),
    ...purposeOf(entry),
    agent: agentsOf(entry, pattern, source, own),
    source: {
      observer: selfOf(source),
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    ...(entities.length > 0 && { entity: entities }),
  };
}

/** The purposes that the row has (compliance V2); without any, whatever is about a patient is treatment. */
function purposeOf(entry: AuditEntry): Pick<AuditEvent, 'purposeOfEvent'> {
  const { purposes } = entry;
  if (purposes === undefined && !concernsCare(entry)) return {};
  return {
    purposeOfEvent: (purposes ?? ['TREAT']).map((code) =>
      concept(code === 'TREAT' ? TREATMENT : { system: PURPOSE_SYSTEM, code }),
    ),
  };
}

const concernsCare = ({ event, patients }: AuditEntry): boolean =>
  patients.length > 0 && event !== 'login' && event !== 'admin';

function transitionOf({ transition }: AuditEntry): Coding[] {
  return transition ? [{ system: TRANSITION_SYSTEM, code: transition.tid, display: transition.event }] : [];
}

/**
 * The outcome in plain words: the refusal with its way out, and the number of equal events for which the row stands.
 */
function describeOutcome({ issue, times, delivery }: AuditEntry): string {
  const solve = Object.entries(ISSUES).find(([code]) => code === issue)?.[1].solve;
  return [
    issue && (solve ? `${issue}: ${solve}` : issue),
    delivery?.why,
    times !== undefined && times > 1 && `${times} times`,
  ]
    .filter(Boolean)
    .join(' · ');
}

// — the agents

const concept = (coding: Coding): CodeableConcept => ({ coding: [coding] });
const selfOf = ({ name }: AuditSource) => ({ type: 'Device', identifier: { value: name }, display: name });

/**
 * The agents that are known and that the viewer may see: user, client, organization, server, receiver. The first of
 * them is the requestor.
 */
function agentsOf(
  entry: AuditEntry,
  pattern: AuditPattern,
  source: AuditSource,
  own: boolean,
): AuditEventAgent[] {
  const delivers = entry.delivery !== undefined;
  const agents = [
    ...(own && !delivers ? userOf(entry, pattern) : []),
    ...(own && !delivers ? [clientOf(entry, pattern)] : []),
    ...organizationOf(entry),
    serverOf(pattern, source),
    ...receiverOf(entry),
    ...(own ? agentsElsewhere(entry) : []),
  ];
  const policy = policiesOf(entry);
  return agents.map((agent, position) => ({
    ...agent,
    requestor: position === 0,
    ...(position === 0 && policy.length > 0 && { policy }),
  }));
}

const BASIS = 'https://closeloop.dev/fhir/basis/';
const CFR = 'https://www.ecfr.gov/current/title-45/section-';

/** The one basis of a disclosure, and the section of the law that it stands in (compliance B34, V2; harmony Z35). */
function policiesOf(entry: AuditEntry): string[] {
  const section = sectionElsewhere(entry);
  if (section !== undefined) return [`${BASIS}${entry.elsewhere?.basis}`, `${CFR}${section}`];
  const basis = entry.delivery?.basis;
  return isBasis(basis) ? [`${BASIS}${basis}`, `${CFR}${BASES[basis].section}`] : [];
}

type Participant = Omit<AuditEventAgent, 'requestor'>;

/** The person behind the client: the token's fhirUser, or a subject that is not the client itself. */
function userOf(
  { agent: { user, subject, client } }: AuditEntry,
  { user: type }: AuditPattern,
): Participant[] {
  if (user !== undefined && user !== '') {
    return [
      { type: concept(type), who: { reference: user, ...(subject && { identifier: { value: subject } }) } },
    ];
  }
  return subject === '' || subject === client
    ? []
    : [{ type: concept(type), who: { identifier: { value: subject } } }];
}

function clientOf({ agent: { client, address } }: AuditEntry, { client: type }: AuditPattern): Participant {
  return {
    type: concept(type),
    ...(client && { who: { identifier: { value: client } } }),
    ...(address && { network: { address, type: '2' } }),
  };
}

function organizationOf({ agent: { organization, onBehalfOf } }: AuditEntry): Participant[] {
  const shown = onBehalfOf ?? organization;
  if (shown === '') return [];
  return [
    {
      type: concept(PROVIDER),
      ...(onBehalfOf && { role: [{ text: 'an administrator acted for this organization' }] }),
      who: { reference: shown },
    },
  ];
}

function serverOf({ server }: AuditPattern, source: AuditSource): Participant {
  const { name, base } = source;
  return {
    type: concept(server),
    who: selfOf(source),
    network: base === undefined ? { address: name, type: '1' } : { address: base, type: '5' },
  };
}

/** The receiver of a delivery. `who` cannot refer to a Subscription or an Endpoint; the entity beside it does. */
function receiverOf({ delivery }: AuditEntry): Participant[] {
  return delivery ? [{ type: concept(DESTINATION), who: { identifier: { value: delivery.receiver } } }] : [];
}

// — the objects

const DOMAIN_RESOURCE: Coding = { system: OBJECT_ROLE, code: '4', display: 'Domain Resource' };
const SYSTEM_OBJECT: Coding = { system: ENTITY_TYPE, code: '2', display: 'System Object' };

function entitiesOf({ seq, entry }: AuditRow, viewer: AuditViewer, own: boolean): AuditEventEntity[] {
  const known = (reference: string) => viewer.knows === undefined || viewer.knows(unversioned(reference));
  return [
    ...queryOf(entry, own),
    ...entry.entities
      .filter((reference) => known(reference) && reference !== entry.delivery?.receiver)
      .map((reference) => objectOf(entry, reference.replace(/\/_history\/0$/, `/_history/${seq}`))),
    ...entry.patients.filter(known).map(patientOf),
    ...deliveryOf(entry),
    ...(own ? entitiesElsewhere(entry) : []),
    ...requestOf(entry),
  ];
}

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
function objectOf({ query, transition }: AuditEntry, reference: string): AuditEventEntity {
  const [type = ''] = reference.split('/');
  const found: Coding = { system: 'http://hl7.org/fhir/resource-types', code: type };
  return {
    what: { reference },
    type: query === undefined ? SYSTEM_OBJECT : found,
    role: DOMAIN_RESOURCE,
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
    type: { system: ENTITY_TYPE, code: '1', display: 'Person' },
    role: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
  };
}

function deliveryOf({ delivery }: AuditEntry): AuditEventEntity[] {
  if (delivery === undefined) return [];
  const { receiver, entry, rail, attempts, policy } = delivery;
  return [
    {
      what: { reference: receiver },
      type: { system: ENTITY_TYPE, code: '4', display: 'Other' },
      role: { system: OBJECT_ROLE, code: '16', display: 'Data Destination' },
      detail: [
        { type: 'entry', valueString: entry },
        { type: 'rail', valueString: rail },
        { type: 'attempts', valueString: String(attempts) },
        ...(policy ? [{ type: 'policy', valueString: policy }] : []),
      ],
    },
  ];
}

function requestOf({ requestId, delivery }: AuditEntry): AuditEventEntity[] {
  if (requestId === '' || delivery !== undefined) return [];
  const type: Coding = { system: `${BALP}/CodeSystem/BasicAuditEntityType`, code: 'XrequestId' };
  return [{ what: { identifier: { value: requestId } }, type }];
}

/** The BALP profile that the event meets in full; undefined when it meets none. */
function profileOf(
  entry: AuditEntry,
  { profile }: AuditPattern,
  entities: readonly AuditEventEntity[],
): string | undefined {
  if (profile === undefined || entry.outcome !== '0' || entry.agent.client === '' || !entry.agent.address)
    return undefined;
  const [name, action] = profile;
  const objects = entities.filter(({ type }) => type === SYSTEM_OBJECT).length;
  const people = entities.filter(({ role }) => role?.code === '1').length;
  if (entry.action !== action || objects !== 1 || people > 1) return undefined;
  return `${BALP}/StructureDefinition/IHE.BasicAudit.${people === 1 ? 'Patient' : ''}${name}`;
}
