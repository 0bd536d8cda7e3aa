/**
 * The human-readable part of a resource (http://hl7.org/fhir/R4/narrative.html; txt-1, txt-2): one XHTML `div` with the
 * formatting of HTML 4.0 chapters 7–11 and 15, links and pictures. Nothing that acts: no script, no form, no handlers.
 */

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const ELEMENTS = words(
  'a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 ' +
    'h4 h5 h6 hr i img ins kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var',
);

const ATTRIBUTES = words(
  'abbr accesskey align alt axis border cellpadding cellspacing char charoff cite class colspan compact coords datetime ' +
    'dir frame headers height href hspace id lang longdesc name nowrap rowspan rules scope shape span src start style ' +
    'summary tabindex title type usemap valign value vspace width xml:lang xml:space xmlns',
);

const NAMESPACE = 'http://www.w3.org/1999/xhtml';
const TOKEN =
  /<!--(?:(?!--)[\s\S])*-->|<\/(?<closed>[a-z][a-z0-9]*)\s*>|<(?<opened>[a-z][a-z0-9]*)(?<attributes>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,64})\s*(?<empty>\/?)>|(?<text>[^<]+)/y;
const ATTRIBUTE = /(?<name>[\w:.-]+)\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')/g;

/** Whether a text is such a `div`. */
export function isNarrative(xhtml: string): boolean {
  const body = xhtml.trim();
  if (NO_XML.test(body)) return false;
  const open: string[] = [];
  let content = false;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < body.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(body)?.groups;
    if (token === undefined || (at > 0 && open.length === 0)) return false;
    const { opened, closed, attributes = '', empty, text } = token;
    if (closed !== undefined && open.pop() !== closed) return false;
    if (opened !== undefined && !isAllowed(opened, attributes)) return false;
    if (opened !== undefined && empty === '') open.push(opened);
    if (text !== undefined && STRAY.test(text)) return false;
    content ||= opened === 'img' || /\S/.test(text ?? '');
  }
  return content && open.length === 0 && isDiv(body);
}

/** The end of a CDATA section, and characters that XML forbids: the narrative is XML, also where JSON holds it. */
// oxlint-disable-next-line no-control-regex -- these are the characters that are looked for
const NO_XML = /\]\]>|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** An ampersand that begins no entity. */
const STRAY = /&(?!(?:[A-Za-z][A-Za-z0-9]*|#\d+|#x[0-9A-Fa-f]+);)/;

/** The outermost element is a div in the namespace of XHTML. */
function isDiv(body: string): boolean {
  const { opened, attributes = '' } = firstToken(body);
  return opened === 'div' && [...attributes.matchAll(ATTRIBUTE)].some(({ groups }) => isNamespace(groups));
}

function firstToken(body: string): { readonly opened?: string; readonly attributes?: string } {
  TOKEN.lastIndex = 0;
  return TOKEN.exec(body)?.groups ?? {};
}

function isNamespace(groups: Record<string, string> | undefined): boolean {
  return groups?.['name'] === 'xmlns' && (groups['double'] ?? groups['single']) === NAMESPACE;
}

function isAllowed(element: string, attributes: string): boolean {
  if (!ELEMENTS.has(element)) return false;
  const names = [...attributes.matchAll(ATTRIBUTE)].map(({ groups }) => groups?.['name']);
  if (new Set(names).size < names.length) return false;
  return [...attributes.matchAll(ATTRIBUTE)].every(({ groups = {} }) => {
    const { name = '', double, single } = groups as Readonly<Record<string, string | undefined>>; // one quote or the other
    const value = double ?? single ?? '';
    if (!ATTRIBUTES.has(name) || STRAY.test(value)) return false;
    return ADDRESSES.has(name) ? PASSIVE.test(value) : name !== 'style' || !FETCHES.test(value);
  });
}

const ADDRESSES = words('cite href longdesc src usemap');

/** A relative address, or one of a scheme that runs nothing. An entity before the colon could hide another scheme. */
const PASSIVE =
  /^(?:(?:https?|ftp|mailto|tel|urn|cid):|data:\s*image\/(?:png|jpeg|gif)[;,]|[^:&/?#]*(?:[/?#]|$))/i;

/** A style that brings in something from outside; an entity or escape could hide it. */
const FETCHES = /url\s*\((?!\s*data:\s*image\/(?:png|jpeg|gif)[;,])|expression|@import|[&\\]/i;
