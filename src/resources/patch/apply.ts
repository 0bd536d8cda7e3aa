/**
 * FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html): operations on the storing tree of a resource, whose decimals keep
 * their literals. What each must select stands at its function; whether the outcome is a valid resource is asked later, as
 * of every write.
 */
import { plainOf } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/types.ts';
import { FhirPathFault, type FhirPath, type Located } from '../fhirpath.ts';
import type { Element } from '../validation/structure.ts';
import { PatchFault, readOperation, type GivenValue, type PatchOperation } from './read.ts';
import {
  besideOf,
  elementNamed,
  insideOf,
  openInside,
  propertyIn,
  removeSlot,
  slotAt,
  typeInside,
  type Json,
  type Slot,
} from './slot.ts';
import { append, contentFor, insertAt, put } from './value.ts';

/** Operations of one patch at most. */
export const PATCH_OPERATIONS_MAX = 200;

export type Patched =
  | { readonly tree: Resource }
  /** The first operation that cannot be done. */
  | { readonly wrong: { readonly index: number; readonly says: string } };

/** @param tree a storing tree that nobody else holds: it is changed. @param operations `Parameters.parameter`, storing */
export function patchByFhirPath(tree: Resource, operations: readonly unknown[], fhirPath: FhirPath): Patched {
  const changing = tree as unknown as Json; // it is nobody else's
  for (const [index, operation] of operations.entries()) {
    try {
      const read = readOperation(operation);
      APPLY[read.type](changing, read, fhirPath);
    } catch (error) {
      if (!(error instanceof PatchFault) && !(error instanceof FhirPathFault)) throw error;
      return { wrong: { index, says: error.message } };
    }
  }
  return { tree };
}

type Apply = (tree: Json, operation: PatchOperation, fhirPath: FhirPath) => void;

const APPLY: Readonly<Record<PatchOperation['type'], Apply>> = {
  add: applyAdd,
  insert: applyInsert,
  delete: applyDelete,
  replace: applyReplace,
  move: applyMove,
};

/** "Add can be used for non-repeating elements as long as they do not already exist." */
function applyAdd(tree: Json, operation: PatchOperation, fhirPath: FhirPath): void {
  const { name } = operation;
  const slot = slotOfOne(tree, operation, fhirPath);
  const element = elementOf(typeInside(tree, slot), name);
  const content = contentFor(element, name, valueOf(operation));
  const inside = insideOf(tree, slot);
  if (element.max > 1) append(openInside(tree, slot), content);
  else if (inside !== undefined && propertyIn(inside, element) !== undefined) {
    throw new PatchFault(`${element.name} is there already`);
  } else put(openInside(tree, slot), content);
}

/** "The index … must be equal or less than the number of elements in the list." */
function applyInsert(tree: Json, operation: PatchOperation, fhirPath: FhirPath): void {
  const { index } = operation;
  const { holder, element } = collectionOf(tree, operation, fhirPath);
  const content = contentFor(element, element.name, valueOf(operation));
  if (index > lengthOf(holder, content.property))
    throw new PatchFault('its index is beyond the end of the list');
  insertAt(holder, content, index);
}

/** "Path of the element to delete (if found). Only a single element can be deleted." */
function applyDelete(tree: Json, { path }: PatchOperation, fhirPath: FhirPath): void {
  const found = locate(tree, path, fhirPath);
  if (found.length === 0) return;
  if (found.length > 1) throw new PatchFault('its path selects several elements');
  removeSlot(slotOf(tree, found[0]));
}

function applyReplace(tree: Json, operation: PatchOperation, fhirPath: FhirPath): void {
  const slot = slotOfOne(tree, operation, fhirPath);
  if (slot === undefined) throw new PatchFault('the resource as a whole cannot be replaced');
  const { holder, property, index, element } = slot;
  const content = contentFor(element, element.name, valueOf(operation));
  if (index === undefined) {
    // A property that stays keeps its place among the others.
    if (property !== content.property || content.value === undefined) delete holder[property];
    delete holder[besideOf(property)];
    put(holder, content);
  } else {
    takeOut(holder, property, index);
    insertAt(holder, content, index);
  }
}

