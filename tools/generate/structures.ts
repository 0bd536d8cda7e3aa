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
  for (const element of own) addElement(rows, asPublished(element, definition, published));
  for (const [, element] of replaced) if (isOwn(element)) addElement(rows, element);
}

/** Not inherited: the path at which the element was first defined is its own. */
function isOwn(element: ElementDefinition): boolean {
  return (element.base?.path ?? element.path) === element.path;
}

/** A leaf is R4's when R4 published it; a structure is when any of its leaves is; a repetition is when its parent is. */
function isR4(element: ElementDefinition, all: readonly ElementDefinition[], published: Published): boolean {
  const { path, contentReference } = element;
  if (contentReference === undefined && !isStructure(element)) return published.has(path);
  const whole = contentReference === undefined ? path : path.slice(0, path.lastIndexOf('.'));
  return all.some((each) => each.path.startsWith(`${whole}.`) && isOwn(each) && published.has(each.path));
}

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
  const parent = rows.get(path.slice(0, path.lastIndexOf('.')));
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
