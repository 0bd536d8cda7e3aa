/** The context of an extension (http://hl7.org/fhir/R4/defining-extensions.html#context). */
import type { Resource } from '../../fhir/types.ts';
import { elementOf } from './node.ts';
import { propertiesOf, RESOURCE_TYPE_NAMES } from './structure.ts';

/** The carrier of an extension. */
export interface Carrier {
  /** Its value; absent for a primitive. */
  readonly value: unknown;
  readonly place: string;
  readonly type: string;
  /** Every element id and type by which a definition may name it. */
  readonly names: ReadonlySet<string>;
  /** The resource around it, and the place of that resource. */
  readonly resource: Resource;
  readonly resourcePlace: string;
}

/** Walks to the carrier of the extension at a place of a sound resource: `/name/0/extension/1`. */
export function carrierOf(root: Resource, extension: string): Carrier {
  const place = extension.replace(/\/(?:modifierE|e)xtension\/\d+$/, '');
  let at: Step = stepInto(root, '');
  let done = '';
  for (const part of place.split('/').slice(1)) {
    done += `/${part}`;
    const value = (at.value as Readonly<Record<string, unknown>> | undefined)?.[part];
    if (isResource(value)) at = stepInto(value, done);
    else if (/^\d+$/.test(part)) at = { ...at, value };
    else at = stepDown(at, part, value);
  }
  const { paths, type, ...rest } = at;
  return { ...rest, type, place, names: new Set([...paths, type, ...kindsOf(type)]) };
}

interface Step extends Omit<Carrier, 'names' | 'place'> {
  readonly paths: readonly string[];
}

const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && 'resourceType' in value;

function stepInto(resource: Resource, resourcePlace: string): Step {
  const type = resource.resourceType;
  return { value: resource, type, paths: [type], resource, resourcePlace };
}

/** The ids of an element: by the path from the resource, and by the path from the structure that defines it. */
function stepDown(at: Step, property: string, value: unknown): Step {
  const [name, type] = defined(at.type, property.replace(/^_/, ''));
  return { ...at, value, type, paths: [...at.paths, at.type].map((path) => `${path}.${name}`) };
}

/** The element of a property, and the type of its value: for `valueQuantity` these are `value[x]` and Quantity. */
function defined(type: string, property: string): readonly [name: string, type: string] {
  // A primitive has the properties of every element.
  const plain = elementOf(type, property) ?? elementOf('Element', property);
  if (plain !== undefined && !plain.choice) return [property, plain.types[0]?.code ?? ''];
  for (const name of prefixesOf(property)) {
    const element = elementOf(type, name);
    const found = element?.choice === true && propertiesOf(element).find(([each]) => each === property);
    if (found !== undefined && found !== false) return [`${name}[x]`, found[1].code];
  }
  return [property, ''];
}

/** `valueQuantity`: `value`; `onsetDateTime`: `onset`, `onsetDate`. */
const prefixesOf = (property: string): readonly string[] =>
  [...property.matchAll(/[A-Z]/g)].map(({ index }) => property.slice(0, index));

/** The supertypes of a type. `Element` stands for every carrier of extensions. */
function kindsOf(type: string): readonly string[] {
  if (RESOURCE_TYPE_NAMES.has(type)) return ['DomainResource', 'Resource', 'Element'];
  return [...(type.includes('.') ? ['BackboneElement'] : []), ...(KINDS[type] ?? []), 'Element'];
}

const INTEGER = ['integer'];
const STRING = ['string'];
const URI = ['uri'];
const QUANTITY = ['Quantity'];
const KINDS: Readonly<Record<string, readonly string[]>> = {
  positiveInt: INTEGER,
  unsignedInt: INTEGER,
  code: STRING,
  id: STRING,
  markdown: STRING,
  canonical: URI,
  oid: URI,
  url: URI,
  uuid: URI,
  Age: QUANTITY,
  Count: QUANTITY,
  Distance: QUANTITY,
  Duration: QUANTITY,
};
