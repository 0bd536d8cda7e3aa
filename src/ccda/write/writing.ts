/** What every writer of a part of a document works with. */
import type { Reference, Resource } from '../../fhir/types.ts';
import type { LossKind, Losses } from '../losses.ts';

export interface Writing {
  readonly losses: Losses;
  /** Absolute base of the server: the ids of resources that have no identifier are their addresses. */
  readonly base: string;
  /** The resource that a reference names; undefined where the document does not include it. */
  readonly lookUp: (reference: Reference | undefined) => Resource | undefined;
  /** The time of the document, for entries that nobody dated. */
  readonly time: string;
  /** A new id for a piece of narrative: `problem1`. */
  readonly pieceId: (kind: string) => string;
  /** Makes the id of an act that no resource has an id for, from what it stands for: always the same for the same. */
  readonly actId: (what: string) => string;
}

/**
 * The same writing within a resource: a reference to what the resource contains (`#1`) is found there, and nowhere else.
 */
export const within = (writing: Writing, resource: Resource): Writing => {
  const contained = (resource['contained'] ?? []) as readonly Resource[]; // validated structure
  return {
    ...writing,
    lookUp(reference) {
      const text = reference?.reference;
      if (text?.startsWith('#') !== true) return writing.lookUp(reference);
      return contained.find(({ id = '' }) => `#${id}` === text);
    },
  };
};

/** Whether a part of a resource has an extension that may change, or turn round, what the resource means. */
export const isModified = (part: unknown): boolean =>
  typeof part === 'object' &&
  part !== null &&
  Object.entries(part).some(([name, value]) => name === 'modifierExtension' || isModified(value));

/** Where a resource stands, for a loss: `Condition/12`. */
export const placeOf = ({ resourceType, id }: Resource): string =>
  id === undefined ? resourceType : `${resourceType}/${id}`;

/** Tells a loss of an element of a resource. */
export const lose = (
  { losses }: Writing,
  kind: LossKind,
  resource: Resource,
  path: string,
  what: string,
): void => losses.add(kind, path === '' ? placeOf(resource) : `${placeOf(resource)}.${path}`, what);

/** Tells each member of a part of a resource that its writer does not carry. */
export function loseMembers(
  writing: Writing,
  resource: Resource,
  path: string,
  part: object,
  carried: readonly string[],
): void {
  for (const name of Object.keys(part)) {
    const plain = name.replace(/^_/, '');
    if (plain !== 'id' && !carried.includes(plain))
      lose(writing, 'unmapped', resource, `${path}.${plain}`, 'has no place in an entry of C-CDA');
  }
}

/** Members that every resource has and no document keeps; versions and texts are those of the server. */
const OWN: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'text', 'implicitRules', 'language']);

/** Tells each element of a resource that its writer does not carry. */
export function loseOthers(writing: Writing, resource: Resource, carried: readonly string[]): void {
  for (const name of Object.keys(resource)) {
    const plain = name.replace(/^_/, '');
    if (OWN.has(plain) || carried.includes(plain)) continue;
    if (plain === 'contained')
      lose(writing, 'narrowed', resource, plain, 'an entry has the names and codes of what is contained');
    else lose(writing, 'unmapped', resource, plain, 'has no place in an entry of C-CDA');
  }
}
