/**
 * Reads a resource from its XML (http://hl7.org/fhir/R4/xml.html) into the trees that JSON gives, so that everything
 * after this step is the same. It is strict: it must know every element, in its namespace and in its order; nothing is
 * empty; no text stands between elements.
 */
import type { Body } from '../fhir/body.ts';
import { bodyOf, JSON_LIMITS, type JsonLimits } from '../fhir/json.ts';
import type { Resource } from '../fhir/types.ts';
import { RESOURCE_TYPE_NAMES } from '../resources/validation/structure.ts';
import { readAttribute } from './characters.ts';
import { layoutOf, type Layout, type LayoutSlot } from './layout.ts';
import {
  FHIR,
  isDeclaration,
  namespaceOf,
  OUTERMOST,
  scopeWithin,
  XHTML,
  type NamespaceScope,
} from './namespaces.ts';
import { readXmlValue } from './primitive.ts';
import { refuseXml, tellName } from './refuse.ts';
import { createScanner, nextToken, type OpenTag, type Scanner } from './scan.ts';
import { closes, readXhtml } from './xhtml.ts';

/** A member of a storing tree. */
type Tree = Record<string, unknown>;

interface Reader {
  readonly scanner: Scanner;
  readonly limits: JsonLimits;
  /** Whether a number's literal was kept, so that the two trees differ. */
  kept: boolean;
}

/** An element whose start tag has been read. */
interface Opened {
  readonly tag: OpenTag;
  /** The namespace scope inside the element. */
  readonly scope: NamespaceScope;
  /** The depth of its object in JSON. */
  readonly level: number;
}

/**
 * Reads a resource.
 *
 * @throws OperationOutcomeError `xml-invalid` for a text that is no FHIR XML, `structure-invalid` for elements and
 * values that the type does not have; each names line and column
 */
export function decodeXml(text: string, limits: JsonLimits = JSON_LIMITS): Body {
  const scanner = createScanner(text);
  const tag = nextElement(scanner, undefined);
  if (tag === undefined) refuseXml(scanner, 'there is no element');
  const reader: Reader = { scanner, limits, kept: false };
  const scope = scopeWithin(scanner, OUTERMOST, tag);
  const resource = readResource(reader, { tag, scope, level: 1 });
  if (nextElement(scanner, undefined) !== undefined)
    refuseXml(scanner, 'a second element stands after the resource');
  return reader.kept ? bodyOf(resource) : { plain: resource, storing: resource };
}

function readResource(reader: Reader, opened: Opened): Resource {
  const { scanner } = reader;
  const { name } = opened.tag;
  checkNamespace(scanner, opened, FHIR);
  if (!RESOURCE_TYPE_NAMES.has(name))
    refuseXml(scanner, `${tellName('element', name)} is not a resource of R4`);
  const outermost = scanner.path.length === 0;
  if (outermost) scanner.path.push(name);
  const tree: Tree = { resourceType: name };
  readStructure(reader, opened, name, tree);
  if (outermost) scanner.path.pop();
  return tree as unknown as Resource; // it has its resourceType
}

/** Reads the attributes and children of a structure into its tree. */
function readStructure(reader: Reader, opened: Opened, type: string, tree: Tree): void {
  const { scanner, limits } = reader;
  if (opened.level > limits.depth)
    refuseXml(scanner, `elements are nested deeper than ${limits.depth} levels`);
  const layout = layoutOf(type);
  readAttributes(scanner, opened.tag, layout.attributes, tree);
  let last: LayoutSlot | undefined;
  let list: List | undefined;
  for (
    let child = nextElement(scanner, opened.tag);
    child !== undefined;
    child = nextElement(scanner, opened.tag)
  ) {
    const slot = findSlot(scanner, layout, child, last);
    if (slot !== last) {
      if (list !== undefined) putList(tree, list);
      list = slot.list ? { name: slot.name, values: [], besides: [] } : undefined;
    }
    last = slot;
    scanner.path.push(slot.name);
    const scope = scopeWithin(scanner, opened.scope, child);
    const inner = { tag: child, scope, level: opened.level + (slot.list ? 2 : 1) };
    checkNamespace(scanner, inner, slot.kind === 'xhtml' ? XHTML : FHIR);
    const [value, beside] = readElement(reader, inner, slot, opened.scope);
    scanner.path.pop();
    if (list === undefined) put(tree, slot.name, value, beside);
    else {
      list.values.push(value ?? null);
      list.besides.push(beside ?? null);
    }
  }
  if (list !== undefined) putList(tree, list);
}

/**
 * The members of a list, collected as they come; `null` fills an absent one
 * (http://hl7.org/fhir/R4/json.html#primitive).
 */
interface List {
  readonly name: string;
  readonly values: unknown[];
  readonly besides: unknown[];
}

const isThere = (member: unknown): boolean => member !== null;

function putList(tree: Tree, { name, values, besides }: List): void {
  put(tree, name, values.some(isThere) ? values : undefined, besides.some(isThere) ? besides : undefined);
}

/** A value, and the member `_name` that stands beside it in JSON. */
type Pair = readonly [value: unknown, beside: Tree | undefined];

