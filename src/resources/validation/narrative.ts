/**
 * The human-readable part of a resource (http://hl7.org/fhir/R4/narrative.html; txt-1, txt-2): one XHTML `div` with the
 * elements and attributes of HL7's schema (`xhtml-table.ts`). It may contain nothing active: no script, no handlers, no
 * address that runs one. The check leaves the meaning of styles to the reader.
 */
import { ENTITIES } from '../../fhir/xhtml-entities.ts';
import { XHTML_ADDRESSES, XHTML_ATTRIBUTES } from './xhtml-table.ts';

const NAMESPACE = 'http://www.w3.org/1999/xhtml';
const TOKEN =
  /<!--(?:(?!--)[\s\S])*-->|<!\[CDATA\[(?<cdata>(?:(?!\]\]>)[\s\S])*)\]\]>|<\/(?<closed>[a-z][a-z0-9]*)\s*>|<(?<opened>[A-Za-z][\w:.-]*)(?<attributes>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,64})\s*(?<empty>\/?)>|(?<text>[^<]+)/y;
const ATTRIBUTE = /(?<name>[\w:.-]+)\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')/g;

/** The fault of a text as a narrative, in words that name the element; undefined when it is sound. */
export function faultOfNarrative(xhtml: string): string | undefined {
  const body = xhtml.trim();
  if (NO_XML.test(body)) return 'it holds a character that XML forbids';
  if (!isDiv(body)) return `it begins with no div of the namespace ${NAMESPACE}`;
  const open: string[] = [];
  let content = false;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < body.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(body)?.groups;
    if (token === undefined) return NOT_WELL_FORMED;
    if (at > 0 && open.length === 0) return 'it goes on after its div';
    const { opened, closed, attributes = '', empty, text, cdata } = token;
    if (closed !== undefined && open.pop() !== closed) return NOT_WELL_FORMED;
    const fault = opened === undefined ? faultOfText(text) : faultOfElement(opened, attributes);
    if (fault !== undefined) return fault;
    if (opened !== undefined && empty === '') open.push(opened);
    content ||= opened === 'img' || /\S/.test(text ?? cdata ?? '');
  }
  if (open.length > 0) return NOT_WELL_FORMED;
  return content ? undefined : 'it has no content (txt-2)';
}

const NOT_WELL_FORMED = 'it is not well-formed XHTML';

/** Characters that XML forbids. The narrative is XML, even inside JSON. */
// oxlint-disable-next-line no-control-regex -- these are the characters that are looked for
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** The outermost element is a div in the namespace of XHTML. */
function isDiv(body: string): boolean {
  TOKEN.lastIndex = 0;
  const { opened, attributes = '' } = TOKEN.exec(body)?.groups ?? {};
  return opened === 'div' && attributesOf(attributes).some(([name]) => name === 'xmlns');
}

/** The end of a CDATA section, or an ampersand that begins no reference to a character. */
function faultOfText(text: string | undefined): string | undefined {
  return text !== undefined && (text.includes(']]>') || resolve(text) === undefined)
    ? NOT_WELL_FORMED
    : undefined;
}

type Attribute = readonly [name: string, value: string];

const attributesOf = (text: string): readonly Attribute[] =>
  [...text.matchAll(ATTRIBUTE)].map(({ groups = {} }) => {
    const { name = '', double, single } = groups as Readonly<Record<string, string | undefined>>; // one quote or the other
    return [name, double ?? single ?? ''];
  });

function faultOfElement(element: string, text: string): string | undefined {
  const allowed = XHTML_ATTRIBUTES.get(element);
  if (allowed === undefined) return `${tell('element', element)} may not stand in it (txt-1)`;
  const attributes = attributesOf(text);
  if (new Set(attributes.map(([name]) => name)).size < attributes.length) return NOT_WELL_FORMED;
  for (const [name, written] of attributes) {
    const value = resolve(written);
    if (value === undefined) return NOT_WELL_FORMED;
    if (name === 'xmlns' ? value !== NAMESPACE : !name.startsWith('xmlns:') && !allowed.has(name))
      return `${element} may not have ${tell('attribute', name)} (txt-1)`;
    if (XHTML_ADDRESSES.has(name) && isActive(name, value))
      return `the address in the ${name} of ${element} may not be one that runs a script (txt-1)`;
  }
  return undefined;
}

/** Names that a fault may quote; any other text may name a patient. */
const tell = (what: string, name: string): string =>
  /^[A-Za-z][A-Za-z0-9:-]{0,31}$/.test(name) ? `the ${what} ${name}` : `an ${what} of this name`;

/** Readers skip blanks and control characters in the scheme of an address. */
// oxlint-disable-next-line no-control-regex -- these are the characters that are passed over
const PASSED_OVER = /[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028-\u202f\ufeff]/g;
const RUNS = /^(?:javascript|vbscript|livescript|mocha):/i;
/** Data that a reader would open as a page, which may contain scripts. */
const PAGE =
  /^data:(?:image\/(?!svg)|audio\/|video\/|text\/plain[;,]|text\/csv[;,]|application\/(?:pdf|json|octet-stream)[;,])/i;

function isActive(attribute: string, value: string): boolean {
  const address = value.replaceAll(PASSED_OVER, '');
  if (RUNS.test(address)) return true;
  // An image runs nothing.
  const isPicture = attribute === 'src' && /^data:image\//i.test(address);
  return /^data:/i.test(address) && !isPicture && !PAGE.test(address);
}

const REFERENCE = /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{0,15}));|&/g;
const XML_ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text with its character references resolved; undefined when one names no character. */
function resolve(text: string): string | undefined {
  if (!text.includes('&')) return text;
  let sound = true;
  const resolved = text.replaceAll(REFERENCE, (_all, decimal?: string, hex?: string, name?: string) => {
    const code = name === undefined ? Number(decimal ?? `0x${hex ?? ''}`) : ENTITIES.get(name);
    const character =
      name === undefined || !Object.hasOwn(XML_ENTITIES, name) ? characterOf(code) : XML_ENTITIES[name];
    sound &&= character !== undefined;
    return character ?? '';
  });
  return sound ? resolved : undefined;
}

function characterOf(code: number | undefined): string | undefined {
  if (code === undefined || !(code > 0 && code <= 0x10ffff)) return undefined;
  const character = String.fromCodePoint(code);
  return NO_XML.test(character) || !character.isWellFormed() ? undefined : character;
}
