/**
 * The people, organizations and devices that a document names in its many roles. One id is one party: an author who is
 * named in full once and by id alone elsewhere is the same practitioner.
 */
import type { CodeableConcept, Identifier, Reference } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { at, attributeOf, childOf, childrenOf, elementsOf, lineOf } from '../element.ts';
import { readConcept } from './concept.ts';
import { idKey, readIdentifiers } from './identifier.ts';
import { readAddresses, readNames, readTelecoms } from './person.ts';
import { add, type Reading } from './reading.ts';

/** Where the roles of CDA hold their person, and their organization. */
const PERSONS = [
  'assignedPerson',
  'associatedPerson',
  'informationRecipient',
  'playingEntity',
  'relatedPerson',
];
const ORGANIZATIONS = [
  'representedOrganization',
  'scopingOrganization',
  'receivedOrganization',
  'scopingEntity',
  'representedCustodianOrganization',
];

const first = (role: XmlElement, names: readonly string[]): XmlElement | undefined =>
  names.map((name) => childOf(role, name)).find((child) => child !== undefined);

/** A role of a document (`assignedAuthor`, `assignedEntity`, `intendedRecipient` …) as a reference to its party. */
export function readParty(reading: Reading, role: XmlElement | undefined): Reference | undefined {
  if (role === undefined) return undefined;
  const full = fullest(reading, role);
  const device = childOf(full, 'assignedAuthoringDevice');
  const organization = readOrganization(reading, first(full, ORGANIZATIONS));
  if (device !== undefined && childOf(full, 'assignedPerson') === undefined)
    return readDevice(reading, full, device, organization);
  const person = first(full, PERSONS);
  const names = readNames(reading, person);
  const identifier = readIdentifiers(reading, full);
  if (person === undefined && names.length === 0 && identifier.length === 0) return organization;
  const practitioner = remember(
    reading,
    partyKeys('Practitioner', full, names[0]?.text ?? nameKey(person)),
    () =>
      add(reading, {
        resourceType: 'Practitioner',
        identifier,
        name: names,
        telecom: readTelecoms(reading, full),
        address: readAddresses(reading, full),
      }),
  );
  const specialty = readConcept(reading, childOf(full, 'code'));
  if (organization === undefined && specialty === undefined) return practitioner;
  return readRole(reading, { practitioner, organization, specialty });
}

interface Role {
  readonly practitioner: Reference;
  readonly organization: Reference | undefined;
  readonly specialty: CodeableConcept | undefined;
}

function readRole(reading: Reading, { practitioner, organization, specialty }: Role): Reference {
  const key = `PractitionerRole ${practitioner.reference} ${organization?.reference ?? ''} ${JSON.stringify(specialty ?? '')}`;
  return remember(reading, [key], () =>
    add(reading, {
      resourceType: 'PractitionerRole',
      practitioner,
      organization,
      specialty: specialty === undefined ? [] : [specialty],
    }),
  );
}

/** An organization in whichever role; undefined where it has neither name nor id. */
export function readOrganization(reading: Reading, element: XmlElement | undefined): Reference | undefined {
  if (element === undefined) return undefined;
  const name = lineOf(childOf(element, 'name')) ?? lineOf(childOf(element, 'desc'));
  const identifier: readonly Identifier[] = readIdentifiers(reading, element);
  if (name === undefined && identifier.length === 0) return undefined;
  return remember(reading, partyKeys('Organization', element, name), () =>
    add(reading, {
      resourceType: 'Organization',
      identifier,
      name,
      telecom: readTelecoms(reading, element).map(notAtHome),
      address: readAddresses(reading, element).map(notAtHome),
    }),
  );
}

/** An organization has no home (org-2, org-3). */
function notAtHome<Place extends { readonly use?: string | undefined }>({
  use,
  ...place
}: Place): Omit<Place, 'use'> {
  return use === undefined || use === 'home' ? place : { ...place, use };
}