function readElement(
  reader: Reader,
  opened: Opened,
  { kind, code }: LayoutSlot,
  around: NamespaceScope,
): Pair {
  switch (kind) {
    case 'xhtml':
      return [readXhtml(reader.scanner, opened.tag, around), undefined];
    case 'primitive':
      return readPrimitive(reader, opened, code);
    case 'resource':
      return [readHeldResource(reader, opened), undefined];
    default: {
      const tree: Tree = {};
      readStructure(reader, opened, code, tree);
      if (isEmpty(tree)) refuseXml(reader.scanner, EMPTY);
      return [tree, undefined];
    }
  }
}

const EMPTY = 'it has neither a value nor children; an element that is there is never empty';

/**
 * Reads a primitive. The value is an attribute; id and extensions stand beside it in JSON
 * (http://hl7.org/fhir/R4/xml.html).
 */
function readPrimitive(reader: Reader, opened: Opened, code: string): Pair {
  const { attributes, empty } = opened.tag;
  const [first, ...others] = attributes;
  // Nearly all primitives are like this.
  if (empty && first?.name === 'value' && others.length === 0)
    return [valueOf(reader, code, first.raw), undefined];
  const { raw } = attributes.find(({ name }) => name === 'value') ?? {};
  const value = raw === undefined ? undefined : valueOf(reader, code, raw);
  const tag = { ...opened.tag, attributes: attributes.filter(({ name }) => name !== 'value') };
  const beside: Tree = {};
  readStructure(reader, { ...opened, tag }, 'Element', beside);
  if (!isEmpty(beside)) return [value, beside];
  return value === undefined ? refuseXml(reader.scanner, EMPTY) : [value, undefined];
}

/**
 * Reads a value.
 *
 * @throws OperationOutcomeError `structure-invalid` when the text is no value of that type
 */
function valueOf(reader: Reader, code: string, raw: string): unknown {
  const value = readXmlValue(code, textOf(reader.scanner, raw));
  if (value === undefined) refuseXml(reader.scanner, `the value is not of type ${code}`, 'structure-invalid');
  reader.kept ||= typeof value === 'object';
  return value;
}

/** Reads `contained`, `Bundle.entry.resource` and the like: an element around exactly one resource. */
function readHeldResource(reader: Reader, { tag, scope, level }: Opened): Resource {
  const { scanner } = reader;
  readAttributes(scanner, tag, NO_ATTRIBUTES, {});
  const child = nextElement(scanner, tag);
  if (child === undefined) return refuseXml(scanner, 'a resource is expected inside');
  const resource = readResource(reader, { tag: child, scope: scopeWithin(scanner, scope, child), level });
  if (nextElement(scanner, tag) !== undefined) refuseXml(scanner, 'only one resource may stand inside');
  return resource;
}

const NO_ATTRIBUTES: ReadonlySet<string> = new Set();

function readAttributes(
  scanner: Scanner,
  { attributes }: OpenTag,
  known: ReadonlySet<string>,
  tree: Tree,
): void {
  for (const { name, raw } of attributes) {
    if (known.has(name)) tree[name] = textOf(scanner, raw);
    else if (!isDeclaration(name))
      refuseXml(scanner, `${tellName('attribute', name)} is unknown`, 'structure-invalid');
  }
}

/** "Attributes can never be empty. Either they are absent, or they are present with at least one character of non-whitespace content." */
function textOf(scanner: Scanner, raw: string): string {
  const text = readAttribute(raw);
  if (text === undefined || !/\S/.test(text))
    return refuseXml(scanner, 'an attribute that is there is never empty');
  return text;
}

/**
 * The place of a child in its structure. The structure must know the child, in its order, and only once unless it
 * repeats.
 */
function findSlot(
  scanner: Scanner,
  { slots }: Layout,
  { name }: OpenTag,
  last: LayoutSlot | undefined,
): LayoutSlot {
  const slot = slots.get(name);
  if (slot === undefined)
    return refuseXml(scanner, `${tellName('element', name)} is unknown`, 'structure-invalid');
  if (last === undefined || slot.order > last.order || (slot === last && slot.list)) return slot;
  if (slot.order < last.order) refuseXml(scanner, `${slot.name} must stand before ${last.name}`);
  return refuseXml(scanner, `${slot.name} may stand here once, and with one type`, 'structure-invalid');
}

function checkNamespace(scanner: Scanner, { tag, scope }: Opened, wanted: string): void {
  const found = namespaceOf(scanner, scope, tag.prefix);
  if (found !== wanted)
    refuseXml(scanner, `${tellName('element', tag.name)} must be of the namespace ${wanted}`);
}

/** The next child of an element, after comments and blanks; undefined at the end of the element, or of the text. */
function nextElement(scanner: Scanner, parent: OpenTag | undefined): OpenTag | undefined {
  if (parent?.empty === true) return undefined;
  for (;;) {
    const token = nextToken(scanner);
    switch (token.kind) {
      case 'open':
        return token;
      case 'close':
        if (parent !== undefined && closes(token, parent)) return undefined;
        return refuseXml(scanner, 'the closing tag fits no opening one');
      case 'end':
        return parent === undefined ? undefined : refuseXml(scanner, 'the text ends inside an element');
      case 'comment':
        break;
      default:
        if (token.kind === 'cdata' || /[^ \t\n]/.test(token.content))
          refuseXml(scanner, 'text may not stand between elements; values are attributes');
    }
  }
}

const isEmpty = (tree: Tree): boolean => Object.keys(tree).length === 0;

function put(tree: Tree, name: string, value: unknown, beside: unknown): void {
  if (value !== undefined) tree[name] = value;
  if (beside !== undefined) tree[`_${name}`] = beside;
}
