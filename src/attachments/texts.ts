/** Files that are text (baa-messaging MS9): plain, FHIR in JSON or XML, clinical documents; and what a browser would run. */
import { refuseFile, type FileType, type RefusedFile } from './types.ts';

const CDA_NAMESPACE = 'urn:hl7-org:v3';
const FHIR_NAMESPACE = 'http://hl7.org/fhir';

/**
 * How a page begins, as browsers recognise one (WHATWG MIME sniffing 7.1), and SVG; a comment may stand before either, but
 * not before plain text.
 */
const PAGE =
  /^<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|!--)[\s>]/i;

/** How a script for a shell, and a text that a program opens, begin. */
const RUN =
  /^(?:#!|\{\\rtf|%!PS|%FDF|@echo\s|MIME-Version:|Content-Type:\s{0,100}(?:multipart|text\/html)|BEGIN:VC|<\?php|\[InternetShortcut\]|\[Desktop Entry\]|Windows Registry)/i;

// oxlint-disable-next-line no-control-regex -- these are the characters that are looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/;

/** The text of a file, without a mark of its byte order; undefined where it is no text in UTF-8. */
export function textOfFile(bytes: Uint8Array): string | undefined {
  // A program or an image says so early: it is not decoded whole.
  if (bytes.subarray(0, 512).includes(0)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return UNPRINTABLE.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The type of a text. */
export function typeOfText(text: string): FileType | RefusedFile {
  const start = text.trimStart();
  if (RUN.test(start)) return refuseFile('type', 'A file is a script, or a text that a program opens.');
  if (start.startsWith('<?xml') || isElement(start)) return typeOfXml(start);
  if (PAGE.test(start)) return refuseFile('type', 'A file is a page for browsers, or a drawing in SVG.');
  if (start.startsWith('{') && isFhirJson(text)) return 'fhir-json';
  return 'text';
}

/** Whether a text begins with an element that is in a namespace, or with a comment or a DOCTYPE of XML before one. */
const isElement = (start: string): boolean =>
  /^<(?:!DOCTYPE\s{1,100}(?!html)|!--(?:(?!-->)[^]){0,10000}-->\s{0,100}<[\w:.-]{1,200}\s|[\w:.-]{1,200}\s[^<>]{0,4000}xmlns)/.test(
    start,
  );

function isFhirJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    const { resourceType } = value as { readonly resourceType?: unknown };
    return typeof resourceType === 'string' && /^[A-Z][A-Za-z]{1,63}$/.test(resourceType);
  } catch {
    return false;
  }
}

/** Declaration, comments and instructions before the root, one after the other. */
const PROLOG = /^(?:\s+|<\?[^>]{0,2000}\?>|<!--(?:(?!-->)[^]){0,10000}-->)/;
const ROOT = /^<((?:[\w.-]+:)?([\w.-]+))((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*\/?>/;

const ROOT_MAX = 16_384;

/** What a browser that is shown XML runs: a script of any namespace, the handlers of pages, and addresses that are scripts. */
const SCRIPT =
  /<(?:[^\s<>/:"'=]{1,100}:)?(?:script|iframe|object|embed|applet)[\s/>]|<[^\s<>"'/]{1,100}(?:\s+[^\s=<>"']{1,100}\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,100}\s+on[a-z]{3,20}\s{0,50}=|=\s{0,50}["']\s{0,50}(?:java|vb)script\s{0,50}:/i;

/** A style sheet with an address of its own, not one that lies beside the file. */
const FOREIGN_STYLE =
  /<\?xml-stylesheet\s[^>]{0,2000}href\s{0,50}=\s{0,50}["']\s{0,50}(?:[a-z][a-z\d+.-]{0,30}:|[/\\]{2}|#)/i;

/** A text with each character that is written by its number as itself, and without those that addresses ignore. */
export const withoutNumbers = (text: string): string =>
  text
    .replace(/&#(x[\da-f]{1,8}|\d{1,8});/gi, (whole, said: string) => {
      const code = said.startsWith('x') || said.startsWith('X') ? Number(`0${said}`) : Number(said);
      return code > 0x10_ff_ff ? whole : String.fromCodePoint(code);
    })
    .replaceAll(/(?<=\w)[\t\r\n](?=\w)/g, '');

/** XML whose root says that it is a clinical document or a resource. A DOCTYPE is none of a prolog, and so is refused. */
function typeOfXml(text: string): FileType | RefusedFile {
  let rest = text;
  for (let part = PROLOG.exec(rest); part !== null; part = PROLOG.exec(rest))
    rest = rest.slice(part[0].length);
  if (rest.startsWith('<!')) return refuseFile('active-content', 'A file in XML has a DOCTYPE.');
  // A root with more attributes than that is nobody's document.
  const root = ROOT.exec(rest.slice(0, ROOT_MAX));
  if (root === null) return refuseFile('type', 'A file in XML cannot be read.');
  const [, whole = '', local = '', attributes = ''] = root;
  const namespace = namespaceOf(whole, attributes);
  const type = local === 'ClinicalDocument' && namespace === CDA_NAMESPACE ? 'cda' : 'fhir-xml';
  if (type === 'fhir-xml' && namespace !== FHIR_NAMESPACE)
    return refuseFile('type', 'A file in XML is neither a clinical document nor a FHIR resource.');
  if (SCRIPT.test(rest) || SCRIPT.test(withoutNumbers(rest)))
    return refuseFile('active-content', 'A file in XML holds something that a browser runs.');
  if (FOREIGN_STYLE.test(text))
    return refuseFile('active-content', 'A file in XML loads something from elsewhere.');
  return type;
}

/** The namespace of an element, by its prefix. */
function namespaceOf(name: string, attributes: string): string | undefined {
  const prefix = name.includes(':') ? name.slice(0, name.indexOf(':')) : '';
  const declared = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
  for (const [, key, double, single] of attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g))
    if (key === declared) return double ?? single;
  return undefined;
}
