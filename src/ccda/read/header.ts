/** The header of a document as the Composition of a document Bundle, and what others need to know of it. */
import { table } from '../table.ts';
import type { Identifier, Reference } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, lineOf } from '../element.ts';
import { readConcept } from './concept.ts';
import { readIdentifier, readIdentifiers } from './identifier.ts';
import { readAuthors, readOrganization, readParty } from './parties.ts';
import { readAddresses, readNames, readTelecoms } from './person.ts';
import { add, lose, trimmed, type Reading } from './reading.ts';
import { periodOf, readInterval, readTime } from './time.ts';

/** The facts of a document that a DocumentReference states. */
export interface DocumentFacts {
  /** The id of this very document. */
  readonly id: Identifier;
  /** The id that all versions of it share, and which of them this is. */
  readonly setId: Identifier | undefined;
  readonly version: number | undefined;
  readonly title: string | undefined;
  /** LOINC of the document, where it has one. */
  readonly type: string | undefined;
  readonly date: string | undefined;
  /** The orders that it answers: ids of referrals. */
  readonly fulfills: readonly Identifier[];
  /** The documents that it replaces, appends to or transforms. */
  readonly related: readonly { readonly type: string; readonly id: Identifier }[];
}

export function documentFactsOf(reading: Reading): DocumentFacts {
  const { root } = reading.document;
  const read = (element: XmlElement | undefined) =>
    element === undefined ? undefined : readIdentifier(reading, element);
  const version = Number(attributeOf(childOf(root, 'versionNumber'), 'value') ?? Number.NaN);
  return {
    id: read(childOf(root, 'id')) ?? {},
    setId: read(childOf(root, 'setId')),
    version: Number.isInteger(version) && version >= 0 ? version : undefined,
    title: lineOf(childOf(root, 'title')),
    type: attributeOf(childOf(root, 'code'), 'code'),
    date: readTime(reading, childOf(root, 'effectiveTime')),
    fulfills: childrenOf(root, 'inFulfillmentOf').flatMap((one) =>
      readIdentifiers(reading, childOf(one, 'order')),
    ),
    related: childrenOf(root, 'relatedDocument').flatMap((one) => relatedOf(reading, one)),
  };
}

const RELATIONS: Readonly<Record<string, string>> = table({
  RPLC: 'replaces',
  APND: 'appends',
  XFRM: 'transforms',
});

function relatedOf(reading: Reading, element: XmlElement): DocumentFacts['related'] {
  const type = RELATIONS[attributeOf(element, 'typeCode') ?? ''];
  const parent = childOf(element, 'parentDocument');
  return type === undefined ? [] : readIdentifiers(reading, parent).map((id) => ({ type, id }));
}

/** The members of the Composition that the header gives. */
export function readHeader(reading: Reading, facts: DocumentFacts, visit: Reference | undefined): object {
  const { root } = reading.document;
  const language = attributeOf(childOf(root, 'languageCode'), 'code');
  const authors = readAuthors(reading, root);
  tellUnread(reading);
  return trimmed({
    language,
    identifier: facts.setId ?? facts.id,
    status: 'final',
    type: readConcept(reading, childOf(root, 'code')) ?? { text: facts.title ?? 'Clinical document' },
    encounter: visit,
    date: facts.date ?? noDate(reading),
    author: authors.length > 0 ? authors : [{ display: 'unknown' }],
    title: facts.title ?? 'Clinical document',
    attester: attestersOf(reading),
    custodian: readOrganization(
      reading,
      at(root, 'custodian', 'assignedCustodian', 'representedCustodianOrganization'),
    ),
    relatesTo: facts.related.map(({ type, id }) => ({ code: type, targetIdentifier: id })),
    event: eventsOf(reading),
  });
}

function noDate(reading: Reading): string {
  const { root } = reading.document;
  lose(reading, 'defaulted', root, 'the document has no time');
  return '1900';
}

const MODES = [
  ['legalAuthenticator', 'legal'],
  ['authenticator', 'professional'],
] as const;

const attestersOf = (reading: Reading): readonly object[] =>
  MODES.flatMap(([name, mode]) =>
    childrenOf(reading.document.root, name).map((element) =>
      trimmed({
        mode,
        time: readTime(reading, childOf(element, 'time')),
        party: readParty(reading, childOf(element, 'assignedEntity')),
      }),
    ),
  );

/** What the document is about: the care of a period, by its performers. */
function eventsOf(reading: Reading): readonly object[] {
  return childrenOf(reading.document.root, 'documentationOf').flatMap((element) => {
    const service = childOf(element, 'serviceEvent');
    if (service === undefined) return [];
    const classCode = attributeOf(service, 'classCode') ?? 'PCPR';
    const code = readConcept(reading, childOf(service, 'code'));
    const performers = childrenOf(service, 'performer');
    for (const performer of performers) readParty(reading, childOf(performer, 'assignedEntity'));
    return [
      trimmed({
        code: [
          { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActClass', code: classCode }] },
          ...(code === undefined ? [] : [code]),
        ],
        period: periodOf(readInterval(reading, childOf(service, 'effectiveTime'))),
      }),
    ];
  });
}

/** Whom the document is meant for. */
export const readRecipients = (reading: Reading): readonly Reference[] =>
  childrenOf(reading.document.root, 'informationRecipient').flatMap(
    (one) => readParty(reading, childOf(one, 'intendedRecipient')) ?? [],
  );

const ROLE_CLASS = 'http://terminology.hl7.org/CodeSystem/v3-RoleClass';

/** People around the patient become RelatedPersons; a call-back contact has no place in FHIR. */
export function readRelatives(reading: Reading, patient: Reference): void {
  for (const participant of childrenOf(reading.document.root, 'participant')) {
    const entity = childOf(participant, 'associatedEntity');
    const person = childOf(entity, 'associatedPerson');
    const name = readNames(reading, person);
    if (attributeOf(participant, 'typeCode') !== 'IND' || entity === undefined || name.length === 0) {
      lose(reading, 'unmapped', participant, 'a participant of this kind stays in the document');
      continue;
    }
    const code = childOf(entity, 'code');
    const relationship = readConcept(reading, code);
    const role = attributeOf(entity, 'classCode');
    add(reading, {
      resourceType: 'RelatedPerson',
      identifier: readIdentifiers(reading, entity),
      patient,
      relationship: [
        ...(relationship === undefined ? [] : [relationship]),
        ...(code === undefined && role !== undefined
          ? [{ coding: [{ system: ROLE_CLASS, code: role }] }]
          : []),
      ],
      name,
      telecom: readTelecoms(reading, entity),
      address: readAddresses(reading, entity),
    });
  }
}

/** Parts of the header that become nothing. */
function tellUnread(reading: Reading): void {
  for (const name of ['dataEnterer', 'informant', 'authorization']) {
    for (const element of childrenOf(reading.document.root, name))
      lose(reading, 'unmapped', element, 'this part of the header stays in the document');
  }
}
