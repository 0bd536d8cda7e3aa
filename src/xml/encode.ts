/**
 * Writes a resource as XML (http://hl7.org/fhir/R4/xml.html): the elements in the order of the table, values in
 * attributes, ids and extensions of primitives inside their elements. It refuses what XML cannot hold, and never leaves
 * it out.
 */
import type { Resource } from '../fhir/types.ts';
import { RESOURCE_TYPE_NAMES } from '../resources/validation/structure.ts';
import { escapeAttribute, isExpressible } from './characters.ts';
import { layoutOf, type Layout, type LayoutSlot } from './layout.ts';
import { FHIR } from './namespaces.ts';
import { writeValue } from './primitive.ts';
import { refuseToWrite } from './refuse.ts';
import { writeXhtml } from './xhtml.ts';

export interface Shown {
  /** Whether to indent, with each element on a line of its own. */
  readonly pretty?: boolean;
}

/** The state of writing: the text so far, and the place. */
interface Writer {
  text: string;
  readonly pretty: boolean;
  /** The elements around the current place. */
  readonly path: string[];
}

type Tree = Readonly<Record<string, unknown>>;

export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

/**
 * The XML of a resource.
 *
 * @param storing the tree whose numbers have their literals
 * @throws OperationOutcomeError `xml-inexpressible`
 */
export function encodeXml(storing: Resource, { pretty = false }: Shown = {}): string {
  const writer = createWriter(pretty);
  writeResource(writer, storing, ` xmlns="${FHIR}"`);
  return writer.text;
}

export const createWriter = (pretty: boolean): Writer => ({ text: DECLARATION, pretty, path: [] });

/**
 * Writes a resource.
 *
 * @param declaration the namespace of the outermost element; empty inside
 */
function writeResource(writer: Writer, resource: unknown, declaration = ''): void {
  if (!isTree(resource)) refuseToWrite(writer.path, 'a resource is expected');
  const { resourceType } = resource;
  if (typeof resourceType !== 'string' || !RESOURCE_TYPE_NAMES.has(resourceType))
    return refuseToWrite(writer.path, 'this is not a resource of R4');
  writeStructure(writer, resourceType, layoutOf(resourceType), resource, declaration);
}

/**
 * Writes a Bundle whose entries come one by one, so that memory holds only one at a time. They stand where the table
 * has them.
 */
export function writeBundle(writer: Writer, around: unknown, entries: Iterable<unknown>): void {
  if (!isTree(around)) refuseToWrite(writer.path, 'a Bundle is expected');
  const layout = layoutOf('Bundle');
  const entry = layout.slots.get('entry');
  if (entry === undefined) throw new Error('the table has no Bundle.entry');
  const children = childrenOf(writer, 'Bundle', layout, around);
  const later = children.findIndex(({ slot }) => slot.order > entry.order);
  const split = later < 0 ? children.length : later;
  line(writer, `<Bundle xmlns="${FHIR}">`);
  writer.path.push('Bundle');
  for (const { slot, value, beside } of children.slice(0, split)) writeChild(writer, slot, value, beside);
  for (const each of entries) writeOne(writer, entry, each, undefined);
  for (const { slot, value, beside } of children.slice(split)) writeChild(writer, slot, value, beside);
  writer.path.pop();
  line(writer, '</Bundle>');
}

/** Writes an element with its attributes and children. */
function writeStructure(writer: Writer, name: string, layout: Layout, tree: Tree, attributes = ''): void {
  const { path } = writer;
  const children = childrenOf(writer, name, layout, tree);
  const own = `${attributes}${attributesOf(writer, name, layout, tree)}`;
  if (children.length === 0) return line(writer, `<${name}${own}/>`);
  line(writer, `<${name}${own}>`);
  path.push(name);
  for (const { slot, value, beside } of children) writeChild(writer, slot, value, beside);
  path.pop();
  line(writer, `</${name}>`);
}

