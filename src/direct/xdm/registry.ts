/** METADATA.XML as objects of ebRIM 3.0 (ITI TF-3 4.2.1): slots, classifications, identifiers, and what belongs to what. */
import { readTree, type TreeLimits, type XmlElement } from '../../xml/tree.ts';
import { BrokenPackage } from './broken-package.ts';
import { HAS_MEMBER, RIM, SET_NODE } from './ebrim.ts';
import type { XdmCode } from './submission.ts';

/** A code, or an author, of an object. */
interface Classified {
  readonly code: string;
  readonly display: string | undefined;
  readonly slots: Slots;
}

/** Values by the name of the slot in lower case. */
type Slots = ReadonlyMap<string, readonly string[]>;

/** A document's entry or a submission set. */
export interface RegistryObject {
  readonly id: string | undefined;
  readonly mimeType: string | undefined;
  readonly slots: Slots;
  readonly name: string | undefined;
  /** By scheme. */
  readonly classified: ReadonlyMap<string, readonly Classified[]>;
  /** By scheme. */
  readonly identifiers: ReadonlyMap<string, string>;
}

/** A submission set and the entries of its documents, in their order. */
export interface RegistrySet {
  readonly set: RegistryObject;
  readonly entries: readonly RegistryObject[];
}

/** An entry has about 130 elements. */
const TREE: Omit<TreeLimits, 'bytes'> = { elements: 30_000, depth: 40 };
/** Characters of a value that is read, and values of a slot: four times what ebRIM allows, and more than anybody needs. */
const CHARACTERS_MAX = 1024;
const VALUES_MAX = 100;

/** What a submission set is not: a folder of documents. */
const FOLDER_NODE = 'urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2';

/** Classifications that stand beside the objects, by the id of what they classify. */
type Apart = ReadonlyMap<string, readonly XmlElement[]>;

/**
 * The submission sets of METADATA.XML, and no more of them than `most`. Elements are known by namespace and name, whatever
 * their prefix.
 *
 * @throws BrokenPackage `metadata-unreadable`, `too-many-files`
 */
export async function readRegistry(bytes: Uint8Array, most: number): Promise<readonly RegistrySet[]> {
  const list = findList(await treeOf(bytes), LIST_DEPTH);
  if (list === undefined) throw new BrokenPackage('metadata-unreadable');
  const objects = childrenOf(list);
  const apart = groupBy(objects, 'Classification', 'classifiedObject');
  const packages = objects.filter(({ name }) => name === 'RegistryPackage');
  const sets = packages.filter((one) => nodesOf(one, apart).has(SET_NODE));
  // Where nothing is said to be one, what is no folder is.
  const known = sets.length > 0 ? sets : packages.filter((one) => !nodesOf(one, apart).has(FOLDER_NODE));
  const entries = objects.filter(({ name }) => name === 'ExtrinsicObject');
  if (known.length > most || entries.length > most) throw new BrokenPackage('too-many-files');
  const ids = [...known, ...entries].map(idOf).filter((id) => id !== '');
  if (new Set(ids).size < ids.length) throw new BrokenPackage('metadata-unreadable');
  const members = groupBy(objects, 'Association', 'sourceObject');
  return known.map((set) => {
    const mine = new Set(
      members
        .get(idOf(set))
        ?.filter(isMembership)
        .map(({ attributes }) => attributes['targetObject']),
    );
    const its = known.length === 1 ? entries : entries.filter((entry) => mine.has(idOf(entry)));
    return { set: readObject(set, apart), entries: its.map((entry) => readObject(entry, apart)) };
  });
}

async function treeOf(bytes: Uint8Array): Promise<XmlElement> {
  try {
    return await readTree(bytes, { bytes: bytes.length, ...TREE });
  } catch {
    throw new BrokenPackage('metadata-unreadable');
  }
}

/** Elements around the list of objects: a request of XDR has it further in than METADATA.XML. */
const LIST_DEPTH = 4;

