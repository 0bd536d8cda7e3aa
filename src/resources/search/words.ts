/**
 * The words of a text, as full text search knows them (http://hl7.org/fhir/R4/search.html#content; R4 leaves the language
 * of it to the server): runs of letters and digits, without regard to case and accents.
 */
import { cutText, foldText } from '../../fhir/fold.ts';

/** Code points of a word that count. */
const WORD_MAX = 64;

/** Characters of what is searched as the beginning of a word: fewer would be half of all words. */
export const STEM_MIN = 2;

const WORD = /[\p{L}\p{N}]+/gu;

/** The words in their order. */
export function wordsOf(text: string): readonly string[] {
  const words = foldText(text).match(WORD) ?? [];
  return words.some((word) => word.length > WORD_MAX)
    ? words.map((word) => cutText(word, WORD_MAX))
    : [...words];
}
