/** The characters of XML 1.0 (https://www.w3.org/TR/xml/#charsets), and the escapes of those that are markup. */

// oxlint-disable-next-line no-control-regex -- these are the characters that are looked for
const NO_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const NO_CHARACTERS = new RegExp(NO_CHARACTER, 'g');

/** The offset of the first character that no XML text may hold, even escaped; -1 when there is none. */
export const findNoCharacter = (text: string): number => text.search(NO_CHARACTER);

/** Whether XML can hold a text at all. */
export const isExpressible = (text: string): boolean => !NO_CHARACTER.test(text) && text.isWellFormed();

/** The text with U+FFFD for each character that XML cannot hold, half of a pair among them. */
export const printable = (text: string): string => text.replaceAll(NO_CHARACTERS, '\ufffd').toWellFormed();

const MARKED = /[&<>"\t\n\r]/;

/**
 * The text of an attribute for a value. Blanks other than spaces become references, because a reader would turn them
 * into spaces (https://www.w3.org/TR/xml/#AVNormalize).
 */
export function escapeAttribute(value: string): string {
  return MARKED.test(value) ? value.replaceAll(/[&<>"\t\n\r]/g, (mark) => MARKS[mark] ?? mark) : value;
}

const MARKS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** The text between tags for the content of a CDATA section. */
export const escapeXmlText = (text: string): string =>
  text.replaceAll(/[&<>]/g, (mark) => MARKS[mark] ?? mark);

/** The only entities of a document without a DOCTYPE. */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const REFERENCE = /&(?:#(?<decimal>\d{1,7})|#x(?<hex>[0-9A-Fa-f]{1,6})|(?<name>amp|lt|gt|quot|apos));/y;

/**
 * The value of an attribute's text: references resolved, blanks turned into spaces.
 *
 * @returns undefined when an ampersand begins no reference, or a reference that names no character
 */
export function readAttribute(raw: string): string | undefined {
  const text = /[\t\n]/.test(raw) ? raw.replaceAll(/[\t\n]/g, ' ') : raw;
  let at = text.indexOf('&');
  if (at < 0) return text;
  let value = '';
  let from = 0;
  for (; at >= 0; at = text.indexOf('&', from)) {
    const character = characterAt(text, at);
    if (character === undefined) return undefined;
    value += text.slice(from, at) + character;
    from = REFERENCE.lastIndex;
  }
  return value + text.slice(from);
}

/** Whether every ampersand of a text begins a reference to a character. */
export function hasSoundReferences(text: string): boolean {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    if (characterAt(text, at) === undefined) return false;
  }
  return true;
}

/** The character of the reference at an offset. Leaves `REFERENCE.lastIndex` behind the reference. */
function characterAt(text: string, at: number): string | undefined {
  REFERENCE.lastIndex = at;
  const { decimal, hex, name } = REFERENCE.exec(text)?.groups ?? {};
  if (name !== undefined) return ENTITIES[name];
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  if (!(code <= 0x10ffff)) return undefined;
  const character = String.fromCodePoint(code);
  return isExpressible(character) ? character : undefined;
}
