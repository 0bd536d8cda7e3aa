/**
 * How strings are compared in a search: "insensitive to casing and included combining characters, like accents"
 * (http://hl7.org/fhir/R4/search.html#string). Runs of white space count as one space.
 */

const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** Folded text: equal for what a reader would call the same word. Folding twice changes nothing. */
export function foldText(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  // Upper case first: it opens what lower case keeps apart (ß and ss, the two small sigmas, the ligatures).
  const bare = stripMarks(stripMarks(text).toUpperCase()).toLowerCase();
  return stripMarks(bare).replaceAll('ς', 'σ').replaceAll(/\s+/gu, ' ').trim();
}

const stripMarks = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}+/gu, '');

/** The first `max` code points: a surrogate pair is never cut. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (let count = 0; count < max && end < text.length; count += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}
