/**
 * How strings are compared in a search: "insensitive to casing and included combining characters, like accents"
 * (http://hl7.org/fhir/R4/search.html#string). Runs of white space count as one space, a ligature or a wide letter as what
 * it is made of, and a letter with a stroke as the letter without.
 */

const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** Folded text: equal for what a reader would call the same word. Folding twice changes nothing. */
export function foldText(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  // Upper case opens what lower case keeps apart (ß and ss, the ligatures); the capital ẞ opens only from its small letter.
  const bare = stripMarks(stripMarks(text).toLowerCase().toUpperCase()).toLowerCase();
  const letters = stripMarks(bare).replaceAll(STROKES, (letter) => BARE[letter] ?? letter);
  return letters.replaceAll(/\s+/gu, ' ').trim();
}

/** What Unicode does not take apart although a reader does. */
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

/** Marks, and what is there only for the layout of a line. */
const stripMarks = (text: string): string => text.normalize('NFKD').replaceAll(/[\p{M}\p{Cf}]+/gu, '');

/** The first `max` code points: a surrogate pair is never cut. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (let count = 0; count < max && end < text.length; count += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}
