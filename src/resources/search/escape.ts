/** Separators and escapes in search values (http://hl7.org/fhir/R4/search.html#escaping). */

const ESCAPABLE: ReadonlySet<string> = new Set([',', '|', '$', '\\']);

/** The pieces between unescaped separators, still escaped. Undefined when a backslash escapes nothing. */
export function splitEscaped(text: string, separator: ',' | '|' | '$'): readonly string[] | undefined {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') {
      if (!ESCAPABLE.has(text[at + 1] ?? '')) return undefined;
      at += 1;
    } else if (text[at] === separator) {
      pieces.push(text.slice(from, at));
      from = at + 1;
    }
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** The text of an escaped piece. */
export const unescape = (piece: string): string =>
  piece.includes('\\') ? piece.replaceAll(/\\([,|$\\])/g, '$1') : piece;

/** A text escaped so that it is one value, and one part of a token. */
export const escape = (text: string): string =>
  SPECIAL.test(text) ? text.replaceAll(/[,|$\\]/g, String.raw`\$&`) : text;

const SPECIAL = /[,|$\\]/;