/** "Move an element within a single list." */
function applyMove(tree: Json, operation: PatchOperation, fhirPath: FhirPath): void {
  const { source, destination } = operation;
  const { holder, element } = collectionOf(tree, operation, fhirPath);
  const length = lengthOf(holder, element.name);
  if (source >= length || destination >= length) throw new PatchFault('its places are not both in the list');
  const [value, beside] = takeOut(holder, element.name, source);
  insertAt(holder, { property: element.name, value, beside: beside ?? undefined }, destination);
}

const lengthOf = (holder: Json, property: string): number => {
  const list = holder[property];
  return Array.isArray(list) ? list.length : 0;
};

/** Takes a member out of a list and out of the list beside it; empty lists are left, to be filled again. */
function takeOut(holder: Json, property: string, index: number): readonly [value: unknown, beside: unknown] {
  const [list, besides] = [holder[property], holder[besideOf(property)]];
  const [value] = Array.isArray(list) ? (list.splice(index, 1) as unknown[]) : [];
  const [beside] = Array.isArray(besides) ? (besides.splice(index, 1) as unknown[]) : [];
  if (Array.isArray(besides) && besides.every((one) => one === null)) delete holder[besideOf(property)];
  return [value, beside];
}

function valueOf({ value }: PatchOperation): GivenValue {
  if (value === undefined) throw new PatchFault('it needs a value');
  return value;
}

// — what a path selects

function locate(tree: Json, path: string, fhirPath: FhirPath): readonly Located[] {
  const found = fhirPath.compile(path).locate(plainOf(tree));
  if (found === undefined) throw new PatchFault('its path selects what is no element of the resource');
  return found;
}

/** The one element that a path selects; undefined for the resource itself. */
function slotOfOne(tree: Json, { path }: PatchOperation, fhirPath: FhirPath): Slot | undefined {
  const found = locate(tree, path, fhirPath);
  if (found.length !== 1) {
    throw new PatchFault(`its path selects ${found.length === 0 ? 'nothing' : 'several elements'}`);
  }
  return found[0]?.path.length === 0 ? undefined : slotOf(tree, found[0]);
}

function slotOf(tree: Json, located: Located | undefined): Slot {
  const slot = located === undefined ? undefined : slotAt(tree, located.path);
  if (slot === undefined) throw new PatchFault('its path selects what cannot be patched');
  return slot;
}

function elementOf(type: string, name: string): Element {
  const element = elementNamed(type, name);
  if (element === undefined) throw new PatchFault('there is no element of that name at its path');
  return element;
}

interface Collection {
  readonly holder: Json;
  readonly element: Element;
}

/** The list that a path selects, all of it. */
function collectionOf(tree: Json, { path }: PatchOperation, fhirPath: FhirPath): Collection {
  const found = locate(tree, path, fhirPath);
  if (found.length === 0) return emptyCollection(tree, path, fhirPath);
  const slots = found.map((one) => slotOf(tree, one));
  const [first] = slots;
  const { holder, property, element } = first ?? slotOf(tree, undefined);
  const isOneList = slots.every((slot) => slot.holder === holder && slot.property === property);
  if (element.max <= 1) throw new PatchFault('its path selects no list');
  if (!isOneList || slots.length !== lengthOf(holder, property)) {
    throw new PatchFault('its path selects something else than one whole list');
  }
  return { holder, element };
}

/** The path of a list without members selects nothing; its last name is read by itself: `Patient.name`. */
const LAST_NAME = /^(?:(?<before>.+)\.)?(?<name>[A-Za-z]\w*)$/s;

function emptyCollection(tree: Json, path: string, fhirPath: FhirPath): Collection {
  const { before, name = '' } = LAST_NAME.exec(path.trim())?.groups ?? {};
  const found = before === undefined ? [{ path: [], type: undefined }] : locate(tree, before, fhirPath);
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) throw new PatchFault('its path selects nothing');
  const slot = only.path.length === 0 ? undefined : slotOf(tree, only);
  const element = elementOf(typeInside(tree, slot), name);
  if (element.max <= 1) throw new PatchFault('its path selects no list');
  return { holder: openInside(tree, slot), element };
}
