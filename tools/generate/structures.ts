/**
 * What each R4 type is made of, one row per element. A type is a resource, a datatype, or an inner structure of either
 * (`Task.input`). A row reads `name min..max types [#value-set]`:
 *
 *     status 1..1 code #task-status
 *     requester 0..1 Reference(Device,Organization,Patient)
 *     deceased[x] 0..1 boolean|dateTime
 *     low 0..1 Quantity(SimpleQuantity)
 *     id 0..1 @string               (@: an attribute, which has no extensions)
 *
 * The first row of a type names the one whose elements it has as well: `:DomainResource`.
 */
import {
  isPublished,
  readElements,
  readStructures,
  writeTable,
  type ElementDefinition,
  type StructureDefinition,
} from './definitions.ts';
import { keyOf } from './value-sets.ts';

export function generateStructures(): string {
  const rows = new Map<string, string[]>();
  const published = readElements();
  for (const definition of [...readStructures('profiles-types'), ...readStructures('profiles-resources')]) {
    if (definition.kind === 'primitive-type' || definition.derivation === 'constraint') continue;
    addType(rows, definition, published);
  }
  return writeTable(new Map([...rows].filter(([, elements]) => elements.length > 0)));
}

type Published = ReadonlyMap<string, ElementDefinition>;

function addType(rows: Map<string, string[]>, definition: StructureDefinition, published: Published): void {
  const { type, baseDefinition } = definition;
  const snapshot = definition.snapshot?.element.slice(1) ?? [];
  rows.set(type, baseDefinition === undefined ? [] : [`:${lastPart(baseDefinition)}`]);
  const own = snapshot.filter((element) => isOwn(element) && isR4(element, snapshot, published));
  const replaced = [...published].filter(
    ([path]) => path.startsWith(`${type}.`) && !snapshot.some((each) => each.path === path),
  );
  const all = [...own, ...replaced.map(([, element]) => element).filter(isOwn)];
  for (const element of inOrder(all, published))
    addElement(rows, asPublished(element, definition, published));
}

/** In the order of R4, which XML asks for: what it published stands in its own order, all else where it is. */
function inOrder(elements: readonly ElementDefinition[], published: Published): readonly ElementDefinition[] {
  const places = new Map([...published.keys()].map((path, at) => [path, at]));
  const placeOf = ({ path }: ElementDefinition): number => places.get(path) ?? 0;
  const ordered = elements.filter(({ path }) => places.has(path)).toSorted((a, b) => placeOf(a) - placeOf(b));
  let next = 0;
  return elements.map((element) => (places.has(element.path) ? (ordered[next++] ?? element) : element));
}

/** Not inherited: the path at which the element was first defined is its own. */
function isOwn(element: ElementDefinition): boolean {
  return (element.base?.path ?? element.path) === element.path;
}

/** A leaf is R4's when R4 published it; a repetition of a structure is when its parent is. */
function isR4(element: ElementDefinition, all: readonly ElementDefinition[], published: Published): boolean {
  const { path, contentReference } = element;
  if (contentReference !== undefined) return isR4Structure(parentOf(path), all, published);
  return isStructure(element) ? isR4Structure(path, all, published) : isPublished(path, published);
}

/** When any leaf in it is; one of repetitions alone (`TestScript.test.action`) when its parent is. */
function isR4Structure(path: string, all: readonly ElementDefinition[], published: Published): boolean {
  const leaves = all.filter(
    (each) =>
      each.path.startsWith(`${path}.`) &&
      isOwn(each) &&
      each.contentReference === undefined &&
      !isStructure(each),
  );
  if (leaves.length > 0) return leaves.some((each) => isPublished(each.path, published));
  return path.includes('.') && isR4Structure(parentOf(path), all, published);
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));

/** Resources say what R4 published; datatypes were left as they are, but published under the name of a constraint. */
function asPublished(
  element: ElementDefinition,
  { kind }: StructureDefinition,
  published: Published,
): ElementDefinition {
  return kind === 'resource' ? (published.get(element.path) ?? element) : element;
}

function addElement(rows: Map<string, string[]>, element: ElementDefinition): void {
  const { path } = element;
  if (isStructure(element)) rows.set(path, [`:${element.type?.[0]?.code}`]);
  const binding = element.binding?.strength === 'required' ? ` #${keyOf(element.binding.valueSet)}` : '';
  const row = `${lastPart(path, '.')} ${element.min}..${element.max} ${typesOf(element)}${binding}`;
  const parent = rows.get(parentOf(path));
  if (parent === undefined) throw new Error(`${path} has no parent`);
  parent.push(row);
}

function isStructure({ type, contentReference }: ElementDefinition): boolean {
  const code = type?.[0]?.code;
  return contentReference === undefined && (code === 'BackboneElement' || code === 'Element');
}

function typesOf(element: ElementDefinition): string {
  if (element.contentReference !== undefined) return element.contentReference.replace('#', '');
  if (isStructure(element)) return element.path;
  return (element.type ?? []).map((type) => `${codeOf(element, type.code)}${targetsOf(type)}`).join('|');
}

/** FHIRPath's own strings are XML attributes: they carry no extensions. */
function codeOf({ path }: ElementDefinition, code: string): string {
  if (!code.startsWith('http://hl7.org/fhirpath/System.')) return code;
  return ATTRIBUTES[path] ?? '@string';
}

/** What the specification's pages say of these attributes; the definitions say only that they are strings. */
const ATTRIBUTES: Readonly<Record<string, string>> = { 'Resource.id': '@id', 'Extension.url': '@uri' };

/** To what a Reference may point; of what kind a Quantity must be. */
function targetsOf({ code, profile = [], targetProfile = [] }: ElementType): string {
  const named = { Reference: targetProfile, Quantity: profile }[code] ?? [];
  const targets = named.map((canonical) => lastPart(canonical)).toSorted();
  return targets.length === 0 || targets.includes('Resource') ? '' : `(${targets.join(',')})`;
}

type ElementType = NonNullable<ElementDefinition['type']>[number];

function lastPart(text: string, separator = '/'): string {
  return text.slice(text.lastIndexOf(separator) + 1);
}