/** An element to write; `beside` is the member `_name` of JSON. */
interface Child {
  readonly slot: LayoutSlot;
  readonly value: unknown;
  readonly beside: unknown;
}

/** The children in the order of the table. */
function childrenOf(
  { path }: Writer,
  parent: string,
  { slots, apart }: Layout,
  tree: Tree,
): readonly Child[] {
  const children: Child[] = [];
  let last = -1;
  let ordered = true;
  for (const property in tree) {
    if (apart.has(property)) continue;
    const beside = property.startsWith('_');
    const name = beside ? property.slice(1) : property;
    const slot = slots.get(name);
    if (slot === undefined)
      return refuseToWrite([...path, parent], 'it has an element that R4 does not know');
    if (beside && slot.kind !== 'primitive') return refuseToWrite([...path, parent, name], NO_PRIMITIVE);
    if (beside && tree[name] !== undefined) continue; // written with its value
    ordered &&= last <= slot.order;
    last = slot.order;
    const extras = slot.kind === 'primitive' ? tree[beside ? property : `_${name}`] : undefined;
    children.push({ slot, value: beside ? undefined : tree[name], beside: extras });
  }
  return ordered ? children : children.toSorted((one, other) => one.slot.order - other.slot.order);
}

const NO_PRIMITIVE = 'only a primitive has something beside it';

function attributesOf({ path }: Writer, parent: string, { attributes }: Layout, tree: Tree): string {
  let text = '';
  for (const name of attributes) {
    const value = tree[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || value === '' || !isExpressible(value))
      return refuseToWrite([...path, parent, name], NO_VALUE);
    text += ` ${name}="${escapeAttribute(value)}"`;
  }
  return text;
}

const NO_VALUE = 'the value cannot be said in XML';

function writeChild(writer: Writer, slot: LayoutSlot, value: unknown, beside: unknown): void {
  if (!slot.list) return writeOne(writer, slot, value, beside);
  const [values, besides] = [listOf(writer, slot, value), listOf(writer, slot, beside)];
  for (let index = 0; index < Math.max(values.length, besides.length); index += 1)
    writeOne(writer, slot, values[index] ?? undefined, besides[index] ?? undefined);
}

function listOf({ path }: Writer, { name }: LayoutSlot, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : refuseToWrite([...path, name], 'a list is expected');
}

function writeOne(writer: Writer, slot: LayoutSlot, value: unknown, beside: unknown): void {
  const { name, kind, code } = slot;
  if (kind === 'primitive') return writePrimitive(writer, slot, value, beside);
  if (kind === 'xhtml') return line(writer, writeXhtml(String(value), [...writer.path, name]));
  if (!isTree(value)) return refuseToWrite([...writer.path, name], 'an element is expected');
  if (kind === 'structure') return writeStructure(writer, name, layoutOf(code), value);
  line(writer, `<${name}>`);
  writer.path.push(name);
  writeResource(writer, value);
  writer.path.pop();
  line(writer, `</${name}>`);
}

const ELEMENT = 'Element';

function writePrimitive(writer: Writer, { name, code }: LayoutSlot, value: unknown, beside: unknown): void {
  const text = value === undefined ? undefined : writeValue(code, value);
  if (value !== undefined && text === undefined) refuseToWrite([...writer.path, name], NO_VALUE);
  const attribute = text === undefined ? '' : ` value="${text}"`;
  if (beside === undefined && text !== undefined) return line(writer, `<${name}${attribute}/>`);
  if (!isTree(beside)) return refuseToWrite([...writer.path, name], 'it has neither a value nor extensions');
  writeStructure(writer, name, layoutOf(ELEMENT), beside, attribute);
}

/** Adds a piece, on an indented line of its own when the caller asked for that. */
function line(writer: Writer, piece: string): void {
  writer.text += writer.pretty ? `\n${'  '.repeat(writer.path.length)}${piece}` : piece;
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
