/**
 * Any XML document as a tree of elements, attributes and text, for vocabularies that no table describes element by
 * element. Comments and processing instructions are skipped; there is no DOCTYPE, so nothing is expanded or fetched.
 */
import { readAttribute } from './characters.ts';
import { decodeXmlBytes } from './encoding.ts';
import { isDeclaration, namespaceOf, OUTERMOST, scopeWithin, type NamespaceScope } from './namespaces.ts';
import { refuseXml } from './refuse.ts';
import { createScanner, nextToken, type OpenTag, type Scanner } from './scan.ts';
import { checkWellFormed } from './well-formed.ts';
import { closes } from './xhtml.ts';

export interface XmlElement {
  /** The local name. */
  readonly name: string;
  /** The namespace; empty where none is declared. */
  readonly namespace: string;
  /** Values by name: an attribute without a prefix by its name, another as `{namespace}name`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
  /** The position among the siblings of its name and namespace, from 1: the step of an XPath. */
  readonly position: number;
}

/** An element, or text with its references resolved. */
export type XmlNode = XmlElement | string;

export interface TreeLimits {
  readonly bytes: number;
  readonly elements: number;
  readonly depth: number;
}

/**
 * Reads a document from its bytes, in whichever of the known encodings they are.
 *
 * @throws OperationOutcomeError `xml-invalid`, for a document past its limits too; `media-type-unsupported` for its encoding
 */
export async function readTree(bytes: Uint8Array, limits: TreeLimits): Promise<XmlElement> {
  const text = decodeXmlBytes(bytes);
  const root = parseXml(text, limits);
  await checkWellFormed(new TextEncoder().encode(text.replace(DECLARATION, '')));
  return root;
}

/** Its encoding is that of the bytes, which are text by now. */
const DECLARATION = /^\ufeff?<\?xml[^>]{0,200}\?>/;

interface Growing {
  readonly tag: OpenTag;
  readonly scope: NamespaceScope;
  readonly element: XmlElement & { readonly children: XmlNode[] };
  readonly counts: Map<string, number>;
}

/**
 * Reads a document from its text.
 *
 * @throws OperationOutcomeError `xml-invalid`
 */
export function parseXml(source: string, limits: TreeLimits): XmlElement {
  const scanner = createScanner(
    source.replace(DECLARATION, (declaration) => ' '.repeat(declaration.length)),
    {
      skipsInstructions: true,
    },
  );
  const open: Growing[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  for (;;) {
    const token = nextToken(scanner);
    const parent = open.at(-1);
    switch (token.kind) {
      case 'open': {
        if (parent === undefined && root !== undefined)
          refuseXml(scanner, 'a second element stands after the document');
        elements += 1;
        if (elements > limits.elements)
          refuseXml(scanner, `a document has at most ${limits.elements} elements`);
        const grown = grow(scanner, token, parent);
        root ??= grown.element;
        if (token.empty) break;
        if (open.push(grown) > limits.depth)
          refuseXml(scanner, `elements are nested deeper than ${limits.depth} levels`);
        break;
      }
      case 'close':
        if (!closes(token, open.pop()?.tag)) refuseXml(scanner, 'the closing tag fits no opening one');
        break;
      case 'end':
        if (open.length > 0) refuseXml(scanner, 'the text ends inside an element');
        return root ?? refuseXml(scanner, 'there is no element');
      case 'comment':
        break;
      default:
        addText(scanner, parent, token.kind === 'cdata' ? token.content : resolved(token.content));
    }
  }
}

function grow(scanner: Scanner, tag: OpenTag, parent: Growing | undefined): Growing {
  const scope = scopeWithin(scanner, parent?.scope ?? OUTERMOST, tag);
  const namespace = namespaceOf(scanner, scope, tag.prefix);
  const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const { name, raw } of tag.attributes) {
    if (isDeclaration(name)) continue;
    const colon = name.indexOf(':');
    const key =
      colon < 0 ? name : `{${namespaceOf(scanner, scope, name.slice(0, colon))}}${name.slice(colon + 1)}`;
    attributes[key] = readAttribute(raw) ?? '';
  }
  const kind = `{${namespace}}${tag.name}`;
  const position = (parent?.counts.get(kind) ?? 0) + 1;
  parent?.counts.set(kind, position);
  const element = { name: tag.name, namespace, attributes, children: [], position };
  parent?.element.children.push(element);
  return { tag, scope, element, counts: new Map() };
}

/** Text, with a run that comments or sections had parted joined again. */
function addText(scanner: Scanner, parent: Growing | undefined, text: string): void {
  if (parent === undefined) {
    if (/[^ \t\n\ufeff]/.test(text)) refuseXml(scanner, 'text stands outside the document');
    return;
  }
  const { children } = parent.element;
  const last = children.at(-1);
  if (typeof last === 'string') children[children.length - 1] = last + text;
  else if (text !== '') children.push(text);
}

/** The references of a text were checked by the scanner. */
const resolved = (text: string): string =>
  text.includes('&')
    ? text.replaceAll(/&[^;]{1,10};/g, (reference) => readAttribute(reference) ?? reference)
    : text;
