/** R4's types by their names, for code that describes values and holds none, such as parameters of operations. */
import { PRIMITIVES } from './validation/primitives.ts';
import { RESOURCE_TYPE_NAMES } from './validation/structure.ts';

/** Whether a name is a resource type of R4, served here or not, or `Resource` for any. */
export const isResourceType = (name: string): boolean =>
  name === 'Resource' || name === 'DomainResource' || RESOURCE_TYPE_NAMES.has(name);

export const isPrimitiveType = (name: string): boolean => Object.hasOwn(PRIMITIVES, name);

/** Whether a JSON value is a value of a primitive type. */
export function isPrimitiveValue(type: string, value: unknown): boolean {
  const primitive = PRIMITIVES[type];
  if (primitive === undefined) return false;
  const { schema, holds } = primitive;
  switch (schema['type']) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string' && holds?.(value) !== false;
    default:
      return typeof value === 'number' && isWithin(value, schema);
  }
}

function isWithin(value: number, { type, minimum, maximum }: Readonly<Record<string, unknown>>): boolean {
  if (type === 'integer' && !Number.isInteger(value)) return false;
  return (
    Number.isFinite(value) &&
    (typeof minimum !== 'number' || value >= minimum) &&
    (typeof maximum !== 'number' || value <= maximum)
  );
}

/** The JSON value of a primitive in a query string; undefined when the text is no value of that type. */
export function primitiveFromText(type: string, text: string): unknown {
  const kind = PRIMITIVES[type]?.schema['type'];
  const value = kind === 'boolean' ? readBoolean(text) : kind === 'string' ? text : readNumber(text);
  return isPrimitiveValue(type, value) ? value : undefined;
}

const readBoolean = (text: string): unknown =>
  text === 'true' ? true : text === 'false' ? false : undefined;

const readNumber = (text: string): unknown =>
  /^-?\d{1,20}(?:\.\d{1,20})?$/.test(text) ? Number(text) : undefined;

/** The form of a primitive type's values, for a person. */
export const wordsOfPrimitive = (type: string): string => PRIMITIVES[type]?.says ?? type;

const BY_FOLDED: ReadonlyMap<string, string> = new Map(
  [...RESOURCE_TYPE_NAMES].map((type) => [type.toLowerCase(), type]),
);

/** The type of R4 that is written in another case, or in the plural. */
export function nearType(name: string): string | undefined {
  const folded = name.toLowerCase();
  const near = BY_FOLDED.get(folded) ?? BY_FOLDED.get(folded.replace(/s$/, ''));
  return near === name ? undefined : near;
}

/** The end of a sentence about a name that is no type. */
export function meantType(name: string): string {
  const near = nearType(name);
  return near === undefined ? '' : `; did you mean ${near}?`;
}
