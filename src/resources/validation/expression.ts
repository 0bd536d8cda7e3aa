/** Places as FHIRPath, which is how an OperationOutcome names them (`Task.input[0].value`). */
import type { Resource } from '../../fhir/types.ts';
import { hasExtensions } from './schema.ts';
import { elementsOfType, propertiesOf, type Element } from './structure.ts';

/** The FHIRPath expression of a JSON pointer into a resource. */
export function toExpression(resource: Resource, pointer: string): string {
  let expression = resource.resourceType;
  let type: string | undefined = resource.resourceType;
  let value: unknown = resource;
  for (const part of pointer.split('/').slice(1).map(unescape)) {
    value = memberOf(value, part);
    if (/^\d+$/.test(part)) {
      expression += `[${part}]`;
      type = resourceTypeOf(value) ?? type;
      continue;
    }
    const [element, code]: readonly [string, (string | undefined)?] = stepOf(type, part);
    expression += `.${element}`;
    type = resourceTypeOf(value) ?? code;
  }
  return expression;
}

/** The element that a property belongs to, and its type. */
function stepOf(
  type: string | undefined,
  property: string,
): readonly [name: string, type?: string | undefined] {
  for (const element of type === undefined ? [] : elementsOfType(type)) {
    if (element.name === property) return [element.name, onlyType(element)];
    for (const [name, valueType] of propertiesOf(element)) {
      if (name === property) return [element.name, valueType.code];
      if (`_${name}` === property && hasExtensions(valueType)) return [element.name, 'Element'];
    }
  }
  return [/^[A-Za-z_]\w{0,63}$/.test(property) ? property : '`?`'];
}

function onlyType({ types }: Element): string | undefined {
  return types.length === 1 ? types[0]?.code : undefined;
}

function memberOf(value: unknown, part: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[part]
    : undefined;
}

/** Inside `contained`, an entry or a parameter, the resource's own type counts. */
function resourceTypeOf(value: unknown): string | undefined {
  const type = memberOf(value, 'resourceType');
  return typeof type === 'string' ? type : undefined;
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
