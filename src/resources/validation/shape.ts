/**
 * Checks of a structure that a JSON Schema cannot express well: required elements that may be primitives without a
 * value, choices, lists whose members stand in two properties, and that nothing is empty (ele-1).
 */
import { INVARIANTS, type Tree } from './invariants.ts';
import { addFinding, addMissing, type ValidationRun } from './run.ts';
import { hasExtensions } from './schema.ts';
import { elementsOfType, propertiesOf, RESOURCE_TYPE_NAMES, type Element } from './structure.ts';

/** Makes the check of a type. It reports to the run, at the place of the value. */
export function makeShapeCheck(type: string): (run: ValidationRun, value: Tree, place: string) => void {
  const elements = elementsOfType(type);
  const required = elements
    .filter(({ min }) => min > 0)
    .map((element) => [element.name, valueNames(element)] as const);
  const choices = elements.filter(({ choice }) => choice).map((element) => choiceOf(element));
  const lists = elements.filter(isPrimitiveList).map(({ name }) => name);
  const primitives = new Set(elements.flatMap(primitiveNames));
  const invariants = INVARIANTS[type] ?? [];
  const isResource = RESOURCE_TYPE_NAMES.has(type);
  return (run, value, place) => {
    if (!isResource) {
      if (isEmpty(value, type)) return addFinding(run, place, EMPTY, 'invariant');
      // An ElementDefinition is both in the snapshot and in the differential, with its id.
      if (value['id'] !== undefined && type !== 'ElementDefinition') run.ids.push({ id: value['id'], place });
    }
    for (const [name, names] of required) {
      if (!names.some((each) => value[each] !== undefined))
        addMissing(run, `${place}/${name}`, `${type} needs it`);
    }
    for (const choice of choices) checkChoice(run, value, place, choice);
    for (const name of lists) checkList(run, value, place, name);
    for (const name in value) {
      if (name.startsWith('_') && primitives.has(name.slice(1))) checkExtensions(run, value, place, name);
    }
    for (const { key, says, holds } of invariants) {
      const check = () => holds(value) || addFinding(run, place, `${says} (${key})`, 'invariant');
      run.later.push({ within: place, check });
    }
  };
}

const EMPTY = 'it has neither a value nor children; leave it out (ele-1)';

/** An element with only an id is empty; beside a primitive (`_birthDate`) that depends on the value. */
function isEmpty(value: Tree, type: string): boolean {
  return type === PRIMITIVE ? Object.keys(value).length === 0 : hasIdAlone(value);
}

/**
 * The type of the object beside a primitive's value: its id and extensions
 * (http://hl7.org/fhir/R4/json.html#primitive).
 */
const PRIMITIVE = 'Element';

function hasIdAlone(value: object): boolean {
  for (const name in value) if (name !== 'id') return false;
  return true;
}

/** An id names a value, so there must be one. */
function checkExtensions(run: ValidationRun, value: Tree, place: string, name: string): void {
  const extensions = value[name];
  if (typeof extensions !== 'object' || extensions === null || Array.isArray(extensions)) return;
  if (value[name.slice(1)] === undefined && 'id' in extensions && hasIdAlone(extensions))
    addFinding(run, `${place}/${name}`, EMPTY, 'invariant');
}

/** The properties by which an element is present. */
function valueNames(element: Element): readonly string[] {
  return propertiesOf(element).flatMap(([name, type]) => (hasExtensions(type) ? [name, `_${name}`] : [name]));
}

/** The properties that may have another one beside them for id and extensions. */
const primitiveNames = (element: Element): readonly string[] =>
  propertiesOf(element).flatMap(([name, type]) => (hasExtensions(type) ? [name] : []));

interface Choice {
  readonly name: string;
  /** The name before the type. */
  readonly names: ReadonlySet<string>;
}

function choiceOf(element: Element): Choice {
  return { name: element.name, names: new Set(propertiesOf(element).map(([name]) => name)) };
}

/** At most one type of a choice; a primitive and its extensions are one. */
function checkChoice(run: ValidationRun, value: Tree, place: string, { name, names }: Choice): void {
  const found: string[] = [];
  for (const property in value) {
    const plain = property.startsWith('_') ? property.slice(1) : property;
    if (names.has(plain) && !found.includes(plain)) found.push(plain);
  }
  if (found.length > 1)
    addFinding(run, `${place}/${name}`, `only one of ${found.join(' and ')} may be there`);
}

function isPrimitiveList({ max, types }: Element): boolean {
  return max > 1 && types.every(hasExtensions);
}

const NONE: readonly unknown[] = [];

/** Checks that every member has a value or extensions; `null` stands for an absent one. */
function checkList(run: ValidationRun, value: Tree, place: string, name: string): void {
  const { [name]: values = NONE, [`_${name}`]: extensions = NONE } = value;
  if (!Array.isArray(values) || !Array.isArray(extensions)) return; // the schema says so
  if (extensions === NONE && !values.includes(null)) return;
  if ((values.length === 0 && values !== NONE) || (extensions.length === 0 && extensions !== NONE)) return; // it does
  for (let index = 0; index < Math.max(values.length, extensions.length); index += 1) {
    const [member, beside] = [values[index] ?? null, (extensions[index] ?? null) as object | null]; // the schema says so
    if (member !== null || (beside !== null && !hasIdAlone(beside))) continue;
    addFinding(run, `${place}/${name}/${index}`, 'null may stand only where the other list has a value');
  }
}
