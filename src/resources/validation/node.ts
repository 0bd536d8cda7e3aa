/** Values of a resource with their places and types, as the rules of profiles walk them. */
import { hasExtensions } from './schema.ts';
import { elementsOf, propertiesOf, type Element } from './structure.ts';

/** A value of a sound resource. */
export interface Node {
  /** Undefined for a primitive that has only extensions. */
  readonly value: unknown;
  /** Id and extensions of a primitive, which stand in `_name`. */
  readonly beside?: unknown;
  /** JSON pointer from the outermost resource. */
  readonly place: string;
  /** A primitive, datatype, inner structure (`Task.input`) or resource type. */
  readonly type: string;
}

const index = new Map<string, ReadonlyMap<string, Element>>();

/** An element of a type by its name, with or without `[x]`. */
export function elementOf(type: string, name: string): Element | undefined {
  let elements = index.get(type);
  if (elements === undefined) {
    elements = new Map(elementsOf(type).map((element) => [element.name, element]));
    index.set(type, elements);
  }
  return elements.get(name.endsWith('[x]') ? name.slice(0, -3) : name);
}

type Tree = Readonly<Record<string, unknown>>;

/** The values of an element, each member of a list; a primitive that is only extensions is there too. */
export function childrenOf({ value, beside, place, type }: Node, name: string): readonly Node[] {
  const tree = (isTree(value) ? value : beside) as Tree | undefined;
  const at = isTree(value) ? place : besidePlace(place);
  if (tree === undefined || tree === null) return [];
  const element = elementOf(isTree(value) ? type : 'Element', name);
  if (element === undefined) return [];
  return propertiesOf(element).flatMap(([property, elementType]) =>
    valuesOf(tree, at, property, elementType.code, hasExtensions(elementType)),
  );
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Of `/birthDate` it is `/_birthDate`, of `/given/1` it is `/_given/1`. */
const besidePlace = (place: string): string => place.replace(/\/([^/]+)((?:\/\d+)?)$/, '/_$1$2');

function valuesOf(
  tree: Tree,
  place: string,
  name: string,
  type: string,
  primitive: boolean,
): readonly Node[] {
  const value = tree[name];
  const beside = primitive ? tree[`_${name}`] : undefined;
  if (value === undefined && beside === undefined) return [];
  const at = `${place}/${name}`;
  if (!Array.isArray(value) && !Array.isArray(beside)) return [nodeOf(value, beside, at, type)];
  const [values, besides] = [value, beside].map((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  const length = Math.max(values?.length ?? 0, besides?.length ?? 0);
  return Array.from({ length }, (_, at_) => nodeOf(values?.[at_], besides?.[at_], `${at}/${at_}`, type));
}

function nodeOf(value: unknown, beside: unknown, place: string, type: string): Node {
  const own = type === 'Resource' && isTree(value) ? value['resourceType'] : undefined;
  return {
    value: value ?? undefined,
    ...(isTree(beside) && { beside }),
    place,
    type: typeof own === 'string' ? own : type,
  };
}

/** Inner structures are of the type that R4 gives them, which no profile changes. */
export const isOfType = (type: string, code: string): boolean =>
  type === code ||
  type.includes('.') ||
  code === 'Resource' ||
  code === 'DomainResource' ||
  SAME[type] === code ||
  code === 'Element';

/** What the published definitions call FHIRPath's own string. */
const SAME: Readonly<Record<string, string>> = { id: 'string', uri: 'string' };
