/** Values of a resource with their places and types, for the rules of profiles. */
import { hasExtensions } from './schema.ts';
import { elementsOfType, propertiesOf, type Element } from './structure.ts';

/** A value of a sound resource. */
export interface Node {
  /** The value; undefined for a primitive that has only extensions. */
  readonly value: unknown;
  /** Id and extensions of a primitive, from `_name`. */
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
    elements = new Map(elementsOfType(type).map((element) => [element.name, element]));
    index.set(type, elements);
  }
  return elements.get(name.endsWith('[x]') ? name.slice(0, -3) : name);
}

type Tree = Readonly<Record<string, unknown>>;

/** The values of an element: each member of a list, and primitives with only extensions. */
export function childNodesOf({ value, beside, place, type }: Node, name: string): readonly Node[] {
  const tree = (isTree(value) ? value : beside) as Tree | undefined;
  const at = isTree(value) ? place : besidePlace(place);
  if (tree === undefined || tree === null) return [];
  const nodes: Node[] = [];
  for (const property of propertiesNamed(isTree(value) ? type : 'Element', name))
    addValues(nodes, tree, at, property);
  return nodes;
}

/** A property that an element may have in JSON. */
interface Property {
  readonly name: string;
  readonly type: string;
  /** `_name`, for a type that may have extensions there. */
  readonly beside: string | undefined;
}

const properties = new Map<string, Map<string, readonly Property[]>>();

function propertiesNamed(type: string, name: string): readonly Property[] {
  const ofType = properties.get(type) ?? new Map<string, readonly Property[]>();
  const known = ofType.get(name);
  if (known !== undefined) return known;
  const element = elementOf(type, name);
  const found = (element === undefined ? [] : propertiesOf(element)).map(([property, elementType]) => ({
    name: property,
    type: elementType.code,
    beside: hasExtensions(elementType) ? `_${property}` : undefined,
  }));
  properties.set(type, ofType.set(name, found));
  return found;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** The place beside: `/_birthDate` for `/birthDate`, `/_given/1` for `/given/1`. */
const besidePlace = (place: string): string => place.replace(/\/([^/]+)((?:\/\d+)?)$/, '/_$1$2');

function addValues(nodes: Node[], tree: Tree, place: string, property: Property): void {
  const { name, type } = property;
  const value = tree[name];
  const beside = property.beside === undefined ? undefined : tree[property.beside];
  if (value === undefined && beside === undefined) return;
  const at = `${place}/${name}`;
  if (!Array.isArray(value) && !Array.isArray(beside))
    return void nodes.push(nodeOf(value, beside, at, type));
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  const besides: readonly unknown[] = Array.isArray(beside) ? beside : [];
  for (let index = 0; index < Math.max(values.length, besides.length); index += 1)
    nodes.push(nodeOf(values[index], besides[index], `${at}/${index}`, type));
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

/** Inner structures have R4's type, which no profile changes. */
export const isOfType = (type: string, code: string): boolean =>
  type === code ||
  type.includes('.') ||
  code === 'Resource' ||
  code === 'DomainResource' ||
  SAME[type] === code ||
  code === 'Element';

/** The name of FHIRPath's own string in the published definitions. */
const SAME: Readonly<Record<string, string>> = { id: 'string', uri: 'string' };
