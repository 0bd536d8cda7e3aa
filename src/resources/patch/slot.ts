/**
 * A place in the JSON of a resource that a patch may read, fill or empty. FHIR's JSON splits a primitive in two
 * (`birthDate` and `_birthDate`, http://hl7.org/fhir/R4/json.html#primitive); a slot is both.
 */
import { isPrimitiveType } from '../type-names.ts';
import { elementsOfType, propertiesOf, type Element } from '../validation/structure.ts';
import type { NodePath } from '../fhirpath.ts';

export type Json = Record<string, unknown>;

export interface PatchSlot {
  readonly holder: Json;
  /** The name in JSON: a choice includes its type, `deceasedBoolean`. */
  readonly property: string;
  /** The index; undefined when the element does not repeat. */
  readonly index: number | undefined;
  readonly element: Element;
  /** R4's type of the value: `HumanName`, `Patient.contact`, `date`. */
  readonly type: string;
  /** The slot around; undefined for an element of the resource itself. */
  readonly parent: PatchSlot | undefined;
}

/** The element of a type, by its own name or by that of a choice's property. */
export const elementNamed = (type: string, name: string): Element | undefined =>
  elementsOfType(isPrimitiveType(type) ? 'Element' : type).find(
    (element) =>
      element.name === name || (element.choice && propertiesOf(element).some(([own]) => own === name)),
  );

export const besideOf = (property: string): string => `_${property}`;

/** The slot of a node that FHIRPath found; undefined for the resource itself, and when R4 has no such element. */
export function slotAt(tree: Json, path: NodePath): PatchSlot | undefined {
  let slot: PatchSlot | undefined;
  for (let at = 0; at < path.length; at += 1) {
    const [name, next] = [path[at], path[at + 1]];
    const index = typeof next === 'number' ? next : undefined;
    if (index !== undefined) at += 1;
    const holder = insideOf(tree, slot);
    const found = holder === undefined ? undefined : slotIn(tree, holder, slot, String(name), index);
    if (found === undefined) return undefined;
    slot = found;
  }
  return slot;
}

function slotIn(
  tree: Json,
  holder: Json,
  parent: PatchSlot | undefined,
  name: string,
  index: number | undefined,
): PatchSlot | undefined {
  const element = elementNamed(typeInside(tree, parent), name);
  if (element === undefined) return undefined;
  const [property, type] = propertyIn(holder, element) ?? [];
  if (property === undefined || type === undefined) return undefined;
  return { holder, property, index, element, type, parent };
}

/** The property of an element that has a value, and its type. */
export function propertyIn(
  holder: Json,
  element: Element,
): readonly [property: string, type: string] | undefined {
  const found = propertiesOf(element).find(
    ([property]) => Object.hasOwn(holder, property) || Object.hasOwn(holder, besideOf(property)),
  );
  return found === undefined ? undefined : [found[0], found[1].code];
}

/** The type of the elements inside a slot, or inside the resource itself. */
export function typeInside(tree: Json, slot: PatchSlot | undefined): string {
  const whole = slot === undefined ? tree : slot.type === 'Resource' ? slotValue(slot) : undefined;
  return whole === undefined ? (slot?.type ?? '') : String((whole as Json)['resourceType']); // a resource is an object
}

/** The object with the properties inside a slot; for a primitive, the object beside it. */
export function insideOf(tree: Json, slot: PatchSlot | undefined): Json | undefined {
  if (slot === undefined) return tree;
  const inside = isPrimitiveType(slot.type)
    ? pick(slot.holder[besideOf(slot.property)], slot.index)
    : slotValue(slot);
  return isObject(inside) ? inside : undefined;
}

/** The same object; for a primitive without one, the function adds it. */
export function openInside(tree: Json, slot: PatchSlot | undefined): Json {
  const inside = insideOf(tree, slot);
  if (inside !== undefined || slot === undefined) return inside ?? tree;
  const opened: Json = {};
  const beside = besideOf(slot.property);
  if (slot.index === undefined) slot.holder[beside] = opened;
  else {
    const length = (slot.holder[slot.property] as readonly unknown[] | undefined)?.length ?? slot.index + 1; // it has an index
    const list = listIn(slot.holder, beside);
    while (list.length < length) list.push(null);
    list[slot.index] = opened;
  }
  return opened;
}

const slotValue = ({ holder, property, index }: PatchSlot): unknown => pick(holder[property], index);

const pick = (value: unknown, index: number | undefined): unknown =>
  index === undefined ? value : Array.isArray(value) ? value[index] : undefined;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);

/** The list of a property; the function adds it when it is absent. */
function listIn(holder: Json, property: string): unknown[] {
  const list = holder[property];
  if (Array.isArray(list)) return list;
  const made: unknown[] = [];
  holder[property] = made;
  return made;
}

/** Empties a slot, and removes parents without content: "objects are never empty" (json.html). */
export function removeSlot({ holder, property, index, parent }: PatchSlot): void {
  for (const name of [property, besideOf(property)]) {
    const value = holder[name];
    if (index !== undefined && Array.isArray(value)) {
      value.splice(index, 1);
      if (value.length > 0 && !(name !== property && value.every((one) => one === null))) continue;
    }
    delete holder[name];
  }
  if (parent === undefined || Object.keys(holder).length > 0) return;
  if (isPrimitiveType(parent.type)) clearBeside(parent);
  else removeSlot(parent);
}

function clearBeside({ holder, property, index }: PatchSlot): void {
  const beside = holder[besideOf(property)];
  if (index !== undefined && Array.isArray(beside)) {
    beside[index] = null;
    if (beside.some((one) => one !== null)) return;
  }
  delete holder[besideOf(property)];
}
