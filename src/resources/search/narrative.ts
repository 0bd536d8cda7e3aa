/**
 * The text of a narrative (http://hl7.org/fhir/R4/narrative.html), without tags and comments, with references to
 * characters resolved. Tags of phrases may stand inside words, all others separate words. The function reads any text
 * in one pass.
 */

/** Elements that may stand in the middle of a word. */
const PHRASES: ReadonlySet<string> = new Set(
  'a abbr acronym b bdo big cite code dfn em font i kbd q s samp small span strike strong sub sup tt u var'.split(
    ' ',
  ),
);

/** "There is no support for HTML entities": XML's own, and `nbsp`, which many write all the same. */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

const CDATA = '<![CDATA[';

const REFERENCE = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{2,8}));/g;

/** The text between the tags of XHTML. */
export function textOfNarrative(xhtml: string): string {
  let text = '';
  let at = 0;
  while (at < xhtml.length) {
    const tag = xhtml.indexOf('<', at);
    if (tag < 0) return text + resolve(xhtml.slice(at));
    text += resolve(xhtml.slice(at, tag));
    if (xhtml.startsWith(CDATA, tag)) {
      at = after(xhtml, ']]>', tag);
      text += xhtml.slice(tag + CDATA.length, xhtml.endsWith(']]>', at) ? at - 3 : at);
      continue;
    }
    const name = /^<\/?([A-Za-z][\w:]*)/.exec(xhtml.slice(tag, tag + 40))?.[1];
    if (name === undefined || !PHRASES.has(name.toLowerCase())) text += ' ';
    at = endOfTag(xhtml, tag);
  }
  return text;
}

/** The offset after the tag or comment that begins here; a tag without an end reaches to the end of the text. */
function endOfTag(xhtml: string, tag: number): number {
  if (xhtml.startsWith('<!--', tag)) return after(xhtml, '-->', tag + 4);
  for (let at = tag + 1; at < xhtml.length; at += 1) {
    const character = xhtml[at];
    if (character === '>') return at + 1;
    if (character === '"' || character === "'") at = after(xhtml, character, at + 1) - 1;
  }
  return xhtml.length;
}

function after(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found + what.length;
}

const resolve = (text: string): string =>
  text.includes('&')
    ? text.replaceAll(REFERENCE, (all: string, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return ENTITIES[name] ?? all;
        const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
        return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
      })
    : text;
