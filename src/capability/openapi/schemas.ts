/**
 * R4's types as JSON Schemas (OpenAPI 3.1, "Schema Object"), made from the table that validation reads. A schema says
 * what generated clients need: names, types, lists and codes. It leaves open what only validation knows: invariants,
 * choices that exclude each other, extensions in place of a value.
 */
import { PRIMITIVES } from '../../resources/validation/primitives.ts';
import { hasExtensions } from '../../resources/validation/schema.ts';
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
  type Element,
  type ElementType,
} from '../../resources/validation/structure.ts';
import { codesOf } from '../../resources/validation/value-sets.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** The longest list of codes in a schema; validation knows the longer ones. */
const CODES_MAX = 60;

export const refTo = (type: string): Schema => ({ $ref: `#/components/schemas/${type}` });

/** The schemas of these resource types and of every structure that they are made of, by name. */
export function buildSchemas(types: Iterable<string>): Readonly<Record<string, Schema>> {
  const schemas: Record<string, Schema> = { Resource: ANY_RESOURCE };
  const waiting = [...types];
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (schemas[type] !== undefined) continue;
    schemas[type] = buildSchema(type);
    for (const { code } of elementsOfType(type).flatMap((element) => element.types)) {
      if (!(code in PRIMITIVES)) waiting.push(code);
    }
    waiting.push('Element');
  }
  return Object.fromEntries(Object.entries(schemas).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

const ANY_RESOURCE: Schema = {
  type: 'object',
  description: 'A resource of any type.',
  properties: { resourceType: { type: 'string' } },
  required: ['resourceType'],
};

function buildSchema(type: string): Schema {
  const isResource = RESOURCE_TYPE_NAMES.has(type);
  const elements = elementsOfType(type);
  const required = elements.filter(({ min, choice }) => min > 0 && !choice).map(({ name }) => name);
  const all = [...(isResource ? ['resourceType'] : []), ...required];
  return {
    type: 'object',
    properties: {
      ...(isResource && { resourceType: { const: type } }),
      ...Object.fromEntries(elements.flatMap(propertiesOfElement)),
    },
    ...(all.length > 0 && { required: all }),
    additionalProperties: false,
  };
}

/** An element's properties: one, or one per type of a choice, and beside a primitive its id and extensions. */
function propertiesOfElement(element: Element): readonly (readonly [string, Schema])[] {
  return propertiesOf(element).flatMap(([name, type]) => {
    const schema = schemaOf(element, type);
    if (!hasExtensions(type)) return [[name, repeated(element, schema)] as const];
    return [
      [name, repeated(element, schema, NOTHING)] as const,
      [`_${name}`, repeated(element, refTo('Element'), NOTHING)] as const,
    ];
  });
}

/** `null` in a list of primitives stands for a value, or for extensions, that are absent. */
const NOTHING: Schema = { type: 'null' };

function repeated({ max }: Element, schema: Schema, ...others: readonly Schema[]): Schema {
  if (max <= 1) return schema;
  return { type: 'array', items: others.length > 0 ? { anyOf: [schema, ...others] } : schema, minItems: 1 };
}

function schemaOf({ valueSet }: Element, { code }: ElementType): Schema {
  const primitive = PRIMITIVES[code];
  if (primitive === undefined) return refTo(code);
  const codes = valueSet === undefined ? [] : Object.values(codesOf(valueSet) ?? {}).flat();
  const isListed = code === 'code' && codes.length > 0 && codes.length <= CODES_MAX;
  return isListed ? { ...primitive.schema, enum: [...new Set(codes)] } : primitive.schema;
}
