/** The JSON Schema of one type, made from its rows. Our own keywords cover what a schema cannot express. */
import { PRIMITIVES } from './primitives.ts';
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
  type Element,
  type ElementType,
} from './structure.ts';
import { codesOf } from './value-sets.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * Other types are not part of it: `element` and `resource` look them up when they meet one, so that each type is
 * compiled once, by itself, when it is first used.
 */
export function buildSchema(type: string): Schema {
  const properties: Record<string, Schema> = {};
  if (RESOURCE_TYPE_NAMES.has(type)) properties['resourceType'] = { type: 'string' };
  for (const element of elementsOfType(type)) {
    for (const [name, valueType] of propertiesOf(element)) {
      properties[name] = repeat(element, valueSchema(element, valueType));
      if (hasExtensions(valueType)) properties[`_${name}`] = repeat(element, EXTENSIONS);
    }
  }
  return { type: 'object', properties, additionalProperties: false, structure: type };
}

/** A primitive whose id and extensions stand in `_name` (http://hl7.org/fhir/R4/json.html#primitive). */
export function hasExtensions({ code, attribute }: ElementType): boolean {
  return code in PRIMITIVES && !attribute;
}

const EXTENSIONS: Schema = { type: 'object', element: 'Element' };

/**
 * Generated code judges lists up to this length, and finds all faults; longer lists are judged until enough faults are
 * found.
 */
const SHORT_MAX = 64;

/** `null` in a list stands for an absent value, or for absent extensions. */
function repeat({ max, types }: Element, schema: Schema): Schema {
  if (max <= 1) return schema;
  const nullable = types.every(hasExtensions) && { nullable: true };
  return {
    type: 'array',
    minItems: 1,
    ...(Number.isFinite(max) && { maxItems: max }),
    allOf: [
      { if: { minItems: SHORT_MAX + 1 }, else: { items: { ...schema, ...nullable } } },
      { if: { maxItems: SHORT_MAX }, else: { members: { ...schema, ...nullable } } },
    ],
  };
}

function valueSchema({ name, valueSet }: Element, { code, targets }: ElementType): Schema {
  const bound = valueSet !== undefined && codesOf(valueSet) !== undefined;
  const primitive = PRIMITIVES[code];
  if (primitive !== undefined) {
    const form = bound ? { code: valueSet } : primitive.holds !== undefined && { format: code };
    return { ...primitive.schema, ...form };
  }
  if (code === 'Resource') return { type: 'object', resource: name };
  return {
    type: 'object',
    element: code,
    ...(bound && { concept: valueSet }),
    ...(targets.length > 0 && (code === 'Quantity' ? { simple: true } : { targets })),
  };
}
