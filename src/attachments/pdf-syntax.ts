/** How PDF is written (ISO 32000-1, 7.2, 7.3), as far as it is looked at: names, gaps, strings, dictionaries. */

/** A name, each letter as itself or as `#` and two digits (ISO 32000-1, 7.3.5). */
export const nameSource = (name: string): string =>
  name
    .split('')
    .map((letter) => {
      const code = letter.charCodeAt(0).toString(16);
      const digits = code
        .split('')
        .map((digit) => `[${digit}${digit.toUpperCase()}]`)
        .join('');
      return `(?:${letter}|#${digits})`;
    })
    .join('');

/** What may follow a name: nothing, blanks, or a delimiter. */
const END = String.raw`(?=[\u0000\t\n\f\r ()<>[\]{}/%]|$)`;

/** Finds one of some names. */
export const named = (names: readonly string[], flags = ''): RegExp =>
  new RegExp(`/(?:${names.map(nameSource).join('|')})${END}`, flags);

/** Blanks and comments, which may stand between any two words. */
const GAPS = /^(?:[\s\0]+|%[^\r\n]*(?:[\r\n]|$))+/;
const GAP = String.raw`(?:[\s\u0000]|%[^\r\n]{0,1000}[\r\n])`;

/** A text without the blanks and comments before it. */
export const afterGaps = (text: string): string => text.replace(GAPS, '');

const REFERENCE = new RegExp(String.raw`^(\d{1,10})${GAP}{1,100}\d{1,5}${GAP}{1,100}R`);

/** The number of the object to which a value refers; undefined where it says something itself. */
export const numberReferred = (value: string): string | undefined => REFERENCE.exec(value)?.[1];

/**
 * The array or dictionary that a text begins with, without what its strings and comments say: none of that is a name.
 *
 * @returns undefined where it does not end within the text
 */
export function wholeOf(text: string): string | undefined {
  const kept: string[] = [];
  let depth = 0;
  for (let at = 0; at < text.length;) {
    const string = stringEnd(text, at);
    if (string === undefined) return undefined;
    if (string > at) {
      kept.push('()');
      at = string;
      continue;
    }
    const mark = text.slice(at, at + 2);
    const length = mark === '<<' || mark === '>>' ? 2 : 1;
    depth += DEPTHS[mark] ?? DEPTHS[mark.charAt(0)] ?? 0;
    kept.push(text.slice(at, at + length));
    at += length;
    if (depth <= 0) return kept.join('');
  }
  return undefined;
}

const DEPTHS: Readonly<Record<string, number>> = { '<<': 1, '>>': -1, '[': 1, ']': -1 };

/** Where a string or a comment ends that begins here; here, where none does; undefined, where it does not end. */
function stringEnd(text: string, from: number): number | undefined {
  if (text[from] === '%') {
    const end = text.slice(from).search(/[\r\n]/);
    return end === -1 ? undefined : from + end;
  }
  if (text[from] !== '(') return from;
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return undefined;
}