function readDevice(
  reading: Reading,
  role: XmlElement,
  device: XmlElement,
  owner: Reference | undefined,
): Reference {
  const model = lineOf(childOf(device, 'manufacturerModelName'));
  const software = lineOf(childOf(device, 'softwareName'));
  return remember(reading, partyKeys('Device', role, `${model ?? ''} ${software ?? ''}`), () =>
    add(reading, {
      resourceType: 'Device',
      identifier: readIdentifiers(reading, role),
      deviceName: [
        ...(model === undefined ? [] : [{ name: model, type: 'model-name' }]),
        ...(software === undefined ? [] : [{ name: software, type: 'manufacturer-name' }]),
      ],
      owner,
    }),
  );
}

/** Every id of a party, else its name, is a key under which it is found again. */
function partyKeys(kind: string, element: XmlElement, name: string | undefined): readonly string[] {
  const ids = childrenOf(element, 'id').flatMap((id) => idKey(id) ?? []);
  if (ids.length > 0) return ids.map((id) => `${kind} ${id}`);
  return name === undefined || name.trim() === '' ? [] : [`${kind} name ${name}`];
}

const nameKey = (person: XmlElement | undefined): string | undefined => lineOf(childOf(person, 'name'));

function remember(reading: Reading, keys: readonly string[], make: () => Reference): Reference {
  const { parties } = reading;
  const known = keys.map((key) => parties.get(key)).find((reference) => reference !== undefined) ?? make();
  for (const key of keys) if (!parties.has(key)) parties.set(key, known);
  return known;
}

/** The role of the document that shares an id with this one and says most; itself, where none says more. */
function fullest(reading: Reading, role: XmlElement): XmlElement {
  if (first(role, PERSONS) !== undefined || childOf(role, 'assignedAuthoringDevice') !== undefined)
    return role;
  const named = namedRoles(reading);
  return (
    idsOf(role)
      .map((id) => named.get(id))
      .find((one) => one !== undefined) ?? role
  );
}

const idsOf = (role: XmlElement): readonly string[] =>
  childrenOf(role, 'id').flatMap((id) => idKey(id) ?? []);

const NAMED = new WeakMap<XmlElement, ReadonlyMap<string, XmlElement>>();

/** The first role of each id in a document that names its person or device. */
function namedRoles({ document: { root } }: Reading): ReadonlyMap<string, XmlElement> {
  const known = NAMED.get(root);
  if (known !== undefined) return known;
  const found = new Map<string, XmlElement>();
  const walk = (element: XmlElement): void => {
    if (
      (element.name === 'assignedAuthor' || element.name === 'assignedEntity') &&
      (childOf(element, 'assignedPerson') !== undefined ||
        childOf(element, 'assignedAuthoringDevice') !== undefined)
    )
      for (const id of idsOf(element)) if (!found.has(id)) found.set(id, element);
    for (const child of elementsOf(element)) walk(child);
  };
  walk(root);
  NAMED.set(root, found);
  return found;
}

/** The authors of an act, each once. */
export const readAuthors = (reading: Reading, act: XmlElement): readonly Reference[] =>
  childrenOf(act, 'author').flatMap((author) => readParty(reading, childOf(author, 'assignedAuthor')) ?? []);

/** The performers of an act. */
export const readPerformers = (reading: Reading, act: XmlElement): readonly Reference[] =>
  childrenOf(act, 'performer').flatMap(
    (performer) => readParty(reading, childOf(performer, 'assignedEntity')) ?? [],
  );

/** The place of a participant of type LOC, by its name. */
export function readPlace(reading: Reading, act: XmlElement): Reference | undefined {
  const role = childrenOf(act, 'participant')
    .filter((one) => attributeOf(one, 'typeCode') === 'LOC')
    .map((one) => childOf(one, 'participantRole'))
    .find((one) => one !== undefined);
  const name = lineOf(at(role, 'playingEntity', 'name'));
  if (role === undefined || name === undefined) return undefined;
  return remember(reading, partyKeys('Location', role, name), () =>
    add(reading, {
      resourceType: 'Location',
      identifier: readIdentifiers(reading, role),
      name,
      type: [readConcept(reading, childOf(role, 'code'))].filter((code) => code !== undefined),
      telecom: readTelecoms(reading, role),
      address: readAddresses(reading, role)[0],
    }),
  );
}
