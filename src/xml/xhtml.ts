/**
 * The narrative (http://hl7.org/fhir/R4/narrative.html): in JSON a string that holds an XHTML `div`, in XML that `div`
 * itself. The server copies it as written, with comments and references. It changes only what depends on the
 * surroundings: prefixes, CDATA sections, and HTML's entities, which XML does not know without a DOCTYPE.
 */
import { escapeXmlText, hasSoundReferences } from './characters.ts';
import { ENTITIES } from '../fhir/xhtml-entities.ts';
import {
  isDeclaration,
  namespaceOf,
  OUTERMOST,
  scopeWithin,
  XHTML,
  type NamespaceScope,
} from './namespaces.ts';
import { refuseXml, refuseToWrite } from './refuse.ts';
import { createScanner, nextToken, type CloseTag, type OpenTag, type Scanner } from './scan.ts';

/** The deepest nesting of elements in a narrative. */
const XHTML_DEPTH_MAX = 128;

/**
 * The `div` whose start tag has been read, as the string that JSON has for it. Reads up to its end.
 *
 * @param scope the declarations in force around it
 */
export function readXhtml(scanner: Scanner, div: OpenTag, scope: NamespaceScope): string {
  let xhtml = '';
  const open: { readonly tag: OpenTag; readonly scope: NamespaceScope }[] = [];
  const enter = (tag: OpenTag): void => {
    const within = scopeWithin(scanner, open.at(-1)?.scope ?? scope, tag);
    if (namespaceOf(scanner, within, tag.prefix) !== XHTML)
      refuseXml(scanner, 'a narrative holds XHTML alone');
    xhtml += copyOpen(scanner, tag, open.length === 0);
    if (!tag.empty && open.push({ tag, scope: within }) > XHTML_DEPTH_MAX)
      refuseXml(scanner, `the narrative is nested deeper than ${XHTML_DEPTH_MAX} levels`);
  };
  enter(div);
  while (open.length > 0) {
    const token = nextToken(scanner);
    if (token.kind === 'end') refuseXml(scanner, 'the text ends inside a narrative');
    if (token.kind === 'open') enter(token);
    else if (token.kind === 'close') {
      if (!closes(token, open.pop()?.tag)) refuseXml(scanner, 'the closing tag fits no opening one');
      xhtml += token.prefix === '' ? scanner.text.slice(token.start, token.end) : `</${token.name}>`;
    } else xhtml += token.kind === 'cdata' ? escapeXmlText(token.content) : token.content;
  }
  return xhtml;
}

export const closes = ({ prefix, name }: CloseTag, tag: OpenTag | undefined): boolean =>
  tag?.prefix === prefix && tag.name === name;

/** A tag as written, unless its prefix or its namespace comes from outside. */
function copyOpen(scanner: Scanner, tag: OpenTag, outermost: boolean): string {
  const { prefix, name, attributes, empty, start, end } = tag;
  if (attributes.some((each) => isForeign(each.name)))
    refuseXml(scanner, 'a narrative has no attributes of other namespaces');
  const declares = attributes.some((each) => each.name === 'xmlns');
  if (prefix === '' && (declares || !outermost)) return scanner.text.slice(start, end);
  const kept = attributes
    .filter((each) => !isDeclaration(each.name))
    .map((each) => ` ${scanner.text.slice(each.start, each.end)}`);
  return `<${name}${outermost ? ` xmlns="${XHTML}"` : ''}${kept.join('')}${empty ? '/' : ''}>`;
}

const isForeign = (name: string): boolean => /^(?!xmlns:|xml:)[^:]+:/.test(name);

/**
 * The `div` that XML embeds, from the string of JSON.
 *
 * @throws OperationOutcomeError `xml-inexpressible` when the string is not one well-formed `div` of XHTML
 */
export function writeXhtml(xhtml: string, path: readonly string[]): string {
  try {
    const scanner = createScanner(nameNoEntities(xhtml.trim()));
    const div = nextToken(scanner);
    if (div.kind !== 'open' || div.name !== 'div') refuseXml(scanner, 'it begins with no div');
    const written = readXhtml(scanner, div, OUTERMOST);
    if (nextToken(scanner).kind !== 'end') refuseXml(scanner, 'it goes on after its end');
    return written;
  } catch {
    return refuseToWrite(path, 'the narrative is not well-formed XHTML');
  }
}

const NAMED = /&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);/g;

/** Replaces HTML's entities by numeric references. It leaves comments alone, because they hold no references. */
function nameNoEntities(xhtml: string): string {
  if (hasSoundReferences(xhtml)) return xhtml;
  return xhtml
    .split(/(<!--[\s\S]*?-->)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(NAMED, numberOf)))
    .join('');
}

const numberOf = (reference: string, name: string): string => {
  const code = ENTITIES.get(name);
  return code === undefined ? reference : `&#${code};`;
};
