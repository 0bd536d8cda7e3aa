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
