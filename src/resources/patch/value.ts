/** Converts a value of a FHIRPath Patch to the JSON of its element (http://hl7.org/fhir/R4/fhirpatch.html). */
import { plainOf } from '../../fhir/json.ts';
import { isPrimitiveType, isPrimitiveValue } from '../type-names.ts';
import { propertiesOf, type Element } from '../validation/structure.ts';
import { PatchFault, type GivenPart, type GivenValue } from './read.ts';
import { besideOf, elementNamed, isObject, type Json } from './slot.ts';

/** The property under which a value stands, and the object beside it. */
interface Content {
  readonly property: string;
  readonly value: unknown;
  readonly beside: unknown;
}

/**
 * "The type of the value must be correct for the place at which it will be added/inserted."
 *
 * @param name the name of the element in the patch: by itself, or by one property of a choice
 * @throws PatchFault
 */
export function contentFor(element: Element, name: string, given: GivenValue): Content {
  const open = propertiesOf(element).filter(([property]) => name === element.name || property === name);
  for (const [property, { code }] of open) {
    const content = fit(property, code, given, element.choice);
    if (content !== undefined) return content;
  }
  throw new PatchFault(`the value is of no type that ${element.name} may have`);
}

function fit(property: string, code: string, given: GivenValue, isChoice: boolean): Content | undefined {
  switch (given.kind) {
    case 'resource':
      return code === 'Resource' ? { property, value: copyOf(given.resource), beside: undefined } : undefined;
    case 'parts':
      return isChoice || isPrimitiveType(code) || code === 'Resource'
        ? undefined
        : { property, value: build(code, given.parts), beside: undefined };
    default:
      return fitsType(code, given, isChoice)
        ? { property, value: copyOf(given.value), beside: copyOf(given.beside) }
        : undefined;
  }
}

/**
 * Whether a value's type fits. A primitive fits every type that could hold its value; in a choice, the type must be the
 * same.
 */
function fitsType(
  code: string,
  { type, value }: Extract<GivenValue, { kind: 'value' }>,
  isChoice: boolean,
): boolean {
  if (type === code) return true;
  if (isChoice || !isPrimitiveType(type) || !isPrimitiveType(code)) return false;
  return value === undefined || isPrimitiveValue(code, plainOf(value));
}

/** An element from its parts: "anonymous" types have no name that a value could have. */
function build(type: string, parts: readonly GivenPart[]): Json {
  const built: Json = {};
  for (const { name, given } of parts) {
    const element = elementNamed(type, name);
    if (element === undefined) throw new PatchFault('a part of the value is not an element of its type');
    const content = contentFor(element, name, given);
    if (element.max > 1) append(built, content);
    else if (Object.hasOwn(built, content.property)) throw new PatchFault('a part of the value stands twice');
    else put(built, content);
  }
  return built;
}

/** Sets an element that does not repeat. */
export function put(holder: Json, { property, value, beside }: Content): void {
  if (value !== undefined) holder[property] = value;
  if (beside !== undefined) holder[besideOf(property)] = beside;
}

/** Adds to the end of a list. */
export function append(holder: Json, content: Content): void {
  const list = holder[content.property];
  insertAt(holder, content, Array.isArray(list) ? list.length : 0);
}

/** Puts into a list, and into the list beside it when that is needed to keep the two in step. */
export function insertAt(holder: Json, { property, value, beside }: Content, index: number): void {
  const list = (holder[property] ??= []) as unknown[]; // an element that repeats
  list.splice(index, 0, value ?? null);
  const own = holder[besideOf(property)] as unknown[] | undefined; // likewise
  if (own === undefined && beside === undefined) return;
  const besides = own ?? [];
  while (besides.length < list.length - 1) besides.push(null);
  besides.splice(index, 0, beside ?? null);
  holder[besideOf(property)] = besides;
}

/** A copy of the patch's value. The request may be planned twice, so nothing may change the value itself. */
export function copyOf<T>(tree: T): T;
export function copyOf(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map((member: unknown) => copyOf(member));
  if (!isObject(tree)) return tree;
  const copy: Json = {};
  for (const name of Object.keys(tree)) copy[name] = copyOf(tree[name]); // whoever reads JSON refuses __proto__
  return copy;
}
