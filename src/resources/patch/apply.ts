/**
 * FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html): applies operations to the storing tree of a resource, whose
 * decimals keep their literals. Each function says what its path must select. Whether the result is a valid resource is
 * checked later, like for every write.
 */
import { plainOf } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/types.ts';
import { FhirPathFault, type FhirPath, type Located } from '../fhirpath.ts';
import type { Element } from '../validation/structure.ts';
import type { Meter } from './meter.ts';
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
  type PatchSlot,
} from './slot.ts';
import { append, contentFor, insertAt, put } from './value.ts';

/** The largest number of operations of one patch. */
export const PATCH_OPERATIONS_MAX = 200;

export type Patched =
  | { readonly tree: Resource }
  /** The first operation that failed. */
  | { readonly wrong: { readonly index: number; readonly says: string } };

/**
 * Applies a patch.
 *
 * @param tree a storing tree that nobody else holds, because it is changed
 * @param operations `Parameters.parameter`, storing
 */
export function patchByFhirPath(
  tree: Resource,
  operations: readonly unknown[],
  fhirPath: FhirPath,
  meter: Meter,
): Patched {
  const changing = tree as unknown as Json; // it is nobody else's
  // Mostly every literal equals its number; then the tree is its own plain tree, even after a change.
  const isPlain = plainOf(changing) === changing && plainOf(operations) === operations;
  const patching: Patching = { tree: changing, isPlain, fhirPath, meter };
  for (const [index, operation] of operations.entries()) {
    try {
      const read = readOperation(operation);
      APPLY[read.type](patching, read);
    } catch (error) {
      if (!(error instanceof PatchFault) && !(error instanceof FhirPathFault)) throw error;
      return { wrong: { index, says: error.message } };
    }
  }
  return { tree };
}

interface Patching {
  readonly tree: Json;
  /** Whether neither the resource nor the patch has a literal that differs from its number. */
  readonly isPlain: boolean;
  readonly fhirPath: FhirPath;
  readonly meter: Meter;
}

type Apply = (patching: Patching, operation: PatchOperation) => void;

const APPLY: Readonly<Record<PatchOperation['type'], Apply>> = {
  add: applyAdd,
  insert: applyInsert,
  delete: applyDelete,
  replace: applyReplace,
  move: applyMove,
};

/** "Add can be used for non-repeating elements as long as they do not already exist." */
function applyAdd(patching: Patching, operation: PatchOperation): void {
  const { tree } = patching;
  const { name } = operation;
  const slot = slotOfOne(patching, operation);
  const element = elementOf(typeInside(tree, slot), name);
  const content = contentFor(element, name, valueOf(operation));
  const inside = insideOf(tree, slot);
  if (element.max > 1) append(openInside(tree, slot), content);
  else if (inside !== undefined && propertyIn(inside, element) !== undefined) {
    throw new PatchFault(`${element.name} is there already`);
  } else put(openInside(tree, slot), content);
}

/** "The index … must be equal or less than the number of elements in the list." */
function applyInsert(patching: Patching, operation: PatchOperation): void {
  const { index } = operation;
  const { holder, element } = collectionOf(patching, operation);
  const content = contentFor(element, element.name, valueOf(operation));
  if (index > lengthOf(holder, content.property))
    throw new PatchFault('its index is beyond the end of the list');
  insertAt(holder, content, index);
}

/** "Path of the element to delete (if found). Only a single element can be deleted." */
function applyDelete(patching: Patching, { path }: PatchOperation): void {
  const { tree, meter } = patching;
  const found = locate(patching, path);
  if (found.length === 0) return;
  if (found.length > 1) throw new PatchFault('its path selects several elements');
  const slot = slotOf(tree, found[0]);
  meter.move(lengthOf(slot.holder, slot.property));
  removeSlot(slot);
}

function applyReplace(patching: Patching, operation: PatchOperation): void {
  const slot = slotOfOne(patching, operation);
  if (slot === undefined) throw new PatchFault('the resource as a whole cannot be replaced');
  const { holder, property, index, element } = slot;
  patching.meter.move(lengthOf(holder, property));
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
function applyMove(patching: Patching, operation: PatchOperation): void {
  const { source, destination } = operation;
  const { holder, element } = collectionOf(patching, operation);
  const length = lengthOf(holder, element.name);
  if (source >= length || destination >= length) throw new PatchFault('its places are not both in the list');
  const [value, beside] = takeOut(holder, element.name, source);
  insertAt(holder, { property: element.name, value, beside: beside ?? undefined }, destination);
}

const lengthOf = (holder: Json, property: string): number => {
  const list = holder[property];
  return Array.isArray(list) ? list.length : 0;
};

/**
 * Takes a member out of a list and out of the list beside it. Leaves empty lists, because the operation may fill them
 * again.
 */
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

// — the elements that a path selects

function locate({ tree, isPlain, fhirPath, meter }: Patching, path: string): readonly Located[] {
  if (!isPlain) meter.carry(tree, 0);
  const spend = (work: number): void => {
    if (!meter.has(work)) throw new FhirPathFault('too-costly', 'the patch takes too many steps');
  };
  const found = fhirPath.compile(path).locate(isPlain ? tree : plainOf(tree), spend);
  if (found === undefined)
    throw new PatchFault('its path selects something that is not an element of the resource');
  return found;
}

/** The one element that a path selects; undefined for the resource itself. */
function slotOfOne(patching: Patching, { path }: PatchOperation): PatchSlot | undefined {
  const found = locate(patching, path);
  if (found.length !== 1) {
    throw new PatchFault(`its path selects ${found.length === 0 ? 'nothing' : 'several elements'}`);
  }
  return found[0]?.path.length === 0 ? undefined : slotOf(patching.tree, found[0]);
}

function slotOf(tree: Json, located: Located | undefined): PatchSlot {
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

/** The whole list that a path selects. */
function collectionOf(patching: Patching, { path }: PatchOperation): Collection {
  const found = locate(patching, path);
  if (found.length === 0) return emptyCollection(patching, path);
  const { tree, meter } = patching;
  meter.spend(found.length);
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

/**
 * Splits off the last name of a path such as `Patient.name`. The path of a list without members selects nothing, so the
 * last name is read by itself.
 */
const LAST_NAME = /^(?:(?<before>.+)\.)?(?<name>[A-Za-z]\w*)$/s;

function emptyCollection(patching: Patching, path: string): Collection {
  const { tree } = patching;
  const { before, name = '' } = LAST_NAME.exec(path.trim())?.groups ?? {};
  const found = before === undefined ? [{ path: [], type: undefined }] : locate(patching, before);
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) throw new PatchFault('its path selects nothing');
  const slot = only.path.length === 0 ? undefined : slotOf(tree, only);
  const element = elementOf(typeInside(tree, slot), name);
  if (element.max <= 1) throw new PatchFault('its path selects no list');
  return { holder: openInside(tree, slot), element };
}
