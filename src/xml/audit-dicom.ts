/**
 * An AuditEvent as an audit message of DICOM PS3.15 (A.5.1, the schema that IHE ATNA sends): the same event, agents and
 * objects. It names resources by their references and holds no name of a patient.
 */
import type { AuditEvent, AuditEventAgent, AuditEventEntity, Coding } from '../fhir/types.ts';
import { escapeAttribute, escapeXmlText, printable } from './characters.ts';
import { DECLARATION } from './encode.ts';

/** Names of code systems as audit repositories know them; others by their address. */
const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  'http://dicom.nema.org/resources/ontology/DCM': 'DCM',
};
const DCM = 'http://dicom.nema.org/resources/ontology/DCM';

const QUERY: Coding = { system: DCM, code: '110112', display: 'Query' };
const PATIENT_RECORD: Coding = { system: DCM, code: '110110', display: 'Patient Record' };
const ACTIVITY: Coding = { system: DCM, code: '110100', display: 'Application Activity' };

/** The message as XML, in the order of the schema. */
export function dicomAudit(event: AuditEvent): string {
  const { agent, entity = [] } = event;
  return [
    DECLARATION,
    '<AuditMessage>',
    eventOf(event),
    ...agent.map(participantOf),
    sourceOf(event),
    ...entity.map((one) => objectOf(one, event)),
    '</AuditMessage>',
  ].join('');
}

function eventOf({ type, subtype = [], action, recorded, outcome, outcomeDesc, entity }: AuditEvent): string {
  const attributes = [
    ...given('EventActionCode', action),
    ...given('EventDateTime', recorded),
    ...given('EventOutcomeIndicator', outcome),
  ];
  const children = [
    coded('EventID', type.system === DCM ? type : eventIdOf(subtype, entity ?? [])),
    ...subtype.map((one) => coded('EventTypeCode', one)),
    ...(outcomeDesc === undefined ? [] : [content('EventOutcomeDescription', outcomeDesc)]),
  ];
  return element('EventIdentification', attributes, children);
}

/** The family of a RESTful interaction: what DICOM calls it. */
function eventIdOf(subtype: readonly Coding[], entities: readonly AuditEventEntity[]): Coding {
  if (subtype.some(({ code = '' }) => code.startsWith('search'))) return QUERY;
  return entities.some(isPatient) ? PATIENT_RECORD : ACTIVITY;
}

const isPatient = ({ role }: AuditEventEntity): boolean => role?.code === '1';

function participantOf({ type, who, name, requestor, network }: AuditEventAgent): string {
  const id = who?.reference ?? who?.identifier?.value ?? who?.display ?? 'unknown';
  const alternative = who?.identifier?.value;
  const [role] = type?.coding ?? [];
  const attributes = [
    ...given('UserID', id),
    ...given('AlternativeUserID', alternative === id ? undefined : alternative),
    ...given('UserName', name),
    ...given('UserIsRequestor', String(requestor)),
    ...given('NetworkAccessPointID', network?.address),
    ...given('NetworkAccessPointTypeCode', network?.address === undefined ? undefined : network.type),
  ];
  return element('ActiveParticipant', attributes, role === undefined ? [] : [coded('RoleIDCode', role)]);
}

function sourceOf({ source: { observer, site, type = [] } }: AuditEvent): string {
  const attributes = [
    ...given('AuditEnterpriseSiteID', site),
    ...given('AuditSourceID', observer.display ?? observer.identifier?.value ?? 'closeloop'),
  ];
  const types = type.map(({ code }) => element('AuditSourceTypeCode', given('csd-code', code), []));
  return element('AuditSourceIdentification', attributes, types);
}

/** What an id is: the values that the schema takes over from RFC 3881. */
const idType = (code: string, display: string): Coding => ({ system: 'RFC-3881', code, display });
const PATIENT_NUMBER = idType('2', 'Patient Number');
const SEARCH = idType('10', 'Search Criteria');
const URI = idType('12', 'URI');

/** Where an object is in its life, by the action on it; searches and operations say nothing of it. */
const LIFE_CYCLE: Readonly<Record<string, string>> = { C: '1', R: '6', U: '3', D: '14' };

function objectOf(entity: AuditEventEntity, { action = 'E' }: AuditEvent): string {
  const { what, type, role, query, detail = [], securityLabel = [] } = entity;
  const id = what?.reference ?? what?.identifier?.value ?? type?.code ?? 'unknown';
  const attributes = [
    ...given('ParticipantObjectID', id),
    ...given('ParticipantObjectTypeCode', within(type?.code, 4)),
    ...given('ParticipantObjectTypeCodeRole', within(role?.code, 26)),
    ...given('ParticipantObjectDataLifeCycle', role?.code === '4' ? LIFE_CYCLE[action] : undefined),
    ...given('ParticipantObjectSensitivity', securityLabel[0]?.code),
  ];
  const named =
    query === undefined ? content('ParticipantObjectName', id) : content('ParticipantObjectQuery', query);
  const details = detail.map((one) =>
    element('ParticipantObjectDetail', [
      ...given('type', one.type),
      ...given(
        'value',
        Buffer.from(one.valueString ?? one.valueBase64Binary ?? '', 'utf8').toString('base64'),
      ),
    ]),
  );
  const kind = query !== undefined ? SEARCH : isPatient(entity) ? PATIENT_NUMBER : URI;
  return element('ParticipantObjectIdentification', attributes, [
    coded('ParticipantObjectIDTypeCode', kind),
    named,
    ...details,
  ]);
}

/** A code of an attribute that takes 1 to so many. */
const within = (code: string | undefined, most: number): string | undefined =>
  code !== undefined && /^[1-9]\d?$/.test(code) && Number(code) <= most ? code : undefined;

// — XML

type Attribute = readonly [name: string, value: string];

const given = (name: string, value: string | undefined): readonly Attribute[] =>
  value === undefined ? [] : [[name, value]];

function coded(name: string, { system = '', code = '', display }: Coding): string {
  return element(name, [
    ['csd-code', code],
    ['codeSystemName', SYSTEM_NAMES[system] ?? (system === '' ? 'unknown' : system)],
    ['originalText', display ?? code],
  ]);
}

function element(name: string, attributes: readonly Attribute[], children: readonly string[] = []): string {
  const start = `<${name}${attributes.map(([key, value]) => ` ${key}="${escapeAttribute(printable(value))}"`).join('')}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`;
}

const content = (name: string, text: string): string =>
  `<${name}>${escapeXmlText(printable(text))}</${name}>`;
