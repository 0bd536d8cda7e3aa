/**
 * The words of a text for full text search (http://hl7.org/fhir/R4/search.html#content; R4 leaves their definition to
 * the server): runs of letters and digits, without case and accents.
 */
import { cutText, foldText } from './fold.ts';

/** The number of code points of a word that count. */
const WORD_MAX = 64;

/** The least number of characters of a beginning of a word: fewer would match half of all words. */
export const STEM_MIN = 2;

const WORD = /[\p{L}\p{N}]+/gu;

/** The words in their order. */
export function wordsOf(text: string): readonly string[] {
  const words = foldText(text).match(WORD) ?? [];
  return words.some((word) => word.length > WORD_MAX)
    ? words.map((word) => cutText(word, WORD_MAX))
    : [...words];
}