function findList(element: XmlElement, depth: number): XmlElement | undefined {
  if (element.name === 'RegistryObjectList' && element.namespace === RIM) return element;
  if (depth === 0) return undefined;
  for (const child of element.children) {
    const found = typeof child === 'string' ? undefined : findList(child, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const childrenOf = (element: XmlElement, name?: string): readonly XmlElement[] =>
  element.children.filter(
    (child): child is XmlElement =>
      typeof child !== 'string' && child.namespace === RIM && (name === undefined || child.name === name),
  );

const idOf = ({ attributes }: XmlElement): string => attributes['id'] ?? '';

/** Objects of a name by the object that an attribute of theirs names. */
function groupBy(
  objects: readonly XmlElement[],
  name: string,
  attribute: string,
): ReadonlyMap<string, XmlElement[]> {
  const groups = new Map<string, XmlElement[]>();
  for (const object of objects) {
    if (object.name !== name) continue;
    const key = object.attributes[attribute] ?? '';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [object]);
    else group.push(object);
  }
  return groups;
}

const isMembership = ({ attributes: { associationType: type } }: XmlElement): boolean =>
  type === HAS_MEMBER || type === 'HasMember';

/** The classifications of an object: in it, or beside it. */
const classificationsOf = (element: XmlElement, apart: Apart): readonly XmlElement[] => [
  ...childrenOf(element, 'Classification'),
  ...((idOf(element) === '' ? undefined : apart.get(idOf(element))) ?? []),
];

const nodesOf = (element: XmlElement, apart: Apart): ReadonlySet<string> =>
  new Set(
    classificationsOf(element, apart).map(({ attributes }) => schemeIn(attributes['classificationNode'])),
  );

/** Schemes are UUIDs, which some write in capital letters. */
const schemeIn = (scheme: string | undefined): string => scheme?.trim().toLowerCase() ?? '';

function readObject(element: XmlElement, apart: Apart): RegistryObject {
  const classified = new Map<string, Classified[]>();
  for (const one of classificationsOf(element, apart)) {
    const scheme = schemeIn(one.attributes['classificationScheme']);
    const read = {
      code: short(one.attributes['nodeRepresentation']) ?? '',
      display: nameOf(one),
      slots: slotsOf(one),
    };
    const others = classified.get(scheme);
    if (others === undefined) classified.set(scheme, [read]);
    else others.push(read);
  }
  return {
    id: short(element.attributes['id']),
    mimeType: short(element.attributes['mimeType']),
    slots: slotsOf(element),
    name: nameOf(element),
    classified,
    identifiers: new Map(
      childrenOf(element, 'ExternalIdentifier').map(({ attributes }) => [
        schemeIn(attributes['identificationScheme']),
        short(attributes['value']) ?? '',
      ]),
    ),
  };
}

/** A text that is not empty, and not longer than anybody needs. */
function short(text: string | undefined): string | undefined {
  const value = text?.trim();
  return value === undefined || value === '' || value.length > CHARACTERS_MAX ? undefined : value;
}

function slotsOf(element: XmlElement): Slots {
  const slots = new Map<string, readonly string[]>();
  for (const slot of childrenOf(element, 'Slot')) {
    const values = childrenOf(slot, 'ValueList')
      .flatMap((list) => childrenOf(list, 'Value'))
      .slice(0, VALUES_MAX)
      .map((value) =>
        value.children
          .filter((child) => typeof child === 'string')
          .join('')
          .trim(),
      )
      .filter((value) => value !== '' && value.length <= CHARACTERS_MAX);
    slots.set(slot.attributes['name']?.toLowerCase() ?? '', values);
  }
  return slots;
}

function nameOf(element: XmlElement): string | undefined {
  const [localized] = childrenOf(element, 'Name').flatMap((name) => childrenOf(name, 'LocalizedString'));
  return short(localized?.attributes['value']);
}

// — what readers ask

export const valuesIn = (slots: Slots, name: string): readonly string[] =>
  slots.get(name.toLowerCase()) ?? [];

export const valueOf = (object: RegistryObject, name: string): string | undefined =>
  valuesIn(object.slots, name)[0];

/** The codes of a scheme; one without a code is none. */
export const codesUnder = (object: RegistryObject, scheme: string): readonly XdmCode[] =>
  (object.classified.get(scheme) ?? [])
    .filter(({ code }) => code !== '')
    .map(({ code, display, slots }) => ({
      code,
      system: valuesIn(slots, 'codingScheme')[0] ?? '',
      ...(display === undefined ? {} : { display }),
    }));
