/**
 * How strings are compared in a search: "insensitive to casing and included combining characters, like accents"
 * (http://hl7.org/fhir/R4/search.html#string). Runs of white space count as one space, a ligature or a wide letter as what
 * it is made of, and a letter with a stroke as the letter without.
 */

const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** Folded text: two words that a reader would call the same fold to the same text. Folding twice changes nothing. */
export function foldText(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  // Upper case splits letters that lower case keeps together (ß to ss, the ligatures); the capital ẞ splits only from
  // its small letter.
  const bare = stripMarks(stripMarks(text).toLowerCase().toUpperCase()).toLowerCase();
  const letters = stripMarks(bare).replaceAll(STROKES, (letter) => BARE[letter] ?? letter);
  return letters.replaceAll(/\s+/gu, ' ').trim();
}

/** Letters that Unicode does not decompose although a reader takes them apart. */
const BARE: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
};
const STROKES = /[æœøłđðþħŧıς]/g;

/** Combining marks, and characters that only lay out a line. */
const stripMarks = (text: string): string => text.normalize('NFKD').replaceAll(/[\p{M}\p{Cf}]+/gu, '');

/** The first `max` code points of a text; never cuts a surrogate pair. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (let count = 0; count < max && end < text.length; count += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}
