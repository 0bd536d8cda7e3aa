/** What every reader of a part of a document works with. */
import type { Reference, Resource } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import type { ClinicalDocument } from '../document.ts';
import type { LossKind, Losses } from '../losses.ts';

export interface Reading {
  readonly document: ClinicalDocument;
  readonly losses: Losses;
  /** The offset of times that have none: that of the document's own time, else the sender's; undefined where neither is known. */
  readonly zone: string | undefined;
  /** Makes the id of a resource: a UUID. */
  readonly newId: () => string;
  /** The resources converted so far, in the order in which they were found. */
  readonly resources: Converted[];
  /** Parties by their ids and names, so that each becomes one resource. */
  readonly parties: Map<string, Reference>;
  /** Images that are shown already: each is shown once. Undefined where none is. */
  readonly images: Set<XmlElement> | undefined;
  /** Characters of narrative that entries may still copy. */
  readonly copies: { left: number };
}

/** Entries may refer to one piece of narrative any number of times: so much is copied, and no more. */
const COPIED_MAX = 16 * 1024 * 1024;

/** Begins the reading of a document. */
export const readingOf = (
  document: ClinicalDocument,
  losses: Losses,
  { zone, newId }: Pick<Reading, 'zone' | 'newId'>,
): Reading => ({
  document,
  losses,
  zone,
  newId,
  resources: [],
  parties: new Map(),
  images: new Set(),
  copies: { left: COPIED_MAX },
});

/** Copies a piece of narrative for the entry that refers to it; undefined once the document's budget of copies is spent. */
export function copied(
  reading: Reading,
  from: XmlElement,
  copy: () => string | undefined,
): string | undefined {
  const { copies } = reading;
  if (copies.left > 0) {
    const text = copy();
    copies.left -= text?.length ?? 0;
    if (copies.left > 0) return text;
  }
  lose(reading, 'narrowed', from, 'the narrative is repeated too often: it stays in its section');
  return undefined;
}

/** Tells a loss of an element. */
export const lose = (
  { document, losses }: Reading,
  kind: LossKind,
  element: XmlElement,
  what: string,
): void => losses.add(kind, document.pathOf(element), what);

/** A resource of the converted document, which others refer to by `urn:uuid:` and its id. */
export type Converted = Resource & { readonly id: string };

export const urnOf = ({ id }: Pick<Converted, 'id'>): string => `urn:uuid:${id}`;

/** Adds a resource to the converted document; members that are undefined or empty lists are left out. */
export function add(reading: Reading, resource: Resource): Reference {
  const id = reading.newId();
  reading.resources.push({ ...trimmed(resource), id });
  return { reference: urnOf({ id }) };
}

/** A tree without what says nothing: FHIR has no empty list and no null. */
export function trimmed<Tree extends object>(tree: Tree): Tree {
  const kept = Object.entries(tree).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(kept) as Tree; // the same members, less those that may be absent
}
